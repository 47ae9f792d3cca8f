"""A run that trains in a second: 16 px, four filters, random pairs."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.pairs.family import Family
from tf_fsgd.runs import RunFolder, unfinished_or_new

RESOLUTION = 16
INVERTED = (np.array([[0], [1]], np.float32), lambda a: np.stack([a, 255 - a]))


class RandomFamilies:
    """A `FamilySource` of noise."""

    count = 5

    def __init__(self, resolution: int, condition: np.ndarray, pictures: Callable):
        """Takes the conditions `[K, C]` and what makes K pictures of a plain one."""
        self.resolution = resolution
        self._condition, self._pictures = condition, pictures

    def family(self, index: int, members: Sequence[int] | None = None) -> Family:
        side, rng = self.resolution, np.random.default_rng(index)
        images = self._pictures(rng.integers(80, 176, (side, side, 3), np.uint8))
        heads = np.full((len(images), 64, 64), 255, np.uint8)
        family = Family(index, np.zeros(512), self._condition, images, heads)
        return family if members is None else family.only(members)


@pytest.fixture(scope="session")
def families() -> RandomFamilies:
    """A member is the plain picture, brighter or darker."""
    condition = np.array([[0, 0], [1, 0], [0, -1.5], [0.5, 0.5]], np.float32)
    levels = (40 * condition.sum(axis=1)).astype(int)[:, None, None, None]
    return RandomFamilies(
        2 * RESOLUTION, condition, lambda plain: np.uint8(plain + levels)
    )


@pytest.fixture(scope="session")
def pairs() -> RandomFamilies:
    """B is A inverted."""
    return RandomFamilies(RESOLUTION, *INVERTED)


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
    config.pairs.resolution = 2 * RESOLUTION
    config.generator = GeneratorConfig(
        kind="modulated", filters=4, blocks=1, side_blocks=0
    )
    return config


@pytest.fixture
def run(tmp_path, config) -> RunFolder:
    return unfinished_or_new(tmp_path / "runs", config)
