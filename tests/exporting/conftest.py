"""Translators of a few kilobytes with every kind of layer that the real ones have."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from PIL import Image

from tf_fsgd.config import Config, GeneratorConfig
from tf_fsgd.exporting.signatures import Servable
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.runs import RunFolder
from tf_fsgd.translator.translator import Translator, of_run

RESOLUTION = 32


@pytest.fixture(scope="session")
def translator() -> keras.Model:
    """Strong enough an edit that the clip to [-1, 1] has work to do."""
    keras.utils.set_random_seed(0)

    def padded(x):
        return ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")

    def normalised(x):
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(x - mean), axis=(1, 2), keepdims=True)
        return (x - mean) * ops.rsqrt(variance + 1e-5)

    image = keras.Input((RESOLUTION, RESOLUTION, 3), name="image")
    x = layers.Conv2D(16, 3)(padded(image))
    x = layers.Conv2D(32, 3, strides=2, padding="same")(normalised(x))
    x = x + layers.Conv2D(32, 3)(padded(ops.relu(x)))
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same")(ops.relu(x))
    change = layers.Conv2D(3, 3)(padded(x))
    return keras.Model(image, image + change)


@pytest.fixture(scope="session")
def fixed(translator) -> Translator:
    """The same as the translator that a run of one fixed edit is loaded as."""
    config = Config(edit="smile")
    config.pairs.resolution, config.pairs.strength = RESOLUTION, 2.0
    return of_run(RunFolder(Path("runs/fixed"), config), translator)


@pytest.fixture(scope="session")
def unchanging() -> Servable:
    """Around a network that changes nothing."""
    image = keras.Input((RESOLUTION, RESOLUTION, 3))
    network = keras.Model(image, layers.Identity()(image))
    network = with_strength(network, RESOLUTION, 1.0)
    return Servable(Translator("same", network, RESOLUTION, ("same",), {"same": 1.0}))


@pytest.fixture(scope="session")
def tiny() -> GeneratorConfig:
    return GeneratorConfig(
        kind="modulated", filters=16, blocks=1, side_blocks=1, strided_ends=False
    )


@pytest.fixture(scope="session")
def sliders(tiny) -> Translator:
    """Two axes whose ends have units of their own."""
    keras.utils.set_random_seed(0)
    network = build_generator(tiny, RESOLUTION, 2)
    rng = np.random.default_rng(1)
    for variable in network.variables:  # some begin at zero, and the change with them
        noise = rng.normal(0, 0.1, variable.shape)
        variable.assign(keras.ops.convert_to_numpy(variable) + noise)
    return Translator(
        "tiny",
        network,
        RESOLUTION,
        ("feminine", "smile"),
        {"feminine": 2.5, "masculine": 2.0, "smile": 1.5, "frown": 1.0},
    )


@pytest.fixture(scope="module")
def encoded(unchanging):
    """The `encoded` signature around a network that changes nothing."""
    function = unchanging.encoded()

    def encoded(*files):
        strengths = tf.ones((len(files), 1))
        reply = function(image_bytes=tf.constant(files), strengths=strengths)
        return reply["image_bytes"]

    return encoded


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Smooth pictures, uint8 [4, R, R, 3]."""
    return np.stack([photo(RESOLUTION, RESOLUTION, seed) for seed in range(4)])


@pytest.fixture
def config() -> Config:
    config = Config(edit="smile")
    config.pairs.resolution = RESOLUTION
    return config


def photo(width: int, height: int, seed: int = 0) -> np.ndarray:
    blots = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(blots).resize((width, height), Image.BICUBIC))
