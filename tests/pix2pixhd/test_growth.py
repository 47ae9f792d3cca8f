"""A grown network does at twice the side what the small one does, and back."""

import keras
import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.edit_generator import edit_generator
from tf_fsgd.pix2pixhd.growth import grow


def _network(
    patch: int, resolution: int, filters: int = 4, **settings: int
) -> keras.Model:
    config = GeneratorConfig(
        kind="modulated",
        filters=filters,
        patch=patch,
        strided_ends=False,
        **dict.fromkeys(("blocks", "side_blocks", "detail_blocks"), 1) | settings,
    )
    return edit_generator(config, resolution, 2)


def _halved(images):
    n, side = images.shape[:2]
    return images.reshape(n, side // 2, 2, side // 2, 2, 3).mean(axis=(2, 4))


def _enlarged(images):
    return images.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize(
    ("source", "target", "shown", "written"),
    [
        pytest.param((4, 32), (8, 64), _halved, _enlarged, id="grown"),
        pytest.param((8, 64), (4, 32), _enlarged, _halved, id="shrunk"),
    ],
)
def test_the_change_is_that_of_the_resized_image(source, target, shown, written):
    keras.utils.set_random_seed(0)
    source, target = _network(*source), _network(*target)
    for weight in source.weights:
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.1, seed=1))
    rng, side = np.random.default_rng(0), target.input_shape[0][1]
    image = rng.uniform(-1, 1, (2, side, side, 3)).astype(np.float32)
    strengths = np.array([[1.0, -2.0], [0.5, 0.0]], np.float32)
    change = np.asarray(source([shown(image), strengths])) - shown(image)

    grow(source, target)

    assert np.abs(written(change)).max() > 0.01
    np.testing.assert_allclose(
        np.asarray(target([image, strengths])), image + written(change), atol=1e-5
    )


@pytest.mark.parametrize(
    ("source", "target"),
    [((4, 32), (8, 64)), ((8, 64), (4, 32))],
    ids=["grown", "shrunk"],
)
def test_paint_and_texture_follow_the_patch(source, target):
    source = _network(*source, finest_blocks=1)
    target = _network(*target, finest_blocks=1)
    bias = source.get_layer("finest_conv").bias
    # Of every pixel the same: no paint, texture less and more in the two bands.
    bias.assign(np.tile(np.float32([0, 0, 0, -0.5, 0.25]), bias.shape[0] // 5))
    grow(source, target)
    values = np.asarray(target.get_layer("finest_conv").bias).reshape(-1, 5)
    np.testing.assert_array_equal(values, [[0, 0, 0, -0.5, 0.25]] * len(values))


def test_the_same_resolution_takes_the_weights_as_they_are():
    source, target = _network(4, 32), _network(4, 32)
    grow(source, target)
    for one, other in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_new_detail_part_changes_nothing_at_first():
    source, target = _network(4, 32, detail_blocks=0), _network(4, 32)
    random = np.random.default_rng(0)
    source.set_weights([random.normal(0, 0.1, w.shape) for w in source.get_weights()])
    image = random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    inputs = [image, np.array([[1.0, -2.0]], np.float32)]
    grow(source, target)
    assert np.abs(np.asarray(source(inputs)) - image).max() > 0.01
    np.testing.assert_allclose(target(inputs), source(inputs), atol=1e-6)


def test_blocks_that_the_target_lacks_are_left_out():
    source, target = _network(4, 32, blocks=2), _network(4, 32)
    grow(source, target)
    values = {variable.path: variable for variable in source.weights}
    for variable in target.weights:
        np.testing.assert_array_equal(variable, values[variable.path])


def test_a_new_finest_part_changes_nothing_at_first():
    source, target = _network(4, 32), _network(4, 32, finest_blocks=1)
    random = np.random.default_rng(0)
    source.set_weights([random.normal(0, 0.1, w.shape) for w in source.get_weights()])
    image = random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    inputs = [image, np.array([[1.0, -2.0]], np.float32)]
    grow(source, target)
    np.testing.assert_allclose(target(inputs), source(inputs), atol=1e-6)


def test_edits_that_both_have_come_along_and_new_ones_begin_anew():
    """Of edits p, q a network of q, r: q does what it did, r has rows of its own."""
    random = np.random.default_rng(0)
    source, target = _network(4, 32), _network(4, 32)
    source.set_weights([random.normal(0, 0.1, w.shape) for w in source.get_weights()])
    fresh = np.asarray(target.get_layer("embed1").kernel)
    image = random.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    grow(source, target, [1, None])
    for strength in (1.5, -2.0):
        np.testing.assert_allclose(
            target([image, np.float32([[strength, 0.0]])]),
            source([image, np.float32([[0.0, strength]])]),
            atol=1e-6,
        )
    rows = np.asarray(target.get_layer("embed1").kernel)
    np.testing.assert_array_equal(rows[[1, 3]], fresh[[1, 3]])


@pytest.mark.parametrize("target", [(4, 32, 8), (16, 128, 4)])
def test_another_network_is_refused(target):
    with pytest.raises(UserError, match="training.start_from must be of the same"):
        grow(_network(4, 32), _network(*target))
