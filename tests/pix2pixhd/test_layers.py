"""Layers against PyTorch's (golden/, made by make_golden.py) and against arithmetic."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.generator import global_generator
from tf_fsgd.pix2pixhd.layers import (
    DepthToSpace,
    HalvingAveragePooling2D,
    InstanceNormalization,
    ReflectionPadding2D,
    SpaceToDepth,
    Spread,
)

GOLDEN = Path(__file__).parent / "golden"


def golden(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key].astype(np.float32) for key in file.files}


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("halving_mean", HalvingAveragePooling2D()),
        ("instance_norm", InstanceNormalization()),
    ],
)
def test_layer_equals_pytorch(name, layer):
    stored = golden(name)
    np.testing.assert_allclose(layer(stored["x"]), stored["y0"], atol=2e-6)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("halving_convolution", "down1_pad", "down1_conv"),
        ("doubling_convolution", "up1_conv", "up1_crop"),
    ],
)
def test_strided_convolution_of_the_generator_equals_pytorch(name, first, last):
    stored = golden(name)
    config = GeneratorConfig(
        filters=3,
        downsamplings=1,
        blocks=0,
        norm="instance",
        residual=False,
        strided_ends=False,
    )
    generator = global_generator(config, resolution=8)
    part = keras.Model(
        generator.get_layer(first).input, generator.get_layer(last).output
    )
    part.set_weights([stored["w00"], stored["w01"]])
    np.testing.assert_allclose(part(stored["x"]), stored["y0"], atol=1e-5)


def test_halving_mean_leaves_padding_out():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    # Corner windows hold 2 x 2 pixels, edge windows 2 x 3, inner ones 3 x 3.
    expected = [[(0 + 1 + 4 + 5) / 4, (1 + 2 + 3 + 5 + 6 + 7) / 6], [8.5, 10.0]]
    result = HalvingAveragePooling2D()(image)
    np.testing.assert_allclose(result[0, :, :, 0], expected, rtol=1e-6)


def test_reflection_does_not_repeat_the_edge():
    row = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 4, 1)
    result = ReflectionPadding2D(2)(np.repeat(row, 3, axis=1))
    np.testing.assert_array_equal(result[0, 0, :, 0], [3, 2, 1, 2, 3, 4, 3, 2])


def test_instance_norm_survives_float16():
    # A sum of squares of this map is 6e8, far above float16's 65504.
    signs = np.where(np.indices((128, 128)).sum(0) % 2, 1.0, -1.0)
    image = (1000.0 + 200.0 * signs).reshape(1, 128, 128, 1)
    result = InstanceNormalization(dtype="mixed_float16")(image.astype(np.float32))
    assert result.dtype == "float16"
    np.testing.assert_allclose(result[0, :, :, 0], signs, atol=1e-3)


def test_layers_survive_saving(tmp_path):
    image = keras.Input((8, 8, 2))
    x = ReflectionPadding2D(3)(image)
    x = InstanceNormalization(epsilon=0.5)(x)
    model = keras.Model(image, HalvingAveragePooling2D()(x))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    noise = np.random.default_rng(0).normal(size=(2, 8, 8, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded(noise), model(noise))


def test_depth_to_space_moves_channels():
    image = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)
    assert np.asarray(DepthToSpace(2)(image))[0, :, :, 0].tolist() == [[0, 1], [2, 3]]


def test_space_to_depth_undoes_depth_to_space():
    image = np.arange(48, dtype=np.float32).reshape(1, 4, 4, 3)
    folded = np.asarray(SpaceToDepth(2)(image))
    assert folded.shape == (1, 2, 2, 12)
    # The upper left pixels' channels, row by row: pixels 0, 1, 4 and 5.
    assert folded[0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17]
    np.testing.assert_array_equal(DepthToSpace(2)(folded), image)


def test_spread_repeats_numbers_over_a_map():
    maps = np.asarray(Spread(3)(np.float32([[1, 2], [3, 4]])))
    assert maps.shape == (2, 3, 3, 2)
    assert (maps[0] == [1, 2]).all() and (maps[1] == [3, 4]).all()


def test_reshaping_layers_survive_saving(tmp_path):
    image, numbers = keras.Input((8, 8, 3)), keras.Input((12,))
    x = SpaceToDepth(2)(image) + Spread(4)(numbers)
    model = keras.Model([image, numbers], DepthToSpace(2)(x))
    assert model.output.shape == (None, 8, 8, 3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    random = np.random.default_rng(0)
    inputs = [random.normal(size=shape) for shape in ((2, 8, 8, 3), (2, 12))]
    inputs = [each.astype(np.float32) for each in inputs]
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
