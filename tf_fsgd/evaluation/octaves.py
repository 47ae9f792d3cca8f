"""How much of a change is drawn at each scale: blur and weave made visible in numbers.

A mean error rewards blur: a picture that is right on average and has no hair misses
little. So the change (output minus photo) is split into octaves, and in each the
amplitude of what the network draws is set against that of what the teacher draws on the
same face. 1 is right; below it lies blur, above it weave and grain. It says how much is
drawn, not whether it is drawn in the right place: read it beside LPIPS.

An octave is a difference of two Gaussians (Burt and Adelson 1983, The Laplacian
Pyramid), taken at full size, so that a region of the face can be cut out of it.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

OCTAVES = (1, 2, 4, 8, 16)
"""Their sizes in pixels, about half a period, of a picture of 256 px."""

_SIGMA = 0.7  # of the finest octave's coarser end, in its own pixels


def octave_energies(change: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The energy of changes in each octave, over a region.

    Args:
        change: `[N, R, R, 3]` float, output minus photo, in any unit.
        weights: `[N, R, R]` or `[R, R]` in [0, 1], how far each pixel counts.

    Returns:
        `[N, 5]` float64, sums of squares, finest octave first.
    """
    scale = change.shape[1] / 256
    weights = np.broadcast_to(weights, change.shape[:3])[..., None]
    finer = np.asarray(change, np.float32)
    energies = []
    for octave in OCTAVES:
        sigma = _SIGMA * octave * scale
        coarser = gaussian_filter(change, (0, sigma, sigma, 0), output=np.float32)
        energies.append((weights * np.square(finer - coarser)).sum(axis=(1, 2, 3)))
        finer = coarser
    return np.stack(energies, axis=1).astype(np.float64)


def octave_ratios(
    source: np.ndarray, output: np.ndarray, target: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Amplitude of the change by octave, output over target, of all faces together.

    Args:
        source: `[N, R, R, 3]`, the faces as they were; uint8 or float.
        output: The same, as a network has edited them.
        target: The same, as the teacher has.
        weights: As `octave_energies` takes them.

    Returns:
        `[5]`, roots of the energies' ratios, finest octave first; nan where the teacher
        changes nothing.
    """
    source = source.astype(np.float32)
    ours, theirs = (
        octave_energies(images.astype(np.float32) - source, weights).sum(axis=0)
        for images in (output, target)
    )
    nothing = np.full(len(OCTAVES), np.nan)
    return np.sqrt(np.divide(ours, theirs, out=nothing, where=theirs > 0))


def missing(source: np.ndarray, output: np.ndarray, target: np.ndarray) -> float:
    """Share of the teacher's change that is not there, by L1.

    Sum of |output - target| over sum of |source - target|: 1 for the photo itself, nan
    where the teacher changes nothing. A blurred change scores well: never to be read
    alone.
    """
    source, output, target = (
        images.astype(np.float32) for images in (source, output, target)
    )
    whole = float(np.abs(source - target).sum())
    return float(np.abs(output - target).sum()) / whole if whole else float("nan")
