"""A teacher, edits and a classifier that can be checked by hand.

The fake face is one number, f = w[0]: the picture's red is -f / 8, P(Male) is
sigmoid(-4 f), and the edit "feminine" adds its strength to f. At confidence 0.9 a face
is certain when |f| >= ln(9) / 4 = 0.549. The picture's green is w[1] / 8; the edit
"mine" moves w[1] by half its strength, so that strengths show as colours.
"""

import hashlib

import keras
import numpy as np
import pytest

from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs.render import render_pairs
from tf_fsgd.pairs.source import open_pairs
from tf_fsgd.pairs.whole import WholeFamilies
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


class FakeSegmenter:
    """The head is as red as the picture."""

    def head(self, image, size):
        return np.full((size, size), image[0, 0, 0], np.uint8)


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
def whole(config, direction, monkeypatch):
    """Makes the config ask for families of two edits, four a shard; gives their axes.

    Twelve families in three blocks; the split lies inside the second.
    """
    monkeypatch.setattr(WholeFamilies, "block", 4)
    monkeypatch.setattr("tf_fsgd.pairs.whole.PersonSegmenter", FakeSegmenter)
    config.edit, config.generator.kind = "feminine,mine", "modulated"
    config.generator.patch = 2
    config.pairs.held_out, config.pairs.count = 5, 7
    vector = np.eye(512, dtype=np.float32)[1]
    second = Direction("mine", vector, 0.5, [0, 1], "Smiling", 1, vector, 0.0)
    return [(direction, 2.0), (second, 3.0)]


@pytest.fixture
def render(config, direction):
    """Renders pairs of the one direction, or of `axes`."""

    def render(out, teacher=None, classifier=None, axes=None, cluster=None):
        return render_pairs(
            config,
            out,
            teacher=teacher or FakeTeacher(),
            axes=axes or [(direction, config.pairs.strength)],
            classifier=classifier or FakeClassifier(),
            progress=False,
            cluster=cluster,
        )

    return render


@pytest.fixture
def stored():
    """All families that a folder's splits have, the held-out ones first."""

    def stored(folder):
        splits = [open_pairs(folder, split) for split in ("held_out", "train")]
        return [split.family(i) for split in splits for i in range(split.count)]

    return stored


@pytest.fixture
def pixels_digest():
    """SHA-256 of what families hold, but for scores."""

    def pixels_digest(families):
        sha = hashlib.sha256()
        for family in families:
            parts = [np.int64(family.seed), family.w, family.condition, family.images]
            parts += [] if family.heads is None else [family.heads]
            for part in parts:
                sha.update(np.ascontiguousarray(part).tobytes())
        return sha.hexdigest()

    return pixels_digest


@pytest.fixture
def digests():
    """Digests of all files of a folder."""

    def digests(folder):
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
        }

    return digests
