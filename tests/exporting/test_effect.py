import numpy as np
import pytest

from tf_fsgd.exporting import effect
from tf_fsgd.exporting.cases import Cases
from tf_fsgd.exporting.effect import EffectMeter
from tf_fsgd.exporting.errors import PrecisionError


class Brightness:
    """A classifier that takes a picture's first value for everything it reads."""

    def probabilities(self, images):
        first = np.asarray(images, np.float32)[:, 0, 0, 0]
        return np.repeat((first[:, None] + 1) / 2, 40, axis=1)


@pytest.fixture(autouse=True)
def classifier(monkeypatch):
    monkeypatch.setattr(effect, "load_classifier", Brightness)


def pictures(*probabilities: float) -> np.ndarray:
    levels = 2 * np.array(probabilities, np.float32) - 1
    return np.tile(levels[:, None, None, None], (1, 2, 2, 3))


def photos(count: int, level: int = 0) -> np.ndarray:
    return np.full((count, 2, 2, 3), level, np.uint8)


def cases(faces: np.ndarray, edit: str) -> Cases:
    """Every face once."""
    count = len(faces)
    return Cases(faces, np.arange(count), [edit] * count, np.ones((count, 1)))


def test_share_of_those_that_lack_it():
    # Two neutral faces and one that smiles already, which does not count.
    faces = np.concatenate([photos(2), photos(1, 255)])
    keras = pictures(0.9, 0.2, 0.9)
    meter = EffectMeter(cases(faces, "smile"), keras)
    found = meter.compare("int8", np.arange(3), pictures(0.91, 0.2, 0.0))
    assert found["faces"] == 2
    assert found["keras"] == found["file"] == 0.5
    assert found["certainty_points"] == pytest.approx(0.5, abs=1e-3)


def test_the_other_end_of_an_axis():
    faces = photos(2, 255)  # smile
    meter = EffectMeter(cases(faces, "frown"), pictures(0.1, 0.7))
    found = meter.compare("int8", np.arange(2), pictures(0.1, 0.7))
    assert (found["faces"], found["keras"]) == (2, 0.5)


def test_certainty_is_held_to_the_limit():
    meter = EffectMeter(cases(photos(2), "smile"), pictures(0.8, 0.8))
    meter.compare("int8", np.arange(2), pictures(0.781, 0.781))
    with pytest.raises(PrecisionError, match=r"int8: the edit's effect is 0.0 points"):
        meter.compare("int8", np.arange(2), pictures(0.779, 0.779))


@pytest.mark.parametrize(("count", "held"), [(49, False), (50, True), (150, False)])
def test_share_is_held_where_faces_are_enough(count, held):
    """Two flips of 50 are 4 points, of 150 they are 1.3; of 49 nobody can say."""
    meter = EffectMeter(cases(photos(count), "smile"), pictures(*[0.501] * count))
    file = pictures(0.499, 0.499, *[0.501] * (count - 2))
    if held:
        with pytest.raises(PrecisionError, match="effect is 4.0 points"):
            meter.compare("int8", np.arange(count), file)
    else:
        found = meter.compare("int8", np.arange(count), file)
        assert found["share_points"] == pytest.approx(200 / count)


def test_only_the_chosen_cases_count():
    meter = EffectMeter(cases(photos(3), "smile"), pictures(0.9, 0.1, 0.9))
    found = meter.compare("int8", np.array([1]), pictures(0.1))
    assert (found["faces"], found["keras"]) == (1, 0)


@pytest.mark.parametrize("edit", ["", "an edit of one's own"])
def test_what_no_attribute_stands_for_is_not_measured(edit):
    meter = EffectMeter(cases(photos(2), edit), pictures(0, 0))
    assert meter.compare("int8", np.arange(2), pictures(1, 1)) is None
