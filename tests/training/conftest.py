"""A run that trains in a second: 16 px, four filters, random pairs."""

import sys

import numpy as np
import pytest

from tf_fsgd import __main__ as verbs
from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.pairs.families import Family
from tf_fsgd.training.runfolder import RunFolder, new_run

RESOLUTION = 16


class RandomPairs:
    """A `PairSource` of noise; B is A inverted."""

    def __init__(self, count: int):
        self.count = count
        self.resolution = RESOLUTION
        shape = (count, RESOLUTION, RESOLUTION, 3)
        self._a = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self._a[index], 255 - self._a[index]

    def images(self) -> tuple[np.ndarray, np.ndarray]:
        return self._a, 255 - self._a


class RandomFamilies:
    """As `FamilyPairs`, of noise: a member is the plain picture, brighter or darker."""

    count = 5
    resolution = 2 * RESOLUTION
    strengths = np.array([[0, 0], [1, 0], [0, -1.5], [0.5, 0.5]], np.float32)
    members = len(strengths)

    def family(self, index: int, members: list[int] | None = None) -> Family:
        chosen = range(self.members) if members is None else members
        side, rng = self.resolution, np.random.default_rng(index)
        plain = rng.integers(80, 176, (side, side, 3))
        strengths = self.strengths[list(chosen)]
        images = [plain + 40 * row.sum().astype(int) for row in strengths]
        heads = np.full((len(images), 64, 64), 255, np.uint8)
        images = np.array(images, np.uint8)
        return Family(index, np.zeros(512), strengths, images, heads)

    def sample(self, index: int, source: int, target: int) -> tuple[np.ndarray, ...]:
        family = self.family(index, [source, target])
        return *family.images, family.strengths[1] - family.strengths[0]


@pytest.fixture(scope="session")
def families() -> RandomFamilies:
    return RandomFamilies()


@pytest.fixture(scope="session")
def pairs() -> RandomPairs:
    return RandomPairs(5)


@pytest.fixture
def config() -> Config:
    return _tiny_config()


@pytest.fixture(scope="session")
def session_config() -> Config:
    """The same as `config`, for what several tests share; not to be changed."""
    return _tiny_config()


def _tiny_config() -> Config:
    """Six steps of two images; float32, whose results hold on every machine."""
    config = Config()
    config.pairs.resolution = RESOLUTION
    config.generator.filters = 4
    config.generator.downsamplings = 1
    config.generator.blocks = 1
    config.discriminator.filters = 4
    config.discriminator.layers = 1
    config.discriminator.scales = 2
    config.loss.feature_matching = 10.0
    config.loss.perceptual = 0.0
    config.loss.pixel = 1.0
    config.training.images = 12
    config.training.batch_size = 2
    config.training.precision = "float32"
    config.training.log_every = 2
    config.training.sample_every = 6
    config.training.checkpoint_every = 4
    return config


@pytest.fixture(scope="session")
def slider_config() -> Config:
    """Of two axes; not to be changed."""
    config = _tiny_config()
    config.edit = "feminine,smile"
    config.pairs.resolution = RandomFamilies.resolution
    config.generator = GeneratorConfig(
        kind="modulated", filters=4, blocks=1, side_blocks=0
    )
    return config


@pytest.fixture
def run(tmp_path, config) -> RunFolder:
    return new_run(tmp_path / "runs", config)


@pytest.fixture
def translate(monkeypatch, capfd, tmp_path, brightens):
    """Runs the verb; returns its exit code, what it printed, and what it complained."""

    def translate(*words):
        words = ["translate", *words, "--translator", brightens.path]
        words += ["--edit", "smile=0.5", "--out", tmp_path / "out"]
        monkeypatch.setattr(sys, "argv", ["tf_fsgd", *map(str, words)])
        code = verbs.main()
        return code, *capfd.readouterr()

    return translate
