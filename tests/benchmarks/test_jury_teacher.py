"""The ceiling, drawn by a teacher whose faces are grey: w[0] brightens them."""

import numpy as np
import pytest

from benchmarks.jury import teacher
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction
from tf_fsgd.presets import preset


class GreyTeacher:
    num_ws, z_dim, resolution = 2, 512, 32
    w_avg = np.zeros(512, np.float32)

    def __init__(self):
        self.drawn = 0

    def mapping(self, z):
        """Every other face is at -0.5, the others at 0.5."""
        w = np.zeros((len(z), 512), np.float32)
        w[:, 0] = np.where(np.arange(len(z)) % 2, 0.5, -0.5)
        return w

    def synthesis(self, ws, noise_mode="const", resolution=None):
        self.drawn += len(ws)
        return np.ones((len(ws), 32, 32, 3), np.float32) * ws[:, :1, :1, None]


class BrightIsMale:
    def probabilities(self, images):
        read = np.zeros((len(images), 40))
        read[:, ATTRIBUTES.index("Male")] = images.mean(axis=(1, 2, 3)) > 0
        return read


@pytest.fixture
def grey(monkeypatch, tmp_path) -> GreyTeacher:
    vector = np.eye(512, dtype=np.float32)[0]
    # Feminine is darker, in steps of a quarter, up to a strength of 2.
    direction = Direction("feminine", -vector, 0.25, [0, 1], "Male", -1, -vector, 0.0)
    grey = GreyTeacher()
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path))
    monkeypatch.setattr(teacher, "load_teacher", lambda name: grey)
    monkeypatch.setattr(teacher, "settle_axes", lambda config: [(direction, 2.0)])
    monkeypatch.setattr(teacher, "load_classifier", lambda weights: BrightIsMale())
    return grey


@pytest.fixture
def config():
    config = preset("quick")
    config.teacher.truncation_psi = 1.0
    config.pairs.resolution, config.pairs.head_only = 32, False
    return config


@pytest.mark.parametrize(
    ("edit", "plain", "sign"), [("feminine", 0.5, -1), ("masculine", -0.5, 1)]
)
def test_those_who_lack_it_at_the_strengths_of_the_grid(
    grey, config, edit, plain, sign
):
    ceiling = teacher.Ceiling(config)
    np.testing.assert_allclose(ceiling.strengths(edit), [0.6, 1.0, 1.4, 1.7, 2.0])
    pictures = ceiling.pictures(edit, 7)
    assert pictures.shape == (6, 7, 32, 32, 3)
    means = pictures.mean(axis=(1, 2, 3, 4)) / 127.5 - 1
    wanted = plain + sign * 0.25 * np.array([0, 0.6, 1.0, 1.4, 1.7, 2.0])
    np.testing.assert_allclose(means, wanted, atol=0.01)


def test_pictures_are_drawn_once(grey, config, tmp_path):
    teacher.Ceiling(config).pictures("feminine", 60)
    assert grey.drawn == 240 + 60 * 5
    again = teacher.Ceiling(config).pictures("feminine", 3)
    assert grey.drawn == 240 + 60 * 5
    assert again.shape[1] == 3
    # Of another truncation they are others.
    config.teacher.truncation_psi = 0.5
    teacher.Ceiling(config).pictures("feminine", 60)
    assert len(list((tmp_path / "jury").iterdir())) == 2


def test_the_head_stands_on_the_plain_face(grey, config, monkeypatch):
    class LeftHalf:
        def head(self, image, size):
            mask = np.zeros((size, size), np.uint8)
            mask[:, : size // 2] = 255
            return mask

    config.pairs.head_only = True
    monkeypatch.setattr(teacher, "PersonSegmenter", LeftHalf)
    pictures = teacher.Ceiling(config).pictures("feminine", 1)[:, 0].astype(float)
    assert abs(pictures[-1, :, :8].mean() - pictures[0, :, :8].mean()) > 50
    np.testing.assert_allclose(pictures[-1, :, 24:], pictures[0, :, 24:], atol=3)


def test_what_is_in_no_pair_has_no_strengths(grey, config):
    assert teacher.Ceiling(config).strengths("smile") is None


def test_pairs_of_the_user_have_no_teacher(config):
    config.pairs.folder = "mine"
    with pytest.raises(UserError, match="--teacher-pairs must be a run whose pairs"):
        teacher.Ceiling(config)
