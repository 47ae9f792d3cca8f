"""A grown network does at twice the side what the small one does at half."""

import keras
import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.edit_generator import edit_generator
from tf_fsgd.pix2pixhd.growth import grow


def _network(patch: int, resolution: int, filters: int = 4) -> keras.Model:
    config = GeneratorConfig(
        kind="modulated",
        filters=filters,
        blocks=1,
        side_blocks=1,
        patch=patch,
        strided_ends=False,
    )
    return edit_generator(config, resolution, 2)


def test_growing_keeps_the_change_of_the_halved_image():
    keras.utils.set_random_seed(0)
    small, large = _network(2, 32), _network(4, 64)
    for weight in small.weights:
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.1, seed=1))
    rng = np.random.default_rng(0)
    image = rng.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    strengths = np.array([[1.0, -2.0], [0.5, 0.0]], np.float32)
    halved = image.reshape(2, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    change = np.asarray(small([halved, strengths])) - halved

    grow(small, large)

    enlarged = change.repeat(2, axis=1).repeat(2, axis=2)
    assert np.abs(enlarged).max() > 0.01
    np.testing.assert_allclose(
        np.asarray(large([image, strengths])), image + enlarged, atol=1e-5
    )


def test_the_same_resolution_takes_the_weights_as_they_are():
    source, target = _network(2, 32), _network(2, 32)
    grow(source, target)
    for one, other in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("target", [(2, 32, 8), (8, 64, 4)])
def test_another_network_is_refused(target):
    with pytest.raises(UserError, match="training.start_from must be of the same"):
        grow(_network(2, 32), _network(*target))
