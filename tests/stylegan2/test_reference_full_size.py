"""Full-size networks against NVIDIA's PyTorch code.

Their weights are drawn here and, by the same rule, in make_stylegan2_golden_full.py;
golden/full_*.npz has parts of the reference's pictures and its logits.
"""

import zlib
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_fsgd.stylegan2.architecture import (
    Architecture,
    config_e,
    config_f,
    discriminator_shapes,
    mapping_shapes,
    synthesis_shapes,
    widths,
)
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint
from tf_fsgd.stylegan2.model import StyleGAN2

GOLDEN = Path(__file__).parent / "golden"
SEED = 20


def ada_256_half():
    """stylegan2-ada's `auto` configuration at 256 px, and `paper256`'s widths."""
    channels = widths(256, 16_384)
    return Architecture(
        256, channels, mapping_layers=2, discriminator_channels=channels
    )


def fill(shapes):
    """`fill_canonical` of make_stylegan2_golden_inputs.py."""
    weights = {}
    for name, shape in shapes.items():
        state = np.random.RandomState(zlib.crc32(name.encode()) ^ SEED)
        values = state.randn(*shape)
        if name.endswith("kernel"):
            values /= np.sqrt(np.prod(shape[:-1]))
        elif name.endswith(("bias", "noise_strength", "w_avg")):
            values *= 0.3
        if name.endswith("style/bias"):
            values += 1
        weights[name] = np.asarray(values, np.float32)
    return weights


def random_model(architecture):
    checkpoint = Checkpoint(
        "random",
        architecture,
        fill(mapping_shapes(architecture)),
        fill(synthesis_shapes(architecture)),
        fill(discriminator_shapes(architecture)),
    )
    return StyleGAN2.from_checkpoint(checkpoint)


def pictures(resolution, count):
    """`pictures` of make_stylegan2_golden_inputs.py, [-1, 1]."""
    contrast = np.linspace(20, 90, count)[:, None, None, None]
    noise = np.random.RandomState(2).randn(count, resolution, resolution, 3)
    images = np.clip(128 + contrast * noise, 0, 255).astype(np.uint8)
    return (images / 127.5 - 1).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [config_e, config_f, ada_256_half])
def test_full_size_network_equals_the_reference(architecture):
    name = architecture.__name__
    with np.load(GOLDEN / f"full_{name}.npz") as file:
        golden = dict(file)
    count, model = len(golden["w"]), random_model(architecture())
    z = np.random.RandomState(1).randn(count, 512).astype(np.float32)
    atol = 1e-5 * np.abs(golden["w"]).max()
    np.testing.assert_allclose(model.mapping(z), golden["w"], atol=atol)

    images = np.asarray(model(z))
    size = images.shape[1]
    middle = slice(size // 2 - 8, size // 2 + 8)
    small = keras.ops.average_pool(images, size // 16, size // 16)
    # 1e-4 on [-1, 1]; pictures of random weights reach further.
    atol = 1e-4 * np.abs(images).max()
    np.testing.assert_allclose(images[:, -16:, :16], golden["corner"], atol=atol)
    np.testing.assert_allclose(images[:, middle, middle], golden["middle"], atol=atol)
    np.testing.assert_allclose(small, golden["small"], atol=atol)

    logits = model.discriminator(pictures(size, count))
    np.testing.assert_allclose(logits, golden["logits"], rtol=1e-4)
