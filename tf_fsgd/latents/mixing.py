"""Style mixing: some rows of W+ from one face, the rest from another.

Karras et al. 2019, section 3.1: the coarse rows (0 to 3) carry pose, the shape of the
face and glasses, the middle ones (4 to 7) features, hair and the eyes' being open, the
rest colours and fine texture.
"""

from collections.abc import Sequence

import numpy as np


def mix(rows: np.ndarray, columns: np.ndarray, layers: Sequence[int]) -> np.ndarray:
    """Every face of `rows` with some rows of W+ from every face of `columns`.

    Args:
        rows: `[R, num_ws, w_dim]`.
        columns: `[C, num_ws, w_dim]`.
        layers: Rows of W+ that come from the column's face, as in NVIDIA's tool.

    Returns:
        `[R, C, num_ws, w_dim]`.
    """
    mixed = np.repeat(rows[:, None], len(columns), axis=1)
    mixed[:, :, layers] = columns[None][:, :, layers]
    return mixed
