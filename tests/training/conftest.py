"""A run that trains in a second: 16 px, four filters, random pairs."""

import numpy as np
import pytest

from tf_fsgd.config import Config
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


@pytest.fixture
def run(tmp_path, config) -> RunFolder:
    return new_run(tmp_path / "runs", config)
