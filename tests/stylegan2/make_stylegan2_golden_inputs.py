"""What the scripts that make golden files feed to each reference implementation."""

import zlib
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
PSI, CUTOFF = 0.7, 3
LR_MULTIPLIER = 0.01


def fill(name, shape, seed, mapping=False):
    """A weight as it could be after training: nothing is 0 or 1 by accident.

    A stream of random numbers for each name, so that order does not matter. Weights of
    the mapping network are as large as their learning rate multiplier makes them.
    """
    values = np.random.RandomState(zlib.crc32(name.encode()) ^ seed).randn(*shape)
    if name.endswith(
        ("bias", "noise_strength", "w_avg", "dlatent_avg", "noise.weight")
    ):
        values *= 0.3
    if mapping:
        values /= LR_MULTIPLIER
    if name.endswith(("affine.bias", "modulation.bias")):  # a style is 1 at first
        values += 1
    return np.asarray(values, np.float32)


def latents(z_dim, count=4):
    return np.random.RandomState(1).randn(count, z_dim).astype(np.float32)


def mixed(w, num_ws, count=2):
    """W+ whose rows come from different w: [count, num_ws, w_dim]."""
    rows = np.arange(num_ws)
    return np.stack([w[(rows + i) % len(w)] for i in range(count)])


def pictures(resolution, count=8):
    """uint8 [count, resolution, resolution, 3]; each has a contrast of its own."""
    state = np.random.RandomState(2)
    contrast = np.linspace(20, 90, count)[:, None, None, None]
    noise = state.randn(count, resolution, resolution, 3)
    return np.clip(128 + contrast * noise, 0, 255).astype(np.uint8)


def to_float(images):
    """uint8 NHWC to float32 NCHW in [-1, 1], as the references take them."""
    return (images.transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)


def to_nhwc(images):
    return np.asarray(images).transpose(0, 2, 3, 1)


def save(name, arrays):
    GOLDEN.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN / f"{name}.npz", **arrays)


def fill_canonical(name, shape, seed):
    """A weight by its name in `architecture.py`: of a variance that keeps activations.

    test_reference_full_size.py fills its networks by the same rule.
    """
    values = np.random.RandomState(zlib.crc32(name.encode()) ^ seed).randn(*shape)
    if name.endswith("kernel"):
        values /= np.sqrt(np.prod(shape[:-1]))
    elif name.endswith(("bias", "noise_strength", "w_avg")):
        values *= 0.3
    if name.endswith("style/bias"):
        values += 1
    return np.asarray(values, np.float32)
