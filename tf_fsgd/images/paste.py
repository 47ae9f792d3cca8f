"""The way back: what an edit has changed in cut squares, put into the whole photo.

Only the change is brought to the photo's resolution and added. A large photo keeps its
pores and hairs that the translator has never seen, and where nothing was changed it
keeps its pixels.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.photo import bands

_OWN = 8.0  # how sharply two faces divide what lies between them


def paste_changes(
    image: np.ndarray,
    squares: Sequence[np.ndarray],
    before: np.ndarray,
    after: np.ndarray,
    *,
    feather: float = 0.1,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Adds the changes of cut squares to the picture that they were cut from.

    A change fades in from its square's edges, so that no seam shows. Where squares
    overlap, each point follows the face that is nearer, in terms of the face's size.
    What of a square lies outside the picture is dropped.

    Args:
        image: `[H, W, 3]` uint8, the whole picture.
        squares: N times `[4, 2]`, as `alignment.ffhq_square` returns them.
        before: `[N, R, R, 3]` uint8, as `alignment.crop_square` has cut them.
        after: `[N, R, R, 3]` uint8, the same, edited.
        feather: Width of the soft edge as a share of the square's side, 0 to 0.5.
        out: Where the result goes, a new picture if `None`; may be `image` itself,
            which spares the memory of a large one.

    Returns:
        `[H, W, 3]` uint8, `out`; untouched outside the squares.

    Raises:
        UserError: If `feather` is out of range.
    """
    if not 0 <= feather <= 0.5:
        raise UserError(f"feather must be from 0 to 0.5, received {feather}")
    if out is None:
        out = image.copy()
    for i, square in enumerate(squares):
        low = np.maximum(np.floor(square.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(square.max(axis=0)).astype(int), image.shape[1::-1])
        if (high <= low).any():
            continue
        change = after[i].astype(np.float32) - before[i].astype(np.float32)
        rivals = [other for j, other in enumerate(squares) if j != i]
        for rows in bands(high[1] - low[1], high[0] - low[0]):
            top, bottom = low[1] + rows.start, low[1] + rows.stop
            _paste(
                out[top:bottom, low[0] : high[0]],
                change,
                square,
                rivals,
                np.array([low[0], top]),
                np.array([high[0], bottom]),
                feather,
            )
    return out


def _paste(
    region: np.ndarray,
    change: np.ndarray,
    square: np.ndarray,
    rivals: Sequence[np.ndarray],
    low: np.ndarray,
    high: np.ndarray,
    feather: float,
) -> None:
    """Adds the change of one square to a window of the picture, in place."""
    weight = _opacity(square, low, high, feather)
    rivals = [
        other
        for other in rivals
        if (other.min(0) < high).all() and (other.max(0) > low).all()
    ]
    if rivals:
        own = weight * _closeness(square, low, high)
        total = own + sum(
            _opacity(other, low, high, feather) * _closeness(other, low, high)
            for other in rivals
        )
        weight *= np.divide(own, total, out=np.zeros_like(own), where=own > 0)
    for channel in range(3):
        warped = _warped(change[..., channel], square, low, high)
        mixed = region[..., channel] + weight * warped
        region[..., channel] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _shares(
    square: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixel centres of a window lie in the square, in shares of its sides."""
    matrix = _to_square(square).astype(np.float32)
    x = np.arange(low[0], high[0], dtype=np.float32) + 0.5 - square[0, 0]
    y = np.arange(low[1], high[1], dtype=np.float32) + 0.5 - square[0, 1]
    x, y = x.astype(np.float32)[None], y.astype(np.float32)[:, None]
    u, v = (row[0] * x + row[1] * y for row in matrix)
    return u, v


def _opacity(
    square: np.ndarray, low: np.ndarray, high: np.ndarray, feather: float
) -> np.ndarray:
    """1 inside the square, 0 outside, smooth between."""
    u, v = _shares(square, low, high)
    edge = np.minimum(np.minimum(u, 1 - u), np.minimum(v, 1 - v))
    if not feather:
        return (edge > 0).astype(np.float32)
    share = np.clip(edge / np.float32(feather), 0, 1)
    return share * share * (3 - 2 * share)


def _closeness(square: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Falls from 1 at the square's centre, as a Gaussian; never 0."""
    u, v = _shares(square, low, high)
    squared = (2 * u - 1) ** 2 + (2 * v - 1) ** 2
    return np.exp(-_OWN * np.minimum(squared, 8))


def _warped(
    channel: np.ndarray, square: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """One channel of a cut, turned and scaled back into a window of the picture."""
    source = Image.fromarray(channel)
    side = max(1, round(np.hypot(*(square[3] - square[0]))))
    if side < source.width:
        source = source.resize((side, side), Image.Resampling.LANCZOS)
    step = _to_square(square) * source.width
    # PIL adds half a pixel to its coordinates, so that pixel centres meet.
    offset = step @ (low - square[0])
    warped = source.transform(
        (int(high[0] - low[0]), int(high[1] - low[1])),
        Image.Transform.AFFINE,
        (*step[0], offset[0], *step[1], offset[1]),
        Image.Resampling.BICUBIC,
    )
    return np.asarray(warped)


def _to_square(square: np.ndarray) -> np.ndarray:
    """The matrix from pixels, counted from the square's first corner, to shares."""
    return np.linalg.inv(
        np.stack([square[3] - square[0], square[1] - square[0]], axis=1)
    )
