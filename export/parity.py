"""How far an exported file is from the Keras model that it was made from."""

import math

import numpy as np

from export.errors import ExportError

# Largest absolute difference of any pixel, in [-1, 1]; one 8-bit level is 7.8e-3.
BARS = {"saved_model": 1e-3, "fp32": 1e-3, "fp16": 2e-2}

_PEAK = 2.0  # of images in [-1, 1]
_SMALLEST_RMS = 1e-9  # of equal images, so that their PSNR is a number


def difference(reference: np.ndarray, output: np.ndarray) -> dict[str, float]:
    """Compares images of the same shape in [-1, 1].

    Returns:
        `max_abs_difference`, `mean_abs_difference`, and `psnr_db` over all the images.
    """
    error = np.abs(reference.astype(np.float64) - output)
    rms = max(math.sqrt(np.mean(error**2)), _SMALLEST_RMS)
    return {
        "max_abs_difference": float(error.max()),
        "mean_abs_difference": float(error.mean()),
        "psnr_db": 20 * math.log10(_PEAK / rms),
    }


def held_to_bar(
    name: str, reference: np.ndarray, output: np.ndarray
) -> dict[str, float | bool]:
    """Compares as `difference` does and refuses what is too far off.

    Args:
        name: A key of `BARS`.
        reference: The Keras model's images.
        output: The exported model's images of the same inputs.

    Returns:
        The numbers of `difference`, the `bar`, and `passed`.

    Raises:
        ExportError: If the bar is missed, or any number is not finite.
    """
    if not (np.isfinite(reference).all() and np.isfinite(output).all()):
        raise ExportError(f"{name}: the translator's images are not finite")
    found = difference(reference, output)
    if found["max_abs_difference"] > BARS[name]:
        raise ExportError(
            f"{name}: differs from the Keras model by "
            f"{found['max_abs_difference']:.2e}, allowed are {BARS[name]:.0e}"
        )
    return {**found, "bar": BARS[name], "passed": True}
