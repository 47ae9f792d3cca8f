"""A teacher, an edit and a classifier that can be checked by hand.

The fake face is one number, f = w[0]: the picture's red is -f / 8, P(Male) is
sigmoid(-4 f), and the edit "feminine" adds its strength to f. At confidence 0.9 a face
is certain when |f| >= ln(9) / 4 = 0.549.
"""

import hashlib

import keras
import numpy as np
import pytest

from tf_fsgd.latents.directions import Direction
from tf_fsgd.presets import preset


class FakeTeacher:
    name = "fake"
    num_ws = 2
    z_dim = 512
    resolution = 64
    w_avg = np.zeros(512, np.float32)

    def __init__(self, stop_after: float = float("inf")):
        self.batches = []  # first entries of the ws that were rendered
        self.stop_after = stop_after

    @property
    def rendered(self) -> int:
        return sum(map(len, self.batches))

    def mapping(self, z):
        return z

    def synthesis(self, ws, noise_mode="const", resolution=None):
        if self.rendered >= self.stop_after:
            raise KeyboardInterrupt
        self.batches.append(ws[:, 0, 0].tolist())
        size = resolution or self.resolution
        images = np.zeros((len(ws), size, size, 3), np.float32)
        images += ws[:, 0, None, None, :3] * [-1 / 8, 1 / 8, 1 / 8]
        return images


class FakeClassifier:
    def __init__(self, seed: int = 0):
        self.model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
        self.model.set_weights([np.full([2, 1], seed), np.zeros(1)])

    def index(self, name):
        return ["Smiling", "Male"].index(name)

    def probabilities(self, images):
        male = 1 / (1 + np.exp(-32 * images[..., 0].mean((1, 2))))
        return np.stack([np.full_like(male, 0.5), male], axis=1)


@pytest.fixture
def fake_teacher():
    return FakeTeacher


@pytest.fixture
def fake_classifier():
    return FakeClassifier


@pytest.fixture
def direction():
    vector = np.eye(512, dtype=np.float32)[0]
    return Direction("feminine", vector, 1.0, [0, 1], "Male", -1, -4 * vector, 0.0)


@pytest.fixture
def config():
    config = preset("quick")
    config.teacher.truncation_psi = 1.0
    config.teacher.batch_size = 4
    config.pairs.resolution = 16
    config.pairs.strength = 1.5
    config.pairs.confidence = 0.9
    config.pairs.preselect = 0.3
    config.pairs.head_only = False
    config.pairs.held_out = 4
    config.pairs.count = 26
    return config


@pytest.fixture
def digests():
    """Digests of all files of a folder."""

    def digests(folder):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
        }

    return digests
