import numpy as np
import pytest

from tf_fsgd.evaluation.steadiness import change_of_covers, unsteadiness

FACES = np.random.default_rng(0).integers(60, 180, (2, 64, 64, 3)).astype(np.uint8)


def test_what_looks_at_pixels_alone_holds_still():
    assert unsteadiness(lambda faces: faces + 10, FACES) == 0.0


def test_a_change_by_place_moves_against_the_photo():
    """Every other column 10 brighter: moved to the right, all columns change places."""
    stripes = (np.arange(64) % 2 * 10).astype(np.uint8)[:, None]
    # One way 10 apart of a mean of 5, the other way nothing: (2 + 0) / 2.
    assert unsteadiness(lambda faces: faces + stripes, FACES) == pytest.approx(1.0)


def test_nothing_changed_says_nothing():
    assert np.isnan(unsteadiness(lambda faces: faces, FACES))


def test_covers_are_counted_and_faces_are_not():
    assert change_of_covers(lambda faces: faces, FACES) == 0.0
    assert change_of_covers(lambda faces: faces ^ 1, FACES) == 1.0

    def where_the_face_is(pictures):
        same = pictures == FACES
        return np.where(same, pictures + 50, pictures).astype(np.uint8)

    assert change_of_covers(where_the_face_is, FACES) < 3.0
