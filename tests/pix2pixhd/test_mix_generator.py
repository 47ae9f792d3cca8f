"""A mix's network: the photo itself where nothing is asked, and C only as a style."""

import keras
import numpy as np
import pytest

from tf_fsgd.config import DiscriminatorConfig, GeneratorConfig
from tf_fsgd.pix2pixhd.discriminator import CHANGE_SCALE, multiscale_discriminator
from tf_fsgd.pix2pixhd.edit_generator import edit_generator
from tf_fsgd.pix2pixhd.growth import grow
from tf_fsgd.pix2pixhd.mix_generator import STYLES, mix_generator, style_encoder

SIDE = 32
PARTS = dict(patch=4, filters=4, blocks=1, side_blocks=1, detail_blocks=1)
CONFIG = GeneratorConfig("mix", finest_blocks=1, **PARTS)
ONE = np.ones((3, 1), np.float32)


@pytest.fixture
def faces():
    draw = np.random.default_rng(0)
    return draw.uniform(-1, 1, (3, SIDE, SIDE, 6)).astype(np.float32)


@pytest.fixture
def trained():
    network = mix_generator(CONFIG, SIDE)
    for number, weight in enumerate(network.weights):
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.1, seed=number))
    return network


def test_no_share_and_no_difference_are_the_photo_bit_for_bit(faces, trained):
    shares = np.array([[0], [1], [0.5]], np.float32)
    faces[1, ..., 3:] = faces[1, ..., :3]
    made = np.asarray(trained([faces, shares]))
    np.testing.assert_array_equal(made[:2], faces[:2, ..., :3])
    assert np.abs(made[2] - faces[2, ..., :3]).mean() > 0.05


def test_the_second_photo_is_nothing_but_a_style(faces, trained):
    encoder = trained.get_layer("encoder")
    assert encoder.output_shape == (None, STYLES)
    first, second = faces[..., :3], faces[..., 3:]
    style = encoder(second) - encoder(first)
    asked = keras.Model(trained.inputs, trained.get_layer("asked").output)
    np.testing.assert_allclose(
        asked([faces, ONE / 4]), np.asarray(style) / 4, rtol=1e-5, atol=1e-6
    )


def test_styles_of_a_large_face_keep_sixteen_places():
    encoder = style_encoder(128)
    assert encoder.get_layer("places").output.shape[1:] == (4, 4, 128)


def test_it_begins_as_the_photo_on_an_edits_trunk(faces):
    config = GeneratorConfig("modulated", finest_blocks=1, **PARTS)
    source, target = edit_generator(config, SIDE, 3), mix_generator(CONFIG, SIDE)
    for number, weight in enumerate(source.weights):
        weight.assign_add(keras.random.normal(weight.shape, stddev=0.1, seed=number))
    grow(source, target, [None])
    np.testing.assert_array_equal(target([faces, ONE]), faces[..., :3])
    for name in ("stem", "finest_stem", "block1_project"):
        np.testing.assert_array_equal(
            target.get_layer(name).kernel, source.get_layer(name).kernel
        )


def test_the_judge_sees_the_change_of_the_first_face(faces):
    config = DiscriminatorConfig(filters=4, scales=1, norm="none", sees="change")
    judge = multiscale_discriminator(config, SIDE, 1, faces=2)
    seen = keras.Model(judge.inputs, judge.get_layer("pair").output)
    shown = np.asarray(seen([faces, ONE, faces[..., :3] + 0.125]))
    np.testing.assert_array_equal(shown[..., :6], faces)
    np.testing.assert_allclose(shown[..., 6:9], 0.125 * CHANGE_SCALE, atol=1e-5)
