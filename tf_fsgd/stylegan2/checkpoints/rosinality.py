"""Checkpoints of rosinality/stylegan2-pytorch: `.pt` files of `torch.save`.

They hold a dictionary with state dictionaries: `g_ema`, the moving average of the
generator and the one to draw with, and maybe `g`, `d` and optimisers; converted ones
also `latent_avg`, the mean of w. Where there is none, it is the mean of 16,384 draws.
PyTorch's wrappers put `module.` or `_orig_mod.` before all names of a dictionary.

Nothing but arrays is stored, so sizes come from their shapes, and three settings are
the repository's own, which no option of it changes: the learning rate of the mapping
network (`lr_mlp`, 0.01), leaky ReLU, and groups of four in the discriminator.
"""

import math
import re
from typing import Any

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint, Weights
from tf_fsgd.stylegan2.checkpoints.inert_objects import Globals, shown
from tf_fsgd.stylegan2.checkpoints.torch_tensors import TENSORS, Tensor
from tf_fsgd.stylegan2.checkpoints.weights import (
    fold_mapping,
    fold_synthesis,
    if_usable,
    resolutions,
    taps,
    with_discriminator,
)

GLOBALS: Globals = TENSORS
"""What these files ask for beyond containers."""

_WRAPPERS = ("module.", "_orig_mod.")  # DataParallel, torch.compile
_LRMUL = 0.01
_GROUP_SIZE = 4
_DRAWS = 16_384
_LONGEST = 8_192  # of z and w, for the mean of w is taken over so many draws


def read_state(content: Any) -> Checkpoint:
    """Reads `g_ema`, `latent_avg` and `d`.

    Args:
        content: What the file holds: the dictionary, or `g_ema` alone.

    Raises:
        UserError: If it is something else, or a weight is missing.
    """
    content = _named(content)
    generator = next(
        (named for key in ("g_ema", "g") if (named := _named(content.get(key)))),
        content,
    )
    if not isinstance(generator.get("to_rgb1.bias"), Tensor):
        keys = ", ".join(shown(key) for key in list(generator)[:3])
        raise UserError(
            "a file of torch.save without a generator of rosinality's StyleGAN2 "
            f"(its keys: {keys or 'none'})"
        )
    checkpoint = _read_generator(generator, content.get("latent_avg"))
    checkpoint.check()
    if "latent_avg" not in content:
        checkpoint.mapping["w_avg"] = _mean_w(checkpoint)
    if discriminator := _named(content.get("d")):
        return _with_discriminator(checkpoint, discriminator)
    return checkpoint


def _named(state: Any) -> dict:
    """A dictionary without wrappers' prefixes, and without names that hold nothing."""
    if not isinstance(state, dict):
        return {}
    state = {key: value for key, value in state.items() if value is not None}
    for prefix in _WRAPPERS * 2:  # one in the other, in either order
        if all(isinstance(key, str) and key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): state[key] for key in state}
    return state


def _count(state: dict, pattern: str) -> int:
    """The largest number in keys that begin so: a gap must not shorten a network."""
    found = (re.match(pattern, key) for key in state if isinstance(key, str))
    return max((int(match[1]) for match in found if match), default=-1)


def _read_generator(state: dict, latent_avg: Any) -> Checkpoint:
    count = _count(state, r"to_rgbs\.(\d{1,4})\.") + 1
    sizes = resolutions({4 * 2**index for index in range(min(count, 16) + 1)})
    channels = _get(state, "to_rgb1.bias").size
    if channels != 3:
        raise UserError(f"its pictures have {channels} channels; only RGB is supported")
    weights = fold_synthesis(_synthesis(state, sizes))
    raw = {}
    for index in range(_count(state, r"style\.(\d{1,4})\.")):  # style.0 normalises z
        raw |= _dense(state, f"style.{index + 1}", f"dense{index}")
    if not raw:
        raise UserError("a file of torch.save whose mapping network has no layers")
    mapping = fold_mapping(raw, _LRMUL)
    architecture = Architecture(
        resolution=sizes[-1],
        channels=tuple(weights[f"b{size}.conv1/bias"].size for size in sizes),
        mapping_layers=len(raw) // 2,
        z_dim=raw["dense0/kernel"].shape[0],
        w_dim=weights["b4.conv1.style/kernel"].shape[0],
        resample_filter=taps(_get(state, "convs.0.conv.blur.kernel", 2)),
    )
    mapping["w_avg"] = (
        np.zeros(architecture.w_dim, np.float32)
        if latent_avg is None
        else _get({"latent_avg": latent_avg}, "latent_avg").reshape(-1)
    )
    return Checkpoint(
        format="rosinality stylegan2-pytorch checkpoint",
        architecture=architecture,
        mapping=mapping,
        synthesis=weights,
        discriminator={},
    )


def _synthesis(state: dict, sizes: list[int]) -> Weights:
    constant = _get(state, "input.input", 4)
    raw = {"input/constant": constant.transpose(0, 2, 3, 1)}
    for layer in range(2 * len(sizes) - 1):
        size = sizes[(layer + 1) // 2]
        up = layer % 2 == 1
        name = f"b{size}.conv{0 if up else 1}"
        source = f"convs.{layer - 1}" if layer else "conv1"
        kernel = _kernel(state, source)
        raw |= _dense(state, f"{source}.conv.modulation", f"{name}.style")
        raw[f"{name}/kernel"] = kernel.transpose((2, 3, 0, 1) if up else (2, 3, 1, 0))
        raw[f"{name}/bias"] = _get(state, f"{source}.activate.bias").reshape(-1)
        raw[f"{name}/noise"] = _noise(state, layer, size)
        strength = _get(state, f"{source}.noise.weight")
        raw[f"{name}/noise_strength"] = strength.squeeze()
    for index, size in enumerate(sizes):
        source = f"to_rgbs.{index - 1}" if index else "to_rgb1"
        kernel = _kernel(state, source)
        name = f"b{size}.to_rgb"
        raw |= _dense(state, f"{source}.conv.modulation", f"{name}.style")
        raw[f"{name}/kernel"] = kernel.transpose(2, 3, 1, 0)
        raw[f"{name}/bias"] = _get(state, f"{source}.bias").reshape(-1)
    return raw


def _noise(state: dict, layer: int, size: int) -> np.ndarray:
    """Files from before February 2020 have no constant noise, so none is applied."""
    if not any(str(key).startswith("noises.") for key in state):
        return np.zeros((size, size))
    noise = _get(state, f"noises.noise_{layer}", 4)
    return noise[0, 0] if noise.shape[:2] == (1, 1) else noise


@if_usable
def _with_discriminator(checkpoint: Checkpoint, state: dict) -> Checkpoint:
    sizes = checkpoint.architecture.resolutions
    raw = _convolution(state, "convs.0", 0, f"b{sizes[-1]}.from_rgb")
    for index, size in enumerate(reversed(sizes[1:]), start=1):
        source, name = f"convs.{index}", f"b{size}"
        raw |= _convolution(state, f"{source}.conv1", 0, f"{name}.conv0")
        raw |= _convolution(state, f"{source}.conv2", 1, f"{name}.conv1")
        kernel = _get(state, f"{source}.skip.1.weight", 4)
        raw[f"{name}.skip/kernel"] = kernel.transpose(2, 3, 1, 0)
    raw |= _convolution(state, "final_conv", 0, "b4.conv")
    raw |= _dense(state, "final_linear.0", "b4.fc")
    raw |= _dense(state, "final_linear.1", "b4.out")
    kernel = _get(state, "convs.1.conv2.0.kernel", 2)
    return with_discriminator(checkpoint, raw, taps(kernel), None, _GROUP_SIZE)


def _convolution(state: dict, source: str, at: int, name: str) -> Weights:
    """A `Sequential` of convolution and activation; the latter has the bias."""
    kernel = _get(state, f"{source}.{at}.weight", 4)
    return {
        f"{name}/kernel": kernel.transpose(2, 3, 1, 0),
        f"{name}/bias": _get(state, f"{source}.{at + 1}.bias").reshape(-1),
    }


def _dense(state: dict, source: str, name: str) -> Weights:
    return {
        f"{name}/kernel": _get(state, f"{source}.weight", 2).T,
        f"{name}/bias": _get(state, f"{source}.bias", 1),
    }


def _kernel(state: dict, source: str) -> np.ndarray:
    """Of a modulated convolution, `[out, in, h, w]` behind an axis of 1."""
    kernel = _get(state, f"{source}.conv.weight", 5)
    if kernel.shape[0] != 1:
        raise UserError(f"{source}.conv.weight has shape {kernel.shape}")
    return kernel[0]


def _get(state: dict, name: str, rank: int | None = None) -> np.ndarray:
    found = state.get(name)
    if not isinstance(found, Tensor) or rank not in (None, len(found.shape)):
        raise UserError(f"a file of torch.save without a usable {name}")
    return found.numpy()


def _mean_w(checkpoint: Checkpoint) -> np.ndarray:
    sizes, mapping = checkpoint.architecture, checkpoint.mapping
    if max(sizes.z_dim, sizes.w_dim) > _LONGEST:
        raise UserError(f"without latent_avg, and z or w longer than {_LONGEST:,}")
    w = np.random.RandomState(0).standard_normal((_DRAWS, sizes.z_dim))
    w = w.astype(np.float32)
    w /= np.sqrt(np.mean(w**2, axis=1, keepdims=True) + 1e-8)
    for index in range(sizes.mapping_layers):
        w = w @ mapping[f"dense{index}/kernel"] + mapping[f"dense{index}/bias"]
        w = np.where(w < 0, 0.2 * w, w) * np.float32(math.sqrt(2))
    return w.mean(axis=0)
