"""The embedded teacher: its parts by hand, the whole against the OpenVINO runtime."""

import zipfile

import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.errors import UserError
from tf_fsgd.latents.sampling import broadcast, truncate, z_from_seeds
from tf_fsgd.stylegan2.checkpoints.mobile_weights import haar_order
from tf_fsgd.stylegan2.checkpoints.wheel import fetch_wheel
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.stylegan2.mobile import (
    HaarUpsample,
    ModulatedConv,
    one_by_one,
    synthesis_network,
)


def test_haar_upsample_by_hand():
    bands = np.array([8.0, 4.0, 2.0, 6.0], np.float32).reshape(1, 1, 1, 4)
    image = HaarUpsample()([bands, np.ones((1, 4), np.float32)])
    # (8 + 4 + 2 + 6) / 2, (8 + 4 - 2 - 6) / 2, (8 - 4 + 2 - 6) / 2, (8 - 4 - 2 + 6) / 2
    np.testing.assert_allclose(np.asarray(image)[0, :, :, 0], [[10, 2], [0, 4]])


def test_haar_upsample_has_the_gradient_of_its_formula():
    rng = np.random.default_rng(0)
    x, style = (
        tf.constant(rng.normal(size=shape), tf.float32)
        for shape in [(1, 3, 5, 8), (1, 8)]
    )
    towards = tf.constant(rng.normal(size=(1, 6, 10, 2)), tf.float32)

    def formula(inputs):
        ll, lh, hl, hh = tf.split(inputs[0] * inputs[1][:, None, None], 4, axis=-1)
        signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]  # of a and b, pixel by pixel
        pixels = [(ll + a * lh + b * hl + a * b * hh) / 2 for a, b in signs]
        return tf.nn.depth_to_space(tf.concat(pixels, axis=-1), 2)

    results = []
    for function in (HaarUpsample(), formula):
        with tf.GradientTape() as tape:
            tape.watch([x, style])
            image = function([x, style])
            loss = tf.reduce_sum(image * towards)
        results.append([image, *tape.gradient(loss, [x, style])])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_haar_order_makes_bands_contiguous():
    # Two channels: LL of both, then (LH, HL, HH) of each.
    assert haar_order(8).tolist() == [0, 1, 2, 5, 3, 6, 4, 7]


@pytest.mark.parametrize("kernel_size", [1, 3])
def test_modulation_scales_input_channels(kernel_size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1, 4, 4, 3)).astype(np.float32)
    style = rng.normal(size=(1, 3)).astype(np.float32)
    layer = ModulatedConv(5, kernel_size)
    ones = np.ones_like(style)
    expected = layer([x * style[:, None, None], ones])
    np.testing.assert_allclose(layer([x, style]), expected, atol=1e-5)


@pytest.mark.parametrize("factor", [2, 8])
def test_a_smaller_picture_is_the_mean_of_the_full_one(factor):
    channels = (8, 8, 4)
    full = synthesis_network(channels)
    small = synthesis_network(channels, factor=factor)
    _randomise(full)
    for layer in small.layers:
        weights = full.get_layer(layer.name).get_weights() if layer.weights else []
        if layer.name == "to_img":
            weights = [
                array.reshape(*array.shape[:-1], 4, 3).mean(axis=-2)
                for array in weights
            ]
        layer.set_weights(weights)
    ws = np.random.default_rng(0).normal(size=(1, 6, 512)).astype(np.float32)
    picture = np.asarray(full(ws))
    side = 32 // factor
    means = picture.reshape(1, side, factor, side, factor, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small(ws), means, atol=1e-4)


def test_a_face_is_the_same_in_every_batch():
    network = synthesis_network((8, 8, 4))
    _randomise(network)
    ws = np.random.default_rng(0).normal(size=(3, 6, 512)).astype(np.float32)
    batch = one_by_one(network).predict_on_batch(ws)
    alone = [network.predict_on_batch(row[None])[0] for row in ws]
    assert not np.array_equal(batch[0], batch[1])
    np.testing.assert_array_equal(batch, alone)


def _randomise(network):
    """Keras starts biases at 0, which would hide where they go."""
    rng = np.random.default_rng(1)
    for weight in network.weights:
        weight.assign(rng.normal(size=weight.shape, scale=0.1))


@pytest.mark.slow
def test_equals_the_openvino_runtime(teacher, tmp_path):
    openvino = pytest.importorskip("openvino")
    with zipfile.ZipFile(fetch_wheel()) as wheel:
        wheel.extractall(tmp_path)
    core = openvino.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    data = tmp_path / "random_face" / "data"
    mapping, synthesis = (
        core.compile_model(data / f"{name}.xml", "CPU", exact)
        for name in ("MappingNetwork", "SynthesisNetwork")
    )
    z = z_from_seeds([0, 1])
    w = teacher.mapping(z)
    reference = np.concatenate([mapping([z[i : i + 1]])[0] for i in range(2)])
    assert np.abs(w - reference).max() < 1e-5

    w = truncate(w, teacher.w_avg, 0.7)
    images = teacher.synthesis(broadcast(w, teacher.num_ws))
    reference = np.concatenate([synthesis([w[i : i + 1]])[0] for i in range(2)])
    assert images.shape == (2, 1024, 1024, 3)
    assert np.abs(images - reference.transpose(0, 2, 3, 1)).max() < 1e-3

    small = teacher.synthesis(broadcast(w, teacher.num_ws), resolution=128)
    means = images.reshape(2, 128, 8, 128, 8, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(small, means, atol=1e-4)


def test_user_mistakes_are_named(teacher):
    ws = np.zeros((1, teacher.num_ws, 512), np.float32)
    with pytest.raises(UserError, match="noise_mode must be one of const"):
        teacher.synthesis(ws, noise_mode="loud")
    with pytest.raises(UserError, match="resolution must be 1024 divided"):
        teacher.synthesis(ws, resolution=100)
    with pytest.raises(UserError, match="teacher must be mobile-ffhq, an"):
        load_teacher("nobody")
