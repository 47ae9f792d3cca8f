"""The frontier: how large an effect is at a given identity, and how certain that is."""

import numpy as np

_RESAMPLES = 400
_PERCENTILES = (2.5, 97.5)


def best_at(identity: np.ndarray, effect: np.ndarray, at: float) -> np.ndarray:
    """The largest effect whose identity is no lower than asked.

    Between strengths both are taken to change along straight lines. A curve that ends
    above the identity asked for gives what it has by its end.

    Args:
        identity: `[1 + S, ...]`, means over faces; 1 at first, where nothing is edited.
        effect: The same shape.
        at: At most 1.

    Returns:
        `[...]`.
    """
    inside = identity >= at
    best = np.where(inside, effect, -np.inf).max(axis=0)
    crosses = inside[:-1] != inside[1:]
    fall = np.where(crosses, identity[:-1] - identity[1:], 1.0)
    share = (identity[:-1] - at) / fall
    there = effect[:-1] + share * (effect[1:] - effect[:-1])
    return np.maximum(best, np.where(crosses, there, -np.inf).max(axis=0))


def frontier_at(
    identity: np.ndarray, effect: np.ndarray, at: float, people: np.ndarray
) -> dict:
    """`best_at` of the means over faces, with a 95 % interval over people.

    Args:
        identity: `[1 + S, N]`, of each face.
        effect: The same.
        at: The identity.
        people: `[N]`: whose face it is. Resampled are people, with all their faces.

    Returns:
        "effect", "low", "high", and "reached": whether the curve goes down to this
        identity at all.
    """
    counts = _resampled(people)
    drawn = [values @ counts / counts.sum(axis=0) for values in (identity, effect)]
    low, high = np.percentile(best_at(*drawn, at), _PERCENTILES)
    means = identity.mean(axis=1), effect.mean(axis=1)
    return {
        "effect": float(best_at(*means, at)),
        "low": float(low),
        "high": float(high),
        "reached": bool(means[0].min() <= at),
    }


def _resampled(people: np.ndarray) -> np.ndarray:
    """How often each face is drawn, `[N, resamples]`, from one seed."""
    who, faces = np.unique(people, return_inverse=True)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(len(who), np.full(len(who), 1 / len(who)), _RESAMPLES)
    return draws.T[faces].astype(np.float64)
