"""Shares and means with 95 % intervals by the bootstrap (Efron 1979).

Percentiles of 2,000 resamples, from one seed, so that a report measured twice is the
same report.
"""

import numpy as np

_RESAMPLES = 2_000
_SEED = 0
_PERCENTILES = (2.5, 97.5)


def share_with_interval(flags: np.ndarray) -> dict:
    """A share and its interval.

    Args:
        flags: `[N]` bool.

    Returns:
        "count" (N), "share", "low" and "high"; the last three are `None` when N is 0. A
        share of 0 or 1 has an interval of no width, which says nothing about certainty.
    """
    count = len(flags)
    if not count:
        return {"count": 0, "share": None, "low": None, "high": None}
    # To draw N flags with replacement and average them is one binomial draw.
    rng = np.random.default_rng(_SEED)
    resampled = rng.binomial(count, np.mean(flags), _RESAMPLES) / count
    return {"count": count, "share": rounded(np.mean(flags)), **_interval(resampled)}


def mean_with_interval(values: np.ndarray) -> dict:
    """A mean and its interval.

    Args:
        values: `[N]` float; nan where something could not be measured, which is left
            out.

    Returns:
        "count" (of what is not nan), "mean", "low" and "high"; the last three are
        `None` when nothing is left.
    """
    values = np.asarray(values, np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        return {"count": 0, "mean": None, "low": None, "high": None}
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, len(values), (_RESAMPLES, len(values)))
    mean, resampled = values.mean(), values[drawn].mean(axis=1)
    return {"count": len(values), "mean": rounded(mean), **_interval(resampled)}


def _interval(resampled: np.ndarray) -> dict:
    low, high = np.percentile(resampled, _PERCENTILES)
    return {"low": rounded(low), "high": rounded(high)}


def rounded(value: float) -> float | None:
    """Four decimals for JSON, which has no nan: that is `None`."""
    return None if np.isnan(value) else round(float(value), 4)
