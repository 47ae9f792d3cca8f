"""Whether an edit holds still, and keeps its hands off what stands before the face.

A network that decides by patches of pixels draws something else when a face moves by
one pixel, which flickers in a video; and one that has never seen a hand before a mouth
paints lips on it. Both are measured with the translator alone, no judge is asked.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import binary_erosion

from tf_fsgd.pairs.covers import covered, draw_cover

_BORDER = 16  # a share of the side of one in so many lacks what lies beyond it
_OPAQUE = 250  # of 255: pixels that show nothing of the face
_WINDOW = 7  # pixels that a cover's border spreads over in a network's first layers

Translate = Callable[[np.ndarray], np.ndarray]


def unsteadiness(translate: Translate, faces: np.ndarray) -> float:
    """How far the change moves against the photo when that moves by one pixel.

    Sum of |change of the moved photo - moved change| over sum of |moved change|, both
    away from the border: 0 holds still.

    Args:
        translate: Edits `[N, R, R, 3]` uint8.
        faces: `[N, R, R, 3]` uint8.

    Returns:
        The mean of a pixel down and one to the right; nan where nothing changes.
    """
    border = faces.shape[1] // _BORDER
    inner = slice(border, -border)
    still = _change(translate, faces)
    ratios = []
    for axis in (1, 2):
        change = _change(translate, np.roll(faces, 1, axis))[:, inner, inner]
        expected = np.roll(still, 1, axis)[:, inner, inner]
        whole = np.abs(expected).sum()
        apart = np.abs(change - expected).sum()
        ratios.append(apart / whole if whole else np.nan)
    return float(np.mean(ratios))


def change_of_covers(translate: Translate, faces: np.ndarray) -> float:
    """Mean change, of 255, of pixels that belong to something before the face.

    Args:
        translate: As for `unsteadiness`.
        faces: `[N, R, R, 3]` uint8, each of which gets a cover (`pairs.covers`) of
            draws that no training makes.
    """
    covers = np.stack(
        [
            draw_cover(np.random.default_rng([number, 0, 2]), face)
            for number, face in enumerate(faces)
        ]
    )
    pictures = np.stack(
        [covered(face, cover) for face, cover in zip(faces, covers, strict=True)]
    )
    hidden = binary_erosion(covers[..., 3] >= _OPAQUE, np.ones((1, _WINDOW, _WINDOW)))
    return float(np.abs(_change(translate, pictures))[hidden].mean())


def _change(translate: Translate, faces: np.ndarray) -> np.ndarray:
    return translate(faces).astype(np.float32) - faces
