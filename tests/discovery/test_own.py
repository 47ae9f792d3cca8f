"""An attribute of two sets of photos, and the step that brings it alone."""

import numpy as np
import pytest

from tf_fsgd.discovery.own import fit_attribute, shortest_step
from tf_fsgd.errors import UserError


def photos(count, shift, seed):
    """Features of photos: the first 3 of 6 say nothing."""
    features = np.random.default_rng(seed).normal(size=(count, 6))
    return features + np.array([0, 0, 0, shift, shift, 0])


def test_what_tells_photos_apart_is_found_and_tells_others():
    attribute = fit_attribute("freckles", photos(60, 1.5, 0), photos(40, -1.5, 1))
    assert attribute.accuracy > 0.95
    assert np.argsort(-np.abs(attribute.vector))[:2].tolist() in ([3, 4], [4, 3])
    # Of as many as there are of the other kind, whatever their numbers in the fit.
    assert (attribute.scores(photos(500, 1.5, 2)) > 0).mean() > 0.95
    assert (attribute.scores(photos(500, -1.5, 3)) < 0).mean() > 0.95


def test_what_is_not_there_is_not_learnt():
    with pytest.raises(UserError, match=r"freckles: .* told right, 70% is needed"):
        fit_attribute("freckles", photos(60, 0, 0), photos(60, 0, 1))


def test_too_few_photos():
    message = "freckles: 20 photos or more .* received 60 and 19 with a face"
    with pytest.raises(UserError, match=message):
        fit_attribute("freckles", photos(60, 1, 0), photos(19, 0, 1))


def test_a_step_shows_little_in_what_is_held():
    # v is proportional to reading - held (10 held . reading) / (1 + 10 held . held),
    # held of length 1 a third of (1, 1, 1)'s square: (33, 0, 0) - (10, 10, 10).
    vector = shortest_step(np.eye(3)[0], np.ones((3, 1)), np.eye(3))
    np.testing.assert_allclose(vector, np.array([23, -10, -10]) / 27, atol=1e-6)
    # Whatever the unit of a reading.
    scaled = shortest_step(np.eye(3)[0], np.full((3, 1), 7.0), np.eye(3))
    np.testing.assert_allclose(scaled, vector, atol=1e-6)


def test_where_nothing_is_held_it_is_the_difference_of_the_classes():
    rng = np.random.default_rng(0)
    covariance = np.array([[2.0, 0.8], [0.8, 1.0]])
    w = rng.multivariate_normal([0, 0], covariance, 200_000)
    reading = np.array([1.0, -0.5])
    present = w @ reading > 0
    centres = w[present].mean(axis=0) - w[~present].mean(axis=0)
    vector = shortest_step(reading, np.zeros((2, 0)), covariance)
    np.testing.assert_allclose(vector, centres / np.linalg.norm(centres), atol=0.01)
