"""Generators against the reference's shapes, counts and values, and the quick form."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.generator import build_generator
from tf_fsgd.presets import preset

GOLDEN = Path(__file__).parent / "golden"


def reference_config(**settings):
    form = {"norm": "instance", "residual": False, "strided_ends": False}
    return GeneratorConfig(**{**form, **settings})


# The forms without normalisation: what `quick` is, and with ends at full resolution.
FORMS = [
    {"kind": "global"},
    {"kind": "global", "strided_ends": False},
    {"kind": "local", "strided_ends": False},
]


def images(resolution, count=2):
    random = np.random.default_rng(0)
    size = (count, resolution, resolution, 3)
    return random.uniform(-1, 1, size).astype(np.float32)


def count(cin, cout, kernel):
    return kernel * kernel * cin * cout + cout


def trunk_count(filters, halvings, blocks):
    strided = [(filters * 2**i, filters * 2 ** (i + 1)) for i in range(halvings)]
    width = filters * 2**halvings
    return (
        count(3, filters, 7)
        + sum(count(a, b, 3) + count(b, a, 3) for a, b in strided)
        + blocks * 2 * count(width, width, 3)
    )


def test_paper_generator_has_the_reference_shapes_and_182_4_million_weights():
    model = build_generator(preset("paper").generator, 512)
    assert model.count_params() == 182_443_267
    assert model.count_params() == trunk_count(64, 4, 9) + count(64, 3, 7)
    expected = {
        "stem_conv": (512, 64),
        "down1_conv": (256, 128),
        "down2_conv": (128, 256),
        "down3_conv": (64, 512),
        "down4_conv": (32, 1024),
        **{f"block{number}_add": (32, 1024) for number in range(1, 10)},
        "up1_crop": (64, 512),
        "up2_crop": (128, 256),
        "up3_crop": (256, 128),
        "up4_crop": (512, 64),
        "translated": (512, 3),
    }
    shapes = {name: model.get_layer(name).output.shape for name in expected}
    assert shapes == {n: (None, r, r, c) for n, (r, c) in expected.items()}
    # One normalisation for every convolution but the last.
    norms = [layer for layer in model.layers if layer.name.endswith("_norm")]
    assert len(norms) == 1 + 4 + 2 * 9 + 4
    kernel = model.get_layer("block9_2_conv").kernel
    assert float(keras.ops.std(kernel)) == pytest.approx(0.02, rel=0.01)


def test_local_enhancer_has_the_reference_count():
    model = build_generator(
        reference_config(kind="local", filters=8, downsamplings=4, blocks=9), 64
    )
    local = count(3, 8, 7) + count(8, 16, 3) + 3 * 2 * count(16, 16, 3)
    local += count(16, 8, 3) + count(8, 3, 7)
    assert model.count_params() == trunk_count(16, 4, 9) + local


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("global", {"filters": 4, "downsamplings": 2, "blocks": 2}),
        ("local", {"filters": 2, "downsamplings": 1, "blocks": 1}),
    ],
)
def test_equals_pytorch(name, settings):
    model = build_generator(reference_config(kind=name, **settings), 16)
    with np.load(GOLDEN / f"{name}.npz") as file:
        # PyTorch's order: the trunk, then what is local, then the last convolution.
        layers = sorted(
            (layer for layer in model.layers if layer.weights),
            key=lambda layer: (
                layer.name == "head_conv",
                layer.name.startswith("local_"),
            ),
        )
        for i, layer in enumerate(layers):
            layer.set_weights([file[f"w{2 * i:02}"], file[f"w{2 * i + 1:02}"]])
        assert f"w{2 * len(layers):02}" not in file
        np.testing.assert_allclose(model(file["x"]), file["y0"], atol=2e-5)


@pytest.mark.parametrize("form", FORMS)
def test_quick_generator_starts_as_identity(form):
    model = build_generator(GeneratorConfig(**form, filters=4), 32)
    np.testing.assert_array_equal(model(images(32)), images(32))


def test_quick_generator_has_3_8_million_weights_and_no_map_at_full_resolution():
    config = preset("quick").generator
    model = build_generator(config, 128)
    strided = (
        count(48, 96, 3) + count(96, 48, 3) + count(96, 192, 3) + count(192, 96, 3)
    )
    assert model.count_params() == (
        count(3, 48, 6)
        + strided
        + config.blocks * 2 * count(192, 192, 3)
        + count(48, 48, 3)
        + count(12, 3, 7)
    )
    widest = {layer.output.shape[-1] for layer in model.layers if big(layer, 128)}
    assert widest == {3, 12}


def big(layer, side):
    return layer.output.shape[1] >= side


def test_quick_generator_is_not_clipped():
    model = build_generator(GeneratorConfig(filters=4, blocks=1), 32)
    model.get_layer("head_conv").bias.assign([3.0, 3.0, 3.0])
    np.testing.assert_allclose(model(images(32)), images(32) + 3.0, rtol=1e-6)


def test_quick_generator_keeps_the_scale_of_its_features():
    keras.utils.set_random_seed(0)
    model = build_generator(GeneratorConfig(filters=16), 32)
    names = ("down3_relu", "up1_relu", "up2_relu", "unfold_relu")
    features = keras.Model(model.input, [model.get_layer(n).output for n in names])
    before, *after = [float(keras.ops.mean(f**2)) for f in features(images(32))]
    for power in after:
        assert before / 3 < power < before * 3


@pytest.mark.parametrize("form", FORMS)
def test_every_weight_learns(form):
    keras.utils.set_random_seed(0)
    config = GeneratorConfig(**form, filters=4, downsamplings=2, blocks=2)
    model = build_generator(config, 16)
    optimizer = keras.optimizers.Adam(1e-2)
    before = model.get_weights()
    for _ in range(3):  # zero kernels let the gradient through from the next step on
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images(16)) + images(16)[:, ::-1]))
        optimizer.apply(
            tape.gradient(loss, model.trainable_variables), model.trainable_variables
        )
    for variable, old in zip(model.weights, before, strict=True):
        assert np.any(variable.numpy() != old), variable.path


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_output_is_float32_under_mixed_precision(precision, residual):
    config = GeneratorConfig(filters=4, blocks=1, norm="instance", residual=residual)
    keras.mixed_precision.set_dtype_policy(precision)
    try:
        model = build_generator(config, 32)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert model.get_layer("stem_conv").compute_dtype == precision.partition("_")[2]
    result = model(images(32))
    assert result.dtype == "float32"
    assert np.isfinite(result).all()


@pytest.mark.parametrize("config", [GeneratorConfig(), reference_config()])
def test_survives_saving(config, tmp_path):
    config.filters = 4
    model = build_generator(config, 32)
    model.get_layer("head_conv").bias.assign([0.1, 0.2, 0.3])
    model.save(tmp_path / "translator.keras")
    loaded = keras.models.load_model(tmp_path / "translator.keras")
    np.testing.assert_array_equal(loaded(images(32)), model(images(32)))


@pytest.mark.parametrize(
    ("settings", "resolution", "message"),
    [
        ({"kind": "unet"}, 32, "generator.kind must be one of global, local"),
        ({"norm": "batch"}, 32, "generator.norm must be one of none, instance"),
        ({"filters": 0}, 32, "generator.filters must be at least 1, received 0"),
        ({"blocks": -1}, 32, "generator.blocks must be at least 0, received -1"),
        ({}, 100, "multiple of 8, at least 16, for 3 halvings, received 100"),
        ({}, 8, "multiple of 8, at least 16, for 3 halvings, received 8"),
        ({"kind": "local", "strided_ends": False}, 24, "multiple of 16, at least 32"),
        ({"kind": "local"}, 32, "strided_ends needs generator.kind global"),
        ({"downsamplings": 0}, 32, "strided_ends needs .* received global and 0"),
        ({"filters": 3}, 32, "generator.filters must be even"),
    ],
)
def test_refuses(settings, resolution, message):
    with pytest.raises(UserError, match=message):
        build_generator(GeneratorConfig(**settings), resolution)
