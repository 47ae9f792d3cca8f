"""A teacher whose pictures can be read: each row of W+ is a band of grey."""

import sys

import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.teacher import Teacher


class BandedTeacher(Teacher):
    """Band k of a picture is as bright as coordinate 0 of row k of W+.

    `drawn` has the W+ of every picture.
    """

    name = "banded"
    resolution = 32
    num_ws = 4
    z_dim = 3
    w_avg = np.array([0.1, 0.0, 0.0], np.float32)
    noise_modes = ("const", "none")

    def __init__(self):
        self.drawn = []

    def mapping(self, z):
        return np.float32(0.2) * z + self.w_avg

    def network(self, resolution, noise_mode="const"):
        if noise_mode not in self.noise_modes:
            raise UserError(f"noise_mode, received {noise_mode!r}")
        if resolution not in (8, 16, 32):
            raise UserError(f"resolution, received {resolution}")

    def _build(self, factor, noise_mode):
        raise NotImplementedError

    def synthesis(self, ws, noise_mode="const", resolution=None):
        side = resolution or self.resolution
        self.drawn += list(ws)
        bands = np.repeat(ws[:, :, 0], side // self.num_ws, axis=1)
        return np.broadcast_to(bands[:, :, None, None], (len(ws), side, side, 3))


@pytest.fixture
def banded(monkeypatch):
    """The teacher that every verb finds."""
    teacher = BandedTeacher()

    def load(name):
        if name != teacher.name:
            raise UserError(f"--teacher, received {name!r}")
        return teacher

    monkeypatch.setattr("tf_fsgd.stylegan2.loading.load_teacher", load)
    return teacher


@pytest.fixture
def verb(monkeypatch, banded):
    """Runs a verb with the banded teacher and returns its exit code."""

    def verb(*words):
        argv = ["tf_fsgd", *map(str, words), "--teacher", banded.name]
        monkeypatch.setattr(sys, "argv", argv)
        return verbs.main()

    return verb


@pytest.fixture
def mistake(verb, banded, capfd, tmp_path):
    """Runs a verb that must fail at once, and returns its one line."""

    def mistake(*words):
        before = sorted(tmp_path.rglob("*"))
        assert verb(*words) == 2
        out, error = capfd.readouterr()
        assert out == "" and error.startswith("error: ")
        assert error.count("\n") == 1, error
        assert banded.drawn == []
        assert sorted(tmp_path.rglob("*")) == before
        return error

    return mistake
