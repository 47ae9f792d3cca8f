"""A morph's network: the photos at both ends, a cross-fade before training."""

import keras
import numpy as np
import pytest

from tf_fsgd.config import DiscriminatorConfig, GeneratorConfig
from tf_fsgd.pix2pixhd.discriminator import CHANGE_SCALE, multiscale_discriminator
from tf_fsgd.pix2pixhd.edit_generator import edit_generator
from tf_fsgd.pix2pixhd.growth import grow
from tf_fsgd.pix2pixhd.morph_generator import morph_generator

SIDE = 32
PARTS = dict(filters=4, blocks=1, side_blocks=1, detail_blocks=1, finest_blocks=1)


def network(patch=4, side=SIDE):
    return morph_generator(GeneratorConfig("morph", patch=patch, **PARTS), side)


@pytest.fixture
def faces():
    draw = np.random.default_rng(0)
    return draw.uniform(-1, 1, (3, SIDE, SIDE, 6)).astype(np.float32)


def trained(model, deviation=0.1):
    for number, weight in enumerate(model.weights):
        weight.assign_add(
            keras.random.normal(weight.shape, stddev=deviation, seed=number)
        )
    return model


def faded(faces, times):
    times = times[..., None, None]
    return (1 - times) * faces[..., :3] + times * faces[..., 3:]


def test_both_ends_are_the_photos_bit_for_bit(faces):
    times = np.array([[0], [1], [0.5]], np.float32)
    made = np.asarray(trained(network())([faces, times]))
    np.testing.assert_array_equal(made[0], faces[0, ..., :3])
    np.testing.assert_array_equal(made[1], faces[1, ..., 3:])
    assert np.abs(made[2] - faded(faces, times)[2]).mean() > 0.05


def test_a_new_network_is_the_cross_fade(faces):
    times = np.array([[0.25], [0.5], [0.9]], np.float32)
    made = np.asarray(network()([faces, times]))
    np.testing.assert_allclose(made, faded(faces, times), atol=1e-6)


def test_it_begins_with_an_edits_trunk_that_reads_the_mean_face(faces):
    config = GeneratorConfig("modulated", patch=4, **PARTS)
    source, target = trained(edit_generator(config, SIDE, 3)), network()
    grow(source, target, [None])
    times = np.full((3, 1), 0.5, np.float32)
    made = np.asarray(target([faces, times]))
    np.testing.assert_allclose(made, faded(faces, times), atol=1e-6)
    # One kernel for both faces, halved: the mean of them, as if it were one face.
    mean, strengths = faded(faces, times), np.zeros((3, 3), np.float32)
    for stem in ("stem", "detail_stem", "finest_stem"):
        ours, theirs = (
            keras.Model(model.inputs, model.get_layer(stem).output)
            for model in (target, source)
        )
        np.testing.assert_allclose(
            ours([faces, times]), theirs([mean, strengths]), atol=1e-4
        )
    np.testing.assert_array_equal(
        target.get_layer("block1_project").kernel,
        source.get_layer("block1_project").kernel,
    )


def test_a_larger_one_grows_from_it(faces):
    small, large = trained(network(), 0.02), network(patch=8, side=2 * SIDE)
    grow(small, large)
    kernel = large.get_layer("stem").kernel.numpy().reshape(3, 3, 8, 8, 6, -1)
    own = small.get_layer("stem").kernel.numpy().reshape(3, 3, 4, 4, 6, -1)
    np.testing.assert_allclose(kernel[:, :, ::2, 1::2], own / 4, rtol=1e-6)


def test_the_judge_sees_the_change_of_the_cross_fade(faces):
    config = DiscriminatorConfig(filters=4, scales=1, norm="none", sees="change")
    judge = multiscale_discriminator(config, SIDE, 1, faces=2, between=True)
    seen = keras.Model(judge.inputs, judge.get_layer("pair").output)
    times = np.array([[0.25], [0.5], [1]], np.float32)
    image = faded(faces, times) + 0.125
    assert seen.output_shape == (None, SIDE, SIDE, 6 + 3 + 1)
    shown = np.asarray(seen([faces, times, image]))
    np.testing.assert_array_equal(shown[..., :6], faces)
    np.testing.assert_allclose(shown[..., 6:9], 0.125 * CHANGE_SCALE, atol=1e-5)
