"""From seeds to latents.

A seed is a face: `z_from_seeds` draws each seed's z from a generator of its own, as
NVIDIA's tools do, so that seed 7 is the same person in every command and every batch.
"""

import re
from collections.abc import Iterable

import numpy as np

from tf_fsgd.errors import UserError

MAX_SEED = 2**32 - 1
_RANGE = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?", re.ASCII)
_MOST_NUMBERS = 100_000  # a slip of the finger must not fill the memory
Z_DIM = 512


def z_from_seeds(seeds: Iterable[int], z_dim: int = Z_DIM) -> np.ndarray:
    """Draws a standard normal z for each seed: `[N, z_dim]` float32."""
    draws = [np.random.RandomState(seed).randn(z_dim) for seed in seeds]
    return np.stack(draws).astype(np.float32)


def truncate(w: np.ndarray, w_avg: np.ndarray, psi: float) -> np.ndarray:
    """Pulls w towards the mean face: w_avg + psi (w - w_avg).

    Karras et al. 2019, appendix B: psi below 1 trades variety for quality, psi 1
    changes nothing.
    """
    return w_avg + np.float32(psi) * (w - w_avg)


def broadcast(w: np.ndarray, num_ws: int) -> np.ndarray:
    """Repeats w `[N, w_dim]` for every row of W+: `[N, num_ws, w_dim]`."""
    return np.repeat(w[:, None], num_ws, axis=1)


def parse_seeds(text: str, argument: str) -> list[int]:
    """Reads a list such as `0-15,42`; messages call it `argument`.

    Raises:
        UserError: If the text is no such list, or a seed is above 2**32 - 1.
    """
    return parse_ranges(text, argument, MAX_SEED)


def parse_ranges(text: str, argument: str, largest: int) -> list[int]:
    """Reads numbers and ranges such as `0-15,42`, in the order given.

    Args:
        text: What the user typed.
        argument: Named in messages.
        largest: Allowed number.

    Raises:
        UserError: If the text is no such list, a number is above `largest`, or there
            are more than 100,000.
    """
    numbers = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise UserError(f"{argument} must look like 0-15,42, received {text!r}")
        if last > largest:
            raise UserError(
                f"{argument} must be from 0 to {largest}, received {text!r}"
            )
        if len(numbers) + last - first >= _MOST_NUMBERS:
            raise UserError(
                f"{argument} must name {_MOST_NUMBERS:,} at most, received {text!r}"
            )
        numbers.extend(range(first, last + 1))
    return numbers
