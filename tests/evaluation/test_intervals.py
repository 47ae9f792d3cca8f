"""Intervals against formulas, and what cannot be measured."""

import numpy as np
import pytest

from tf_fsgd.evaluation.intervals import mean_with_interval, share_with_interval


def test_interval_of_a_share_against_the_normal_approximation():
    flags = np.arange(400) < 160
    share = share_with_interval(flags)
    half = 1.96 * np.sqrt(0.4 * 0.6 / 400)
    assert share["count"] == 400 and share["share"] == 0.4
    assert share["low"] == pytest.approx(0.4 - half, abs=0.01)
    assert share["high"] == pytest.approx(0.4 + half, abs=0.01)
    assert share_with_interval(flags) == share
    assert share_with_interval(flags[:0])["share"] is None


def test_interval_of_a_mean_against_the_normal_approximation():
    values = np.random.default_rng(3).normal(5, 2, 400)
    mean = mean_with_interval(values)
    half = 1.96 * values.std() / 20
    assert mean["count"] == 400
    assert mean["mean"] == pytest.approx(values.mean(), abs=1e-4)
    assert mean["low"] == pytest.approx(values.mean() - half, abs=0.02)
    assert mean["high"] == pytest.approx(values.mean() + half, abs=0.02)


def test_what_was_not_measured_is_left_out_of_a_mean():
    mean = mean_with_interval(np.array([1.0, np.nan, 1.0]))
    assert mean == {"count": 2, "mean": 1.0, "low": 1.0, "high": 1.0}
    nothing = mean_with_interval(np.array([np.nan]))
    assert nothing == {"count": 0, "mean": None, "low": None, "high": None}
