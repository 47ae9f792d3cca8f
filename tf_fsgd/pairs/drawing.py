"""The teacher's pictures, as pairs store them."""

from collections.abc import Sequence

import numpy as np

from tf_fsgd.images.io import resized, to_uint8
from tf_fsgd.latents.directions import Direction
from tf_fsgd.stylegan2.teacher import Teacher

Axes = Sequence[tuple[Direction, float]]
"""Of each edit the direction and the largest strength, in standard deviations."""


def draw(teacher: Teacher, ws: np.ndarray, resolution: int) -> np.ndarray:
    """One batch of faces.

    Args:
        teacher: Who draws.
        ws: `[N, num_ws, w_dim]`.
        resolution: R, side of a stored picture in pixels.

    Returns:
        `[N, R, R, 3]` uint8.
    """
    # Constant noise: pictures of one family differ by w alone.
    images = teacher.synthesis(
        ws,
        noise_mode="const",
        resolution=drawn_resolution(teacher.resolution, resolution),
    )
    return resized(to_uint8(images), resolution)


def draw_batches(
    teacher: Teacher, ws: np.ndarray, resolution: int, batch_size: int
) -> np.ndarray:
    """As `draw`, of any number of faces, `batch_size` of them at once."""
    batches = range(0, len(ws), batch_size)
    return np.concatenate(
        [draw(teacher, ws[at : at + batch_size], resolution) for at in batches]
    )


def drawn_resolution(full: int, wanted: int) -> int:
    """Side at which a teacher draws faces that are stored at `wanted` pixels.

    That is the teacher's `full` side, halved while it stays even and large enough:
    128 px of 1024 for 128, but also for 100. The teacher halves by exact means, which
    costs it less than the full picture; what is left, below a factor of two, is
    `images.io.resize`'s.
    """
    while full % 2 == 0 and full // 2 >= wanted:
        full //= 2
    return full
