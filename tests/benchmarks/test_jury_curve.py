"""The frontier on curves that a reader can check in his head."""

import numpy as np
import pytest

from benchmarks.jury.curve import best_at, frontier_at

IDENTITY = np.array([1.0, 0.9, 0.8, 0.7])
EFFECT = np.array([0.1, 0.2, 0.4, 0.9])


@pytest.mark.parametrize(
    ("at", "effect"), [(1.0, 0.1), (0.9, 0.2), (0.85, 0.3), (0.75, 0.65), (0.7, 0.9)]
)
def test_effects_lie_on_straight_lines_between_strengths(at, effect):
    assert best_at(IDENTITY, EFFECT, at) == pytest.approx(effect)


def test_beyond_its_end_a_curve_gives_what_it_has():
    assert best_at(IDENTITY, EFFECT, 0.5) == 0.9


def test_an_effect_that_falls_back_is_no_loss():
    # A weaker strength is free to choose, and is more the same person.
    assert best_at(IDENTITY, np.array([0.0, 0.6, 0.2, 0.2]), 0.75) == 0.6


def test_an_identity_that_returns_counts_again():
    identity = np.array([1.0, 0.7, 0.8])
    assert best_at(identity, np.array([0.0, 0.3, 0.5]), 0.75) == pytest.approx(0.5)


def test_many_curves_at_once():
    both = best_at(
        np.stack([IDENTITY, IDENTITY], 1), np.stack([EFFECT, 2 * EFFECT], 1), 0.85
    )
    np.testing.assert_allclose(both, [0.3, 0.6])


def test_the_interval_is_over_people_and_not_over_their_photos():
    # Two people with 50 photos each: one changes wholly, one not at all.
    people = np.repeat([7, 8], 50)
    effect = np.stack([np.zeros(100), np.where(people == 7, 1.0, 0.0)])
    identity = np.stack([np.ones(100), np.full(100, 0.8)])
    row = frontier_at(identity, effect, 0.8, people)
    assert row == pytest.approx({"effect": 0.5, "low": 0, "high": 1, "reached": True})
    alone = frontier_at(identity, effect, 0.8, np.arange(100))
    assert 0.38 < alone["low"] < 0.5 < alone["high"] < 0.62


def test_an_identity_that_no_strength_comes_down_to():
    flat = np.array([[1.0], [0.9]])
    row = frontier_at(flat, np.array([[0.0], [0.4]]), 0.75, np.zeros(1))
    assert (row["effect"], row["reached"]) == (pytest.approx(0.4), False)
