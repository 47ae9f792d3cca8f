"""The networks: names and shapes of their weights, batches, precisions, TFLite."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import ops

from tf_fsgd.stylegan2.architecture import (
    Architecture,
    discriminator_shapes,
    mapping_shapes,
    synthesis_shapes,
)
from tf_fsgd.stylegan2.discriminator import discriminator_network
from tf_fsgd.stylegan2.model import named_variables
from tf_fsgd.stylegan2.synthesis import freeze, mapping_network, synthesis_network

TINY = Architecture(
    16,
    (16, 12, 8),
    mapping_layers=2,
    z_dim=10,
    w_dim=14,
    discriminator_channels=(16, 12, 8),
)


def randomised(network, seed=0):
    rng = np.random.default_rng(seed)
    for weight in network.weights:
        weight.assign(rng.normal(size=weight.shape))
    return network


def styles(count=3, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, TINY.num_ws, TINY.w_dim)).astype(np.float32)


@pytest.mark.parametrize(
    ("build", "shapes"),
    [
        (mapping_network, mapping_shapes(TINY)),
        (synthesis_network, synthesis_shapes(TINY)),
        (discriminator_network, discriminator_shapes(TINY)),
    ],
)
def test_weights_are_those_of_the_architecture(build, shapes):
    variables = named_variables(build(TINY))
    shapes.pop("w_avg", None)
    assert {name: tuple(v.shape) for name, v in variables.items()} == shapes


def test_mapping_ignores_the_length_of_z():
    mapping = randomised(mapping_network(TINY))
    z = np.random.default_rng(2).normal(size=(2, 10)).astype(np.float32)
    np.testing.assert_allclose(mapping(z), mapping(7 * z), rtol=1e-4, atol=1e-4)


def test_mapping_of_one_layer_by_hand():
    mapping = mapping_network(
        Architecture(8, (4, 4), mapping_layers=1, z_dim=2, w_dim=2)
    )
    mapping.set_weights([np.eye(2), np.zeros(2)])
    # (3, -4) has a root mean square of sqrt(12.5).
    w = mapping(np.array([[3, -4]], np.float32))
    np.testing.assert_allclose(w, [[1.2, -0.2 * 1.6]], rtol=1e-6)


def test_each_row_of_ws_moves_the_picture():
    synthesis = randomised(synthesis_network(TINY))
    ws = styles(1)
    image = synthesis(ws)
    for row in range(TINY.num_ws):
        other = ws.copy()
        other[:, row] += 1
        assert np.abs(synthesis(other) - image).max() > 1e-3, row


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_a_batch_equals_its_pictures_one_by_one(dtype):
    synthesis = freeze(randomised(synthesis_network(TINY, dtype=dtype)))
    ws = styles()
    together = synthesis.predict_on_batch(ws)
    apart = [synthesis.predict_on_batch(ws[i : i + 1]) for i in range(3)]
    error = np.abs(together - np.concatenate(apart)).max() / together.std()
    assert error < (1e-5 if dtype == "float32" else 0.15)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_less_precision_draws_almost_the_same(dtype):
    exact = randomised(synthesis_network(TINY))
    rough = synthesis_network(TINY, dtype=dtype)
    rough.set_weights(exact.get_weights())
    # So large that styles times activations exceed what float16 can hold.
    for scale in (1, 1e4):
        image, other = exact(scale * styles()), rough(scale * styles())
        assert other.dtype == "float32"
        assert np.abs(image - other).max() / np.std(image) < 0.15


def test_noise_mode_is_one_of_three():
    with pytest.raises(ValueError, match="noise_mode must be one of const, random, no"):
        synthesis_network(TINY, noise_mode="constant")


@pytest.mark.parametrize("clamp", [None, 0.5])
def test_discriminator_equals_itself_in_half_precision(clamp):
    architecture = Architecture(**TINY.to_dict() | {"discriminator_clamp": clamp})
    exact = discriminator_network(architecture)
    rough = discriminator_network(architecture, dtype="mixed_float16")
    rough.set_weights(exact.get_weights())
    images = np.random.default_rng(3).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)
    logits = exact(images)
    assert logits.shape == (4, 1)
    np.testing.assert_allclose(rough(images), logits, atol=0.05)


def test_discriminator_judges_a_batch_together():
    network = discriminator_network(TINY)
    images = np.random.default_rng(3).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    alike = network(np.repeat(images[:1], 2, axis=0))[0]
    assert np.abs(alike - network(images)[0]) > 1e-6
    np.testing.assert_allclose(alike, network(images[:1])[0], atol=1e-6)


def test_no_discriminator_without_widths():
    with pytest.raises(ValueError, match="no discriminator_channels"):
        discriminator_network(Architecture(8, (4, 4)))


@pytest.mark.parametrize("noise_mode", ["const", "random"])
def test_networks_survive_a_file(noise_mode, tmp_path):
    network = randomised(synthesis_network(TINY, noise_mode))
    network.save(tmp_path / "synthesis.keras")
    again = keras.saving.load_model(tmp_path / "synthesis.keras")
    assert named_variables(again).keys() == named_variables(network).keys()
    if noise_mode == "const":
        np.testing.assert_array_equal(again(styles()), network(styles()))


def test_synthesis_converts_to_tflite_with_its_own_operators_only():
    network = randomised(synthesis_network(TINY))
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]
    signature = tf.TensorSpec((1, TINY.num_ws, TINY.w_dim), tf.float32, name="ws")
    function = tf.function(lambda ws: network(ws), input_signature=[signature])
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = Interpreter(model_content=converter.convert())
    run = interpreter.get_signature_runner()
    ws = styles(1)
    (image,) = run(ws=ws).values()
    expected = ops.convert_to_numpy(network(ws))
    np.testing.assert_allclose(image, expected, atol=1e-4 * expected.std())
    ranks = {len(tensor["shape"]) for tensor in interpreter.get_tensor_details()}
    assert max(ranks) <= 4
