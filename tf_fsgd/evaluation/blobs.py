"""A detector of the black and bright blobs that pix2pixHD is known for.

A blob is a compact round patch, a few per cent of the picture wide, nearly black or
nearly white, that the translator has put where its input had nothing of the kind. It is
found as a connected patch of pixels

1. whose luminance in the output is below `_DARK` or above `_BRIGHT`,
2. that got darker (brighter) than the input by `_CHANGE` or more,
3. of 4 to 20 px across in a picture of 128 px, and about as high as wide,
4. that stands out from the ring around it by `_CONTRAST` or more in the output, and by
   less than half as much in the input.

Hair or a beard that changes colour fails 3, teeth in a new smile and lips fail 3 or 4.
It counts defects; it does not prove their absence, for a blob of middle grey passes.

Calibrated on 267 CelebA test photos (FFHQ framing, 128 px). Of discs of 6 to 20 px
painted in black or white on a smooth patch that contrasts, all were found (of 5 px one
in three, of 4 px none). Of outputs that were the photo after JPEG at quality 20, blur,
noise, brightness or contrast times 1.4 or 1.5, or a shift of 2 px, at most 0.4 in 100
were flagged. Edits that move the eyes further are flagged more often (a zoom by 7 %:
7 in 100).
"""

import numpy as np
from scipy import ndimage

# Luminance in 0..255.
_DARK = 45
_BRIGHT = 215
_CHANGE = 55
_CONTRAST = 55
# Diameters in pixels of a picture of 128, and shares.
_SMALLEST = 4
_LARGEST = 20
_LONGEST = 1.8  # longer side of the bounding box in units of the shorter
_FILLED = 0.6  # share of the bounding box; a disc fills pi / 4
_RING = 3  # width in pixels of a picture of 128

_LUMA = np.array([0.299, 0.587, 0.114])


def find_blobs(
    before: np.ndarray, after: np.ndarray
) -> list[tuple[int, int, int, int]]:
    """Blobs in one output.

    Args:
        before: `[R, R, 3]` uint8, the translator's input.
        after: `[R, R, 3]` uint8, its output.

    Returns:
        A bounding box (left, top, right, bottom; right and bottom excluded) per blob.

    Raises:
        ValueError: If the shapes differ.
    """
    if before.shape != after.shape:
        raise ValueError(
            f"images must have one shape, received {before.shape} and {after.shape}"
        )
    scale = after.shape[0] / 128
    before, after = before @ _LUMA, after @ _LUMA
    change = after - before
    boxes = []
    for patches in (
        (after < _DARK) & (change < -_CHANGE),
        (after > _BRIGHT) & (change > _CHANGE),
    ):
        labels, _ = ndimage.label(patches)
        for number, window in enumerate(ndimage.find_objects(labels), start=1):
            patch = labels[window] == number
            if _is_round(patch, scale) and _stands_out(
                before, after, labels == number, scale
            ):
                rows, columns = window
                boxes.append((columns.start, rows.start, columns.stop, rows.stop))
    return boxes


def _is_round(patch: np.ndarray, scale: float) -> bool:
    shorter, longer = sorted(patch.shape)
    return bool(
        shorter >= _SMALLEST * scale
        and longer <= _LARGEST * scale
        and longer <= _LONGEST * shorter
        and patch.mean() >= _FILLED
    )


def _stands_out(
    before: np.ndarray, after: np.ndarray, patch: np.ndarray, scale: float
) -> bool:
    # A blob's soft rim belongs neither to it nor to what lies around it.
    width = max(1, round(_RING * scale))
    rim = ndimage.binary_dilation(patch, iterations=width)
    ring = ndimage.binary_dilation(rim, iterations=width) & ~rim
    if not ring.any():
        return False
    contrast_after = abs(after[patch].mean() - after[ring].mean())
    contrast_before = abs(before[patch].mean() - before[ring].mean())
    return contrast_after >= _CONTRAST and contrast_before < contrast_after / 2


def count_blobs(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Blobs in each of N outputs.

    Args:
        before, after: `[N, R, R, 3]` uint8.

    Returns:
        `[N]` int.
    """
    pairs = zip(before, after, strict=True)
    return np.array([len(find_blobs(b, a)) for b, a in pairs], int)
