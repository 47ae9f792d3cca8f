"""The conditional translator: at rest it is the photo, and a phone can run it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.presets import preset

EDITS = 2


def tiny_config(**settings):
    blocks = ("blocks", "side_blocks", "detail_blocks", "finest_blocks")
    settings = dict.fromkeys(blocks, 1) | settings
    return GeneratorConfig(kind="modulated", filters=4, **settings)


def images(count=2, side=32):
    random = np.random.default_rng(0)
    return random.uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


@pytest.fixture
def model():
    """As it is before training."""
    keras.utils.set_random_seed(0)
    return build_generator(tiny_config(), 32, EDITS)


@pytest.fixture
def random_model(model):
    """With weights that training could not make worse."""
    rng = np.random.default_rng(1)
    model.set_weights([0.2 * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


def strengths(*rows):
    return np.array(rows, np.float32)


def test_strength_0_is_the_photo_itself(random_model):
    edited = np.asarray(random_model([images(), strengths([0, 0], [0, 1])]))
    np.testing.assert_array_equal(edited[0], images()[0])
    assert np.abs(edited[1] - images()[1]).mean() > 1e-3


def test_starts_as_identity(model):
    edited = model([images(), strengths([1, -2], [3, 0.5])])
    np.testing.assert_array_equal(edited, images())


def test_edits_signs_and_strengths_differ(random_model):
    rows = strengths([1, 0], [-1, 0], [0, 1], [0.5, 0], [1, 1])
    x = np.repeat(images(1), len(rows), axis=0)
    edited = np.asarray(random_model([x, rows]))
    for i in range(len(rows)):
        for j in range(i):
            assert np.abs(edited[i] - edited[j]).max() > 1e-3, (i, j)


def test_each_face_has_strengths_of_its_own(random_model):
    rows = strengths([1, 0], [0, -2])
    together = np.asarray(random_model([images(), rows]))
    for index in range(2):
        alone = random_model([images()[index : index + 1], rows[index : index + 1]])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-5)


def test_a_spike_in_the_photo_is_not_felt_in_the_far_corner(random_model):
    """Nothing is averaged over the picture (compare test_modulation.py)."""
    side = 256
    model = build_generator(tiny_config(), side, EDITS)
    model.set_weights(random_model.get_weights())
    plain, spiked = images(1, side), images(1, side)
    spiked[0, :4, :4] = 100.0
    change = np.abs(
        np.asarray(model([plain, strengths([1, 1])]))
        - np.asarray(model([spiked, strengths([1, 1])]))
    )[0]
    assert change[:8, :8].max() > 1
    assert change[-32:, -32:].max() == 0


def test_output_is_float32_under_mixed_precision():
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_generator(tiny_config(), 32, EDITS)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert model.get_layer("block1_expand").compute_dtype == "bfloat16"
    model.get_layer("change_conv").bias.assign(np.ones(48))
    edited = model([images(), strengths([0, 0], [1, 1])])
    assert edited.dtype == "float32"
    # The photo passes by in float32: bfloat16 would round it to 8 bits.
    np.testing.assert_array_equal(edited[0], images()[0])
    assert np.abs(edited[1] - images()[1]).max() > 0.1


def test_the_mobile_presets_fit_into_3_mb_at_a_byte_a_weight():
    counts = [
        build_generator(preset(f"mobile-{side}").generator, side, 3).count_params()
        for side in (128, 256)
    ]
    assert 2_000_000 < counts[0] < counts[1] < 3_000_000
    # Only what reads and writes a patch grows, from 4x4 to 8x8 pixels, half and a
    # quarter of it; the finest part writes five values a pixel.
    filters = preset("mobile-256").generator.filters
    patch = 3 * (8**2 - 4**2) * (2 * 9 * filters + 1)
    half = 3 * (4**2 - 2**2) * (2 * 9 * (filters * 3 // 4) + 1)
    quarter = (2**2 - 1**2) * (3 * 9 * filters // 2 + 5 * (9 * filters // 2 + 1))
    assert counts[1] - counts[0] == patch + half + quarter


def test_no_feature_map_is_larger_than_quarter_patches_make_it():
    model = build_generator(tiny_config(patch=8), 64, EDITS)
    quarter_patches = 64 // (8 // 4)
    maps = [layer.output.shape for layer in model.layers if layer.output.ndim == 4]
    # Colours, and paint with the gains of two bands of texture.
    assert {shape[-1] for shape in maps if shape[1] > quarter_patches} == {3, 5}
    assert all(len(layer.output.shape) <= 4 for layer in model.layers)


def test_every_weight_learns(model):
    optimizer = keras.optimizers.Adam(1e-2)
    before = model.get_weights()
    target = images()[:, ::-1]
    for _ in range(3):  # the zero kernel lets the gradient through from step 2 on
        with tf.GradientTape() as tape:
            edited = model([images(), strengths([1, -1], [-2, 0.5])])
            loss = tf.reduce_mean(tf.square(edited - target))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
    for variable, old in zip(model.weights, before, strict=True):
        assert np.any(variable.numpy() != old), variable.path


def test_survives_saving(random_model, tmp_path):
    random_model.save(tmp_path / "translator.keras")
    loaded = keras.models.load_model(tmp_path / "translator.keras")
    inputs = [images(), strengths([1, 0], [-1, 2])]
    np.testing.assert_array_equal(loaded(inputs), random_model(inputs))


class Module(tf.Module):
    """What TFLite converts: one face, by its strengths."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.variables_of_keras = [variable.value for variable in model.variables]

    @tf.function(
        input_signature=[
            tf.TensorSpec((1, 32, 32, 3), name="image"),
            tf.TensorSpec((1, EDITS), name="strengths"),
        ]
    )
    def translate(self, image, strengths):
        return self.model([image, strengths], training=False)


def test_tflite_runs_it_by_its_own_operators(random_model):
    module = Module(random_model)
    graph = module.translate.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    # GPU delegates refuse more than four dimensions.
    details = interpreter.get_tensor_details()
    assert max(len(tensor["shape"]) for tensor in details) <= 4
    inputs = {tuple(each["shape"]): each for each in interpreter.get_input_details()}
    for row in ([0, 0], [1, -2]):
        interpreter.set_tensor(inputs[1, 32, 32, 3]["index"], images(1))
        interpreter.set_tensor(inputs[1, EDITS]["index"], strengths(row))
        interpreter.invoke()
        (output,) = interpreter.get_output_details()
        ours = interpreter.get_tensor(output["index"])
        expected = random_model([images(1), strengths(row)])
        np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "resolution", "message"),
    [
        ({}, 40, "must be a multiple of 16, at least 32, .* received 40"),
        ({}, 16, "must be a multiple of 16, at least 32, .* received 16"),
        ({"blocks": -1}, 32, "generator.blocks must be at least 0, received -1"),
        ({"side_blocks": -1}, 32, "generator.side_blocks must be at least 0"),
        ({"patch": 0}, 32, "generator.patch must be at least 1, received 0"),
        ({"patch": 1}, 32, "generator.patch must be even, at least 4, with"),
        ({"patch": 6}, 48, "generator.finest_blocks needs .* of 4, received 1 and 6"),
        ({"detail_blocks": 0}, 32, "generator.finest_blocks needs .* received 0 and 4"),
        ({"patch": 8}, 32, "multiple of 32, at least 64, for generator.patch 8, rec"),
    ],
)
def test_refuses(settings, resolution, message):
    with pytest.raises(UserError, match=message):
        build_generator(tiny_config(**settings), resolution, EDITS)
