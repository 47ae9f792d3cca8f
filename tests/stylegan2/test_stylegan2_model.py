"""The whole model: truncation, noise modes, files, checkpoints."""

import keras
import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.architecture import (
    Architecture,
    discriminator_shapes,
    mapping_shapes,
    synthesis_shapes,
)
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint
from tf_fsgd.stylegan2.model import StyleGAN2, assign_weights, named_variables

TINY = Architecture(
    8, (6, 4), mapping_layers=2, z_dim=5, w_dim=7, discriminator_channels=(6, 4)
)


def checkpoint(architecture=TINY):
    rng = np.random.default_rng(0)
    parts = (
        {
            name: rng.normal(size=shape).astype(np.float32)
            for name, shape in part.items()
        }
        for part in (
            mapping_shapes(architecture),
            synthesis_shapes(architecture),
            discriminator_shapes(architecture),
        )
    )
    return Checkpoint("a test", architecture, *parts)


@pytest.fixture(scope="module")
def model():
    return StyleGAN2.from_checkpoint(checkpoint())


@pytest.fixture
def z():
    return np.random.default_rng(1).normal(size=(3, 5)).astype(np.float32)


def ws_of(model, z):
    return np.repeat(model.mapping(z)[:, None], TINY.num_ws, axis=1)


def test_every_weight_is_the_checkpoints(model):
    given = checkpoint()
    for network, weights in (
        (model.mapping, given.mapping),
        (model.synthesis_network(), given.synthesis),
        (model.discriminator, given.discriminator),
    ):
        variables = named_variables(network)
        for name in variables:
            np.testing.assert_array_equal(variables[name], weights[name], err_msg=name)
    np.testing.assert_array_equal(model.w_avg, given.mapping["w_avg"])


def test_a_broken_checkpoint_is_refused():
    broken = checkpoint()
    del broken.synthesis["b8.conv0/bias"]
    with pytest.raises(UserError, match="synthesis b8.conv0/bias must have shape"):
        StyleGAN2.from_checkpoint(broken)


def test_every_weight_is_given_exactly_once(model):
    weights = checkpoint().synthesis
    weights["b8.conv2/bias"] = weights.pop("b8.conv1/bias")
    with pytest.raises(ValueError, match="b8.conv1/bias, b8.conv2/bias"):
        assign_weights(model.synthesis_network(), weights)


def test_call_without_truncation_is_mapping_then_synthesis(model, z):
    np.testing.assert_allclose(
        model(z), model.synthesis(ws_of(model, z)), atol=1e-4, rtol=1e-4
    )


def test_psi_of_zero_draws_the_mean_face(model, z):
    images = model(z, truncation_psi=0.0)
    mean = np.broadcast_to(model.w_avg, (1, TINY.num_ws, 7))
    np.testing.assert_allclose(images[2], model.synthesis(mean)[0], atol=1e-4)


def test_the_cutoff_truncates_the_coarse_rows_only(model, z):
    ws, w_avg = ws_of(model, z), np.asarray(model.w_avg)
    ws[:, :2] = w_avg + 0.5 * (ws[:, :2] - w_avg)
    images = model(z, truncation_psi=0.5, truncation_cutoff=2)
    np.testing.assert_allclose(images, model.synthesis(ws), atol=1e-4, rtol=1e-4)


def test_noise_modes_share_the_weights(model, z):
    ws = ws_of(model, z)
    const, none = model.synthesis(ws), model.synthesis(ws, "none")
    random, again = model.synthesis(ws, "random"), model.synthesis(ws, "random")
    for one, other in ((const, none), (const, random), (random, again)):
        assert np.abs(one - other).max() > 1e-3
    assert (
        model.synthesis_network("random").get_layer("b8.conv0").kernel
        is model.synthesis_network().get_layer("b8.conv0").kernel
    )


@pytest.mark.parametrize("noise_mode", ["const", "none"])
def test_a_frozen_network_draws_the_same(model, z, noise_mode):
    network = model.synthesis_network(noise_mode, frozen=True)
    ws = ws_of(model, z)
    image = model.synthesis(ws, noise_mode)
    error = np.abs(network.predict_on_batch(ws) - image)
    assert error.max() < 1e-4 * np.std(image)


@pytest.mark.parametrize("discriminator", [True, False])
def test_a_model_survives_a_file(discriminator, z, tmp_path):
    widths = TINY.discriminator_channels if discriminator else ()
    architecture = Architecture(
        **TINY.to_dict() | {"discriminator_channels": widths, "conv_clamp": 256.0}
    )
    model = StyleGAN2.from_checkpoint(checkpoint(architecture))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.architecture == architecture
    np.testing.assert_array_equal(again.w_avg, model.w_avg)
    images = model(z, truncation_psi=0.7)
    np.testing.assert_array_equal(again(z, truncation_psi=0.7), images)
    if discriminator:
        np.testing.assert_array_equal(
            again.discriminator(images), model.discriminator(images)
        )
    else:
        assert again.discriminator is None
