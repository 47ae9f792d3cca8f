"""Paths between faces: straight or along an arc, in Z or in W, eased.

W is a space where straight lines look right (its path lengths are what StyleGAN2's
regulariser evens out). Half way between two faces, though, a straight line passes
nearer to the mean face than either end, and the face there is as ordinary as under a
stronger truncation; an arc about `w_avg` keeps its distance and so its character.

A z is a direction: the mapping network normalises it first. So in Z both paths pass
through the same faces; the arc at an even speed, the line hurrying through its middle.
"""

import numpy as np

_PARALLEL = 1e-6  # sine of an angle below which two vectors span no plane


def linear(start: np.ndarray, end: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The straight line at even speed: (1 - t) start + t end."""
    times = np.reshape(times, (-1, *[1] * np.ndim(start)))
    return (1 - times) * start + times * end


def spherical(start: np.ndarray, end: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The arc about 0 at an even angular speed (Shoemake 1985, slerp).

    The length goes evenly from that of the start to that of the end. Vectors that span
    no plane, parallel or opposite ones, are joined by the straight line.
    """
    start, end = np.asarray(start, np.float64), np.asarray(end, np.float64)
    length_start = np.linalg.norm(start, axis=-1, keepdims=True)
    length_end = np.linalg.norm(end, axis=-1, keepdims=True)
    times = np.reshape(times, (-1, *[1] * np.ndim(start)))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (start * end).sum(-1, keepdims=True) / (length_start * length_end)
        angle = np.arccos(np.clip(cosine, -1, 1))
        length = (1 - times) * length_start + times * length_end
        weight_start = np.sin((1 - times) * angle) / np.sin(angle) / length_start
        weight_end = np.sin(times * angle) / np.sin(angle) / length_end
        arc = length * (weight_start * start + weight_end * end)
    spans = np.sin(angle) > _PARALLEL  # False for the NaN of a vector without length
    return np.where(spans, arc, linear(start, end, times))


PATHS = {"linear": linear, "spherical": spherical}
"""By name, what joins start and end `[..., D]` at times `[T]`: `[T, ..., D]`."""


def smoothstep(times: np.ndarray) -> np.ndarray:
    """3 t^2 - 2 t^3: sets off and arrives at speed 0, so that a face is dwelt on."""
    return times * times * (3 - 2 * times)


EASES = {"linear": lambda times: times, "smoothstep": smoothstep}
"""By name, what turns even times in [0, 1] into eased ones."""


def interpolate(
    ends: np.ndarray,
    frames: int,
    *,
    path: str = "linear",
    ease: str = "smoothstep",
    loop: bool = True,
    centre: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Latents of a film that visits every end in turn.

    Args:
        ends: `[K, ..., D]`, z, w or ws, K at least 2. Every vector of length D moves
            along a path of its own.
        frames: From one end to the next, the first end counted and the next one not.
        path: Name among `PATHS`.
        ease: Name among `EASES`, applied to every transition.
        loop: Whether to return to the first end. The film then stops one frame short
            of it, so that played again it does not stand still.
        centre: `[D]`, what an arc turns about: `w_avg` in W, 0 in Z.

    Returns:
        `[K * frames, ..., D]` float32 with `loop`, else `[(K - 1) * frames + 1, ...,
        D]`, the last end included. Frame 0, `frames`, ... are the ends exactly.

    Raises:
        ValueError: If there are fewer than two ends, or less than one frame.
    """
    if len(ends) < 2 or frames < 1:
        raise ValueError(
            f"interpolate needs two ends and a frame, received {len(ends)} ends "
            f"and frames={frames}"
        )
    around = np.asarray(ends, np.float64) - centre
    times = EASES[ease](np.arange(frames) / frames)
    visited = [*around, around[0]] if loop else around
    parts = [
        PATHS[path](start, end, times)
        for start, end in zip(visited[:-1], visited[1:], strict=True)
    ]
    if not loop:
        parts.append(around[-1:])
    return (np.concatenate(parts) + centre).astype(np.float32)
