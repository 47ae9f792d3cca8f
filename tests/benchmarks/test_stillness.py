"""Changes that move with the photo, and one that stays where it is."""

import numpy as np
import pytest

from benchmarks.stillness import changes, unrest
from tf_fsgd.training.translator import Translator


def test_a_change_that_moves_along_is_still():
    change = np.random.default_rng(0).normal(size=(2, 24, 24, 3))
    assert unrest(change, np.roll(change, (1, 1), axis=(1, 2))) == 0.0


def test_a_change_that_stays_where_it_is_differs_by_a_step():
    # Stripes of 1 and 3 stay: each pixel differs by 2 where the change is 2 on average.
    change = np.tile(np.array([1.0, 3.0] * 12)[None, None, :, None], (1, 24, 1, 3))
    assert unrest(change, change) == pytest.approx(1.0)


def test_what_an_edit_adds_is_asked_at_its_unit():
    def brighter(inputs):
        images, strengths = inputs
        assert strengths.tolist() == [[1.5]] * len(images)
        return images + 0.25 * np.abs(images)

    translator = Translator("t", brighter, 24, ("smile",), {"smile": 1.5, "frown": 1.0})
    faces = np.full((9, 24, 24, 3), 255, np.uint8)
    for change in changes(translator, "smile", faces):
        np.testing.assert_allclose(change, np.full((9, 24, 24, 3), 0.25))
