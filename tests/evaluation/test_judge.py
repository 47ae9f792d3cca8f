"""The independent judge reads real, unedited faces right."""

import numpy as np
import pytest

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.judge import GenderJudge


@pytest.fixture(scope="module")
def judge():
    return GenderJudge()


def test_reads_celeba_right(judge, celeba_test):
    faces, attributes = celeba_test
    faces, attributes = faces[:200], attributes[:200]
    male = attributes[:, ATTRIBUTES.index("Male")]
    young = attributes[:, ATTRIBUTES.index("Young")]
    verdicts = judge.read(faces)
    assert np.mean(verdicts.probability_male[male] > 0.5) >= 0.94
    assert np.mean(verdicts.probability_male[~male] < 0.5) >= 0.94
    assert verdicts.age[~young].mean() - verdicts.age[young].mean() > 8
    assert verdicts.detected.mean() >= 0.85


def test_resolution_changes_little(judge, celeba_test):
    faces = celeba_test[0][:20]
    large = np.repeat(np.repeat(faces, 2, axis=1), 2, axis=2)
    small, doubled = (judge.read(each).probability_male for each in (faces, large))
    assert np.mean((small > 0.5) == (doubled > 0.5)) >= 0.9


def test_a_picture_without_a_face(judge):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, 96, 96, 3), dtype=np.uint8)
    verdicts = judge.read(noise)
    assert not verdicts.detected.any()
    assert np.all((verdicts.probability_male >= 0) & (verdicts.probability_male <= 1))
    strict = GenderJudge(fallback=False).read(noise)
    assert np.isnan(strict.probability_male).all() and np.isnan(strict.age).all()


def test_no_pictures(judge):
    verdicts = judge.read(np.zeros((0, 128, 128, 3), np.uint8))
    assert [len(values) for values in verdicts] == [0, 0, 0]


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 128, 128, 3), np.float32),
        np.zeros((128, 128, 3), np.uint8),
        np.zeros((1, 128, 100, 3), np.uint8),
    ],
)
def test_wrong_arrays_are_refused(judge, images):
    with pytest.raises(ValueError, match="images must be uint8"):
        judge.read(images)
