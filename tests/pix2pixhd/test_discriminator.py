"""The discriminator against the reference's shapes, counts and values."""

from pathlib import Path

import keras
import numpy as np
import pytest

from tf_fsgd.config import DiscriminatorConfig
from tf_fsgd.errors import UserError
from tf_fsgd.pix2pixhd.discriminator import multiscale_discriminator
from tf_fsgd.presets import preset

GOLDEN = Path(__file__).parent / "golden"
LIVE = {"norm": "none", "sees": "change"}  # as the mobile presets have it


def test_paper_discriminator_has_the_reference_shapes_and_count():
    model = multiscale_discriminator(preset("paper").discriminator, 512)
    # Kernel 4 and padding 2: r // 2 + 1 at stride 2, r + 1 at stride 1.
    expected = [
        [(257, 64), (129, 128), (65, 256), (66, 512), (67, 1)],
        [(129, 64), (65, 128), (33, 256), (34, 512), (35, 1)],
    ]
    noise = np.zeros((1, 512, 512, 3), np.float32)
    outputs = model([noise, noise])
    shapes = [[tuple(m.shape) for m in scale] for scale in outputs]
    assert shapes == [[(1, r, r, c) for r, c in scale] for scale in expected]
    widths = [6, 64, 128, 256, 512, 1]
    patch = sum(16 * a * b + b for a, b in zip(widths[:-1], widths[1:], strict=True))
    assert model.count_params() == 2 * patch == 5_535_618


def test_channels_are_capped_at_512():
    model = multiscale_discriminator(DiscriminatorConfig(filters=200, layers=3), 32)
    kernels = [model.get_layer(f"scale1_layer{n}_conv").kernel for n in range(1, 5)]
    assert [kernel.shape[-1] for kernel in kernels] == [200, 400, 512, 512]


def test_normalises_all_but_the_first_and_last():
    config = DiscriminatorConfig(filters=4, scales=1)
    model = multiscale_discriminator(config, 32)
    norms = [layer.name for layer in model.layers if layer.name.endswith("_norm")]
    assert norms == [f"scale1_layer{number}_norm" for number in (2, 3, 4)]


def test_equals_pytorch():
    config = DiscriminatorConfig(filters=3)
    model = multiscale_discriminator(config, 16)
    with np.load(GOLDEN / "discriminator.npz") as file:
        layers = sorted(
            (layer for layer in model.layers if layer.weights),
            key=lambda layer: (layer.name[:6], "logits" in layer.name, layer.name),
        )
        for i, layer in enumerate(layers):
            layer.set_weights([file[f"w{2 * i:02}"], file[f"w{2 * i + 1:02}"]])
        assert f"w{2 * len(layers):02}" not in file
        outputs = model([file["x"][..., :3], file["x"][..., 3:]])
        maps = [each for scale in outputs for each in scale]
        assert len(maps) == 10
        for i, each in enumerate(maps):
            np.testing.assert_allclose(each, file[f"y{i}"], atol=5e-5)


def test_one_scale_is_still_a_list_of_lists():
    model = multiscale_discriminator(DiscriminatorConfig(filters=4, scales=1), 32)
    noise = np.zeros((1, 32, 32, 3), np.float32)
    (maps,) = model([noise, noise])
    assert len(maps) == 5


@pytest.mark.parametrize("scales", [1, 2])
def test_survives_saving(tmp_path, scales):
    config = DiscriminatorConfig(filters=4, scales=scales)
    model = multiscale_discriminator(config, 32)
    model.save(tmp_path / "discriminator.keras")
    loaded = keras.models.load_model(tmp_path / "discriminator.keras")
    noise = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    pairs = zip(model([noise, -noise]), loaded([noise, -noise]), strict=True)
    for maps, loaded_maps in pairs:
        for a, b in zip(maps, loaded_maps, strict=True):
            np.testing.assert_array_equal(a, b)


def test_sees_the_strengths_that_were_asked_for():
    keras.utils.set_random_seed(0)
    config = DiscriminatorConfig(filters=4, layers=1)
    model = multiscale_discriminator(config, 32, edits=2)
    assert [each.name for each in model.inputs] == ["source", "strengths", "image"]
    # Source, image, and a map of each strength, at every scale.
    for scale in (1, 2):
        kernel = model.get_layer(f"scale{scale}_layer1_conv").kernel
        assert kernel.shape == (4, 4, 3 + 3 + 2, 4)
    noise = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    one, same, other = (
        [maps[-1] for maps in model([noise, np.float32([row]), -noise])]
        for row in ([1, 0], [1, 0], [0, -1])
    )
    for logits, logits_again, logits_else in zip(one, same, other, strict=True):
        np.testing.assert_array_equal(logits, logits_again)
        assert np.abs(logits - logits_else).max() > 1e-4


def test_sees_eight_times_the_change_in_the_place_of_the_image():
    keras.utils.set_random_seed(0)
    model = multiscale_discriminator(
        DiscriminatorConfig(filters=4, layers=1, **LIVE), 32
    )
    seen = keras.Model(model.inputs, model.get_layer("pair").output)
    source = np.full((1, 32, 32, 3), 0.5, np.float32)
    pair = np.asarray(seen([source, source + 0.01]))
    np.testing.assert_allclose(pair[..., :3], 0.5)
    np.testing.assert_allclose(pair[..., 3:], 0.08, rtol=1e-5)


def test_tells_half_a_change_from_the_whole():
    """What instance normalisation divides away."""
    keras.utils.set_random_seed(0)
    model = multiscale_discriminator(DiscriminatorConfig(filters=4, **LIVE), 32)
    rng = np.random.default_rng(0)
    source = rng.uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    change = 0.05 * rng.normal(size=source.shape).astype(np.float32)
    whole, half = (
        [np.asarray(maps[-1]) for maps in model([source, source + part * change])]
        for part in (1.0, 0.5)
    )
    for one, other in zip(whole, half, strict=True):
        assert np.abs(one - other).mean() > 0.02 * np.abs(one).mean()


def test_a_change_survives_bfloat16():
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        model = multiscale_discriminator(
            DiscriminatorConfig(filters=4, layers=1, **LIVE), 32
        )
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    seen = keras.Model(model.inputs, model.get_layer("louder").output)
    source = np.full((1, 32, 32, 3), 0.77, np.float32)
    change = np.asarray(seen([source, source + 0.003]))
    np.testing.assert_allclose(change, 0.024, rtol=1e-3)


def test_pixels_are_pooled_before_they_become_channels():
    """A comb of every second pixel is grey at the second scale, not black or white."""
    config = DiscriminatorConfig(filters=4, layers=1, patch=2)
    model = multiscale_discriminator(config, 32)
    seen = keras.Model(model.inputs, model.get_layer("scale2_unfold").output)
    comb = np.zeros((1, 32, 32, 3), np.float32)
    comb[:, :, ::2] = 1
    values = np.asarray(seen([comb, comb]))[0, 2:-2, 2:-2, :3]
    np.testing.assert_allclose(values, 1 / 3, atol=1 / 3)
    assert values.std() < 0.01


@pytest.mark.parametrize("edits", [0, 2])
def test_patches_become_channels(edits):
    config = DiscriminatorConfig(filters=4, layers=1, scales=2, patch=4)
    model = multiscale_discriminator(config, 32, edits)
    kernel = model.get_layer("scale1_layer1_conv").kernel
    # Both images and the strengths, a patch of each.
    assert kernel.shape == (4, 4, (2 * 3 + edits) * 4**2, 4)
    # Maps of 8 and 4 pixels a side, then as ever: r // 2 + 1, then r + 1 twice.
    assert [maps.shape[1] for maps in model.outputs] == [5, 6, 7, 3, 4, 5]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scales": 0}, "discriminator.scales must be at least 1, received 0"),
        ({"layers": 0}, "discriminator.layers must be at least 1, received 0"),
        ({"scales": 4}, "resolution must be at least 32 for 4 .* received 16"),
        ({"patch": 0}, "discriminator.patch must be at least 1, received 0"),
        ({"patch": 4}, "resolution must be at least 32 for 2 .* received 16"),
        ({"patch": 3, "scales": 1}, "multiple of 3 for discriminator.patch 3 at 1 sca"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(UserError, match=message):
        multiscale_discriminator(DiscriminatorConfig(**settings), 16)
