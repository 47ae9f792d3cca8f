"""Pickles of stylegan2-ada-pytorch, and of the StyleGAN3 repository holding StyleGAN2.

They hold a dictionary with `G`, `D` and `G_ema`, the moving average of G and the one to
draw with. Each network is a tree of modules that `torch_utils.persistence` saved: the
class's name, its attributes, and the text of the program that defines it, which is
never looked at. Numbers are PyTorch tensors.
"""

import pickle
import re
from typing import Any

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint, Weights
from tf_fsgd.stylegan2.checkpoints.inert_objects import (
    Default,
    Dictionary,
    Globals,
    InertObject,
    check_setting,
    number,
    shown,
)
from tf_fsgd.stylegan2.checkpoints.torch_tensors import TENSORS, Tensor, load_from_bytes
from tf_fsgd.stylegan2.checkpoints.weights import (
    fold_mapping,
    fold_synthesis,
    if_usable,
    resolutions,
    taps,
    with_discriminator,
)

_BLOCK = re.compile(r"b([0-9]{1,4})")
_STYLEGAN3_INPUT = "SynthesisInput"


class Module(InertObject):
    """A `torch.nn.Module` out of `_reconstruct_persistent_obj`."""

    class_name: str

    def __new__(cls, meta: Any = None):
        if not isinstance(meta, dict) or not isinstance(meta.get("state"), dict):
            raise pickle.UnpicklingError("a module without state")
        self = super().__new__(cls)
        self.state = meta["state"]
        name = meta.get("class_name")
        self.class_name = name if isinstance(name, str) else ""
        return self

    @property
    def children(self) -> dict[str, Any]:
        """Modules inside of it, by name."""
        return self._dictionary("_modules")

    def child(self, path: str) -> "Module":
        """A module further down: `b8.conv0`.

        Raises:
            UserError: If there is none.
        """
        found = self
        for name in path.split("."):
            inner = found.children.get(name)
            if not isinstance(inner, Module):
                raise UserError(f"a PyTorch pickle without module {path}")
            found = inner
        return found

    def tensor(self, name: str, rank: int) -> np.ndarray:
        """A parameter or buffer, float32.

        Raises:
            UserError: If there is none of that rank.
        """
        tensors = self._dictionary("_buffers") | self._dictionary("_parameters")
        found = tensors.get(name)
        if not isinstance(found, Tensor) or len(found.shape) != rank:
            raise UserError(
                f"a PyTorch pickle whose {shown(self.class_name)} has no usable {name}"
            )
        return found.numpy()

    def has(self, name: str) -> bool:
        """Whether there is a parameter or buffer of that name."""
        return isinstance(
            (self._dictionary("_buffers") | self._dictionary("_parameters")).get(name),
            Tensor,
        )

    def number(self, name: str, default: Default) -> float | Default:
        """An attribute that is a number; `default` where it is missing or `None`.

        Raises:
            UserError: If it is something else.
        """
        return number(self.state.get(name), name, default)

    def _dictionary(self, name: str) -> dict[str, Any]:
        found = self.state.get(name)
        return found if isinstance(found, dict) else {}


GLOBALS: Globals = {
    **TENSORS,
    "torch.storage._load_from_bytes": load_from_bytes,
    "torch_utils.persistence._reconstruct_persistent_obj": Module,
    "dnnlib.util.EasyDict": Dictionary,
}
"""What these pickles ask for beyond containers and NumPy."""


def read_modules(generator: Module, discriminator: Any = None) -> Checkpoint:
    """Reads G_ema and D.

    Args:
        generator: A `Generator`.
        discriminator: A `Discriminator` or anything else, which is left out.

    Raises:
        UserError: If this is no unconditional StyleGAN2 generator for RGB pictures
            that sums them over scales, or a weight is missing.
    """
    checkpoint = _read_generator(generator)
    checkpoint.check()
    if isinstance(discriminator, Module):
        return _with_discriminator(checkpoint, discriminator)
    return checkpoint


def _read_generator(generator: Module) -> Checkpoint:
    name = shown(generator.class_name)
    if not {"mapping", "synthesis"} <= generator.children.keys():
        raise UserError(f"a PyTorch pickle of {name}, which is no StyleGAN2 generator")
    mapping, synthesis = generator.child("mapping"), generator.child("synthesis")
    entry = synthesis.children.get("input")
    if isinstance(entry, Module) and entry.class_name == _STYLEGAN3_INPUT:
        raise UserError("a StyleGAN3 pickle; only StyleGAN2 is supported")
    blocks = {int(m[1]) for key in synthesis.children if (m := _match(key))}
    if not blocks:
        raise UserError(f"a PyTorch pickle of {name}, which is no StyleGAN2 generator")
    sizes = resolutions(blocks)
    layers = sum(re.fullmatch(r"fc\d+", key) is not None for key in _names(mapping))
    if not layers:
        raise UserError("a PyTorch pickle whose mapping network has no layers")
    _refuse_others(mapping, synthesis, sizes)
    weights = fold_synthesis(_synthesis(synthesis, sizes))
    raw = {"w_avg": mapping.tensor("w_avg", 1)}
    for index in range(layers):
        raw |= _dense(mapping, f"fc{index}", f"dense{index}")
    last = synthesis.child(f"b{sizes[-1]}")
    newer = "num_fp16_res" in synthesis.state
    return Checkpoint(
        format="StyleGAN3 repository's StyleGAN2 pickle"
        if newer
        else "stylegan2-ada-pytorch pickle",
        architecture=Architecture(
            resolution=sizes[-1],
            channels=tuple(weights[f"b{size}.conv1/bias"].size for size in sizes),
            mapping_layers=layers,
            z_dim=raw["dense0/kernel"].shape[0],
            w_dim=weights["b4.conv1.style/kernel"].shape[0],
            resample_filter=taps(last.tensor("resample_filter", 2)),
            conv_clamp=last.child("conv1").number("conv_clamp", None),
        ),
        # The factor of a layer's biases is its learning rate's.
        mapping=fold_mapping(raw, mapping.child("fc0").number("bias_gain", 0.01)),
        synthesis=weights,
        discriminator={},
    )


def _refuse_others(mapping: Module, synthesis: Module, sizes: list[int]) -> None:
    if mapping.number("c_dim", 0) or "embed" in mapping.children:
        raise UserError("a class-conditional network, which is not supported")
    for size in sizes:
        block = synthesis.child(f"b{size}")
        check_setting(block.state.get("architecture", "skip"), "architecture", "skip")
        channels = block.child("torgb").tensor("bias", 1).size
        if channels != 3:
            raise UserError(
                f"its pictures have {channels} channels; only RGB is supported"
            )
        _check_activation(block.child("conv1"))
    _check_activation(mapping.child("fc0"))


def _check_activation(layer: Module) -> None:
    check_setting(layer.state.get("activation", "lrelu"), "activation", "lrelu")


def _synthesis(synthesis: Module, sizes: list[int]) -> Weights:
    constant = synthesis.child("b4").tensor("const", 3)
    raw = {"input/constant": constant.transpose(1, 2, 0)[None]}
    for size in sizes:
        for conv in ("conv0", "conv1") if size > 4 else ("conv1",):
            name = f"b{size}.{conv}"
            layer = synthesis.child(name)
            kernel = layer.tensor("weight", 4)
            axes = (2, 3, 0, 1) if conv == "conv0" else (2, 3, 1, 0)
            raw |= _dense(layer, "affine", f"{name}.style")
            raw[f"{name}/kernel"] = kernel.transpose(axes)
            raw[f"{name}/bias"] = layer.tensor("bias", 1)
            if layer.has("noise_const") or layer.has("noise_strength"):
                raw[f"{name}/noise"] = layer.tensor("noise_const", 2)
                raw[f"{name}/noise_strength"] = layer.tensor("noise_strength", 0)
            else:  # built with use_noise=False
                raw[f"{name}/noise"] = np.zeros((size, size))
                raw[f"{name}/noise_strength"] = np.zeros(())
        image = synthesis.child(f"b{size}.torgb")
        raw |= _dense(image, "affine", f"b{size}.to_rgb.style")
        raw |= _convolution(image, f"b{size}.to_rgb")
    return raw


@if_usable
def _with_discriminator(checkpoint: Checkpoint, network: Module) -> Checkpoint:
    sizes = checkpoint.architecture.resolutions
    if network.number("c_dim", 0):
        raise UserError("it is class-conditional")
    raw = {}
    for size in sizes[1:]:
        block = network.child(f"b{size}")
        architecture = block.state.get("architecture", "resnet")
        check_setting(architecture, "architecture", "resnet")
        for conv in ("conv0", "conv1"):
            layer = block.child(conv)
            _check_activation(layer)
            raw |= _convolution(layer, f"b{size}.{conv}")
        kernel = block.child("skip").tensor("weight", 4)
        raw[f"b{size}.skip/kernel"] = kernel.transpose(2, 3, 1, 0)
    entry = f"b{sizes[-1]}"
    raw |= _convolution(network.child(f"{entry}.fromrgb"), f"{entry}.from_rgb")
    end = network.child("b4")
    raw |= _convolution(end.child("conv"), "b4.conv")
    raw |= _dense(end, "fc", "b4.fc") | _dense(end, "out", "b4.out")
    # Without minibatch standard deviation there is no such module.
    has_groups = isinstance(end.children.get("mbstd"), Module)
    group = end.child("mbstd").number("group_size", None) if has_groups else None
    return with_discriminator(
        checkpoint,
        raw,
        taps(network.child(entry).tensor("resample_filter", 2)),
        network.child(f"{entry}.conv0").number("conv_clamp", None),
        group,
    )


def _convolution(layer: Module, name: str) -> Weights:
    return {
        f"{name}/kernel": layer.tensor("weight", 4).transpose(2, 3, 1, 0),
        f"{name}/bias": layer.tensor("bias", 1),
    }


def _dense(parent: Module, child: str, name: str) -> Weights:
    layer = parent.child(child)
    return {
        f"{name}/kernel": layer.tensor("weight", 2).T,
        f"{name}/bias": layer.tensor("bias", 1),
    }


def _names(module: Module) -> list[str]:
    return [name for name in module.children if isinstance(name, str)]


def _match(name: Any) -> re.Match | None:
    return _BLOCK.fullmatch(name) if isinstance(name, str) else None
