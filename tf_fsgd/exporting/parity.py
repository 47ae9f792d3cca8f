"""How far an exported file is from the Keras model that it was made from."""

import math
import statistics

import numpy as np

from tf_fsgd.exporting.errors import ExportError, PrecisionError

# Largest absolute difference of any pixel, in [-1, 1]; one 8-bit level is 7.8e-3.
BARS = {"saved_model": 1e-3, "fp32": 1e-3, "fp16": 2e-2}
# Smallest PSNR of any image, in dB. Weights of 8 bits move single pixels by more than
# any bar that is of use, and a picture by less than its JPEG.
FLOORS = {"fp16": 45.0, "int8": 38.0, "int8x16": 35.0}

_PEAK = 2.0  # of images in [-1, 1]
_SMALLEST_RMS = 1e-9  # of equal images, so that their PSNR is a number


def difference(reference: np.ndarray, output: np.ndarray) -> dict[str, float]:
    """Compares images of the same shape in [-1, 1].

    Args:
        reference: [N, ...].
        output: [N, ...].

    Returns:
        `max_abs_difference`, `mean_abs_difference`, `psnr_db` over all the images,
        `mean_psnr_db`, the mean of each image's where there is any difference, and
        `worst_psnr_db`, of the image that is furthest off. Equal images are at 186 dB.
    """
    largest, means, squares = [], [], []
    # One by one: all at once, in float64, is gigabytes for a hundred photos.
    for one, other in zip(reference, output, strict=True):
        error = np.abs(np.asarray(one, np.float64) - other)
        largest.append(error.max())
        means.append(error.mean())
        squares.append(np.mean(error**2))
    each = [_psnr(square) for square in squares]
    apart = [psnr for psnr, error in zip(each, largest, strict=True) if error]
    return {
        "max_abs_difference": float(max(largest)),
        "mean_abs_difference": statistics.fmean(means),
        "psnr_db": _psnr(statistics.fmean(squares)),
        "mean_psnr_db": statistics.fmean(apart or each),
        "worst_psnr_db": min(each),
    }


def held_to_bar(
    name: str, reference: np.ndarray, output: np.ndarray
) -> dict[str, float | bool]:
    """Compares as `difference` does and refuses what is too far off.

    Args:
        name: A key of `BARS`, of `FLOORS`, or of both.
        reference: The Keras model's images.
        output: The exported model's images of the same inputs.

    Returns:
        The numbers of `difference`, the `bar` and the `floor_db` as far as there are
        such, and `passed`.

    Raises:
        PrecisionError: If the floor is missed.
        ExportError: If the bar is missed, or any number is not finite.
    """
    if not (np.isfinite(reference).all() and np.isfinite(output).all()):
        raise ExportError(f"{name}: the translator's images are not finite")
    found = difference(reference, output)
    if name in BARS:
        found["bar"] = BARS[name]
        if found["max_abs_difference"] > BARS[name]:
            raise ExportError(
                f"{name}: differs from the Keras model by "
                f"{found['max_abs_difference']:.2e}, allowed are {BARS[name]:.0e}"
            )
    if name in FLOORS:
        found["floor_db"] = FLOORS[name]
        if found["worst_psnr_db"] < FLOORS[name]:
            raise PrecisionError(
                f"{name}: an image is at {found['worst_psnr_db']:.1f} dB PSNR of the "
                f"Keras model's, needed are {FLOORS[name]:.0f}"
            )
    return {**found, "passed": True}


def _psnr(mean_square: float) -> float:
    return 20 * math.log10(_PEAK / max(math.sqrt(mean_square), _SMALLEST_RMS))
