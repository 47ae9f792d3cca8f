"""Pickles of NVIDIA's StyleGAN2 and StyleGAN2-ADA in TensorFlow 1.

They hold `(G, D, Gs)`, three `dnnlib.tflib.network.Network`s; Gs is the moving average
of G, and the one to draw with. Each network is a name, the arguments that it was built
with, components (mapping, synthesis) and variables; the text of the program that built
it lies beside them and is never looked at.

Convolutions that double the size, `Conv0_up`, are stored as an ordinary convolution and
turned around by the reference before a transposed one.
"""

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
    values,
)
from tf_fsgd.stylegan2.checkpoints.weights import (
    fold_mapping,
    fold_synthesis,
    if_usable,
    resolutions,
    taps,
    with_discriminator,
)

_BLOCK = re.compile(r"([0-9]{1,4})x\1/")
_ADA_VERSION = 5  # of the container; StyleGAN2 wrote 4


class Network(InertObject):
    """`dnnlib.tflib.network.Network`."""

    def get(self, key: str, kind: type, default: Any) -> Any:
        """An item of its state, or `default` if there is none of that type."""
        state = self.state if isinstance(self.state, dict) else {}
        value = state.get(key)
        return value if isinstance(value, kind) else default

    def component(self, name: str) -> "Network | None":
        """A network inside of it."""
        found = self.get("components", dict, {}).get(name)
        return found if isinstance(found, Network) else None

    @property
    def built_by(self) -> str:
        """The function that built it: `G_main`, `D_stylegan2` and so on."""
        return self.get("build_func_name", str, "")

    def variables(self) -> Weights:
        """Its own variables by name, without those of its components."""
        pairs = self.get("variables", list, [])
        named = (pair for pair in pairs if isinstance(pair, tuple) and len(pair) == 2)
        arrays = {
            name: array
            for name, value in named
            if isinstance(name, str) and (array := values(value)) is not None
        }
        # Each is copied later on, so they must not all be the same large one.
        bases = [id(array.base) for array in arrays.values() if array.size > 256]
        if len(bases) != len(set(bases)):
            raise UserError("refused, several of its variables are the same numbers")
        return arrays


GLOBALS: Globals = {
    "dnnlib.tflib.network.Network": Network,
    "dnnlib.util.EasyDict": Dictionary,
    "dnnlib.submission.submit.SubmitConfig": Dictionary,
    "dnnlib.submission.submit.SubmitTarget": InertObject,
    "dnnlib.submission.submit.PathType": InertObject,
}
"""What these pickles ask for beyond containers and NumPy."""


def networks(content: Any, depth: int = 3) -> list[Network]:
    """The networks in a pickle: alone, in a tuple, or in one with more around it."""
    if isinstance(content, Network):
        return [content]
    if isinstance(content, dict):
        content = list(content.values())
    if not isinstance(content, (tuple, list)) or not depth:
        return []
    return [found for item in content[:16] for found in networks(item, depth - 1)]


def read_networks(found: list[Network]) -> Checkpoint:
    """Reads Gs and D.

    Args:
        found: What `networks` returns, not empty.

    Raises:
        UserError: If there is no unconditional StyleGAN2 generator for RGB pictures
            that sums them over scales (configs E and F), or a weight is missing.
    """
    generators = [network for network in found if network.component("synthesis")]
    if not generators:
        name = found[0].get("name", str, "") or found[0].built_by
        raise UserError(
            f"a TensorFlow pickle of {shown(name)}, which is no StyleGAN2 generator"
        )
    checkpoint = _read_generator(generators[-1])
    checkpoint.check()
    for network in found:
        if network.built_by.startswith("D_") and not checkpoint.discriminator:
            checkpoint = _with_discriminator(checkpoint, network)
    return checkpoint


def _read_generator(generator: Network) -> Checkpoint:
    synthesis = generator.component("synthesis")
    mapping = generator.component("mapping")
    if synthesis is None or mapping is None:
        raise UserError("a TensorFlow pickle of a generator without mapping network")
    arrays, dense = synthesis.variables(), mapping.variables()
    settings = _settings(generator, mapping, synthesis)
    _refuse_others(arrays, dense, settings)
    sizes = resolutions({int(m[1]) for name in arrays if (m := _BLOCK.match(name))})
    weights = fold_synthesis(_synthesis(arrays, sizes))
    layers = sum(re.fullmatch(r"Dense\d+/weight", name) is not None for name in dense)
    raw = {"w_avg": _get(generator.variables(), "dlatent_avg")}
    for index in range(layers):
        raw[f"dense{index}/kernel"] = _get(dense, f"Dense{index}/weight", 2)
        raw[f"dense{index}/bias"] = _get(dense, f"Dense{index}/bias", 1)
    if not layers:
        raise UserError("a TensorFlow pickle whose mapping network has no layers")
    ada = generator.get("version", int, 0) >= _ADA_VERSION
    architecture = Architecture(
        resolution=sizes[-1],
        channels=tuple(weights[f"b{size}.conv1/bias"].size for size in sizes),
        mapping_layers=layers,
        z_dim=raw["dense0/kernel"].shape[0],
        w_dim=weights["b4.conv1.style/kernel"].shape[0],
        resample_filter=_filter(settings),
        conv_clamp=_number(settings, "conv_clamp", None),
    )
    lrmul = _number(settings, "mapping_lrmul", 0.01)
    return Checkpoint(
        format=f"StyleGAN2{'-ADA' if ada else ''} TensorFlow pickle",
        architecture=architecture,
        mapping=fold_mapping(raw, lrmul),
        synthesis=weights,
        discriminator={},
    )


def _synthesis(arrays: Weights, sizes: list[int]) -> Weights:
    constant = _get(arrays, "4x4/Const/const", 4)
    raw = {"input/constant": constant.transpose(0, 2, 3, 1)}
    layer = 0
    for size in sizes:
        block = f"{size}x{size}"
        for conv in ("conv0", "conv1") if size > 4 else ("conv1",):
            source = f"{block}/" + (
                {"conv0": "Conv0_up", "conv1": "Conv1"}[conv] if size > 4 else "Conv"
            )
            name = f"b{size}.{conv}"
            kernel = _get(arrays, f"{source}/weight", 4)
            if conv == "conv0":
                kernel = kernel[::-1, ::-1].transpose(0, 1, 3, 2)
            raw |= _style(arrays, source, name)
            raw[f"{name}/kernel"] = kernel
            raw[f"{name}/bias"] = _get(arrays, f"{source}/bias", 1)
            raw |= _noise(arrays, source, name, layer, size)
            layer += 1
        raw |= _style(arrays, f"{block}/ToRGB", f"b{size}.to_rgb")
        raw[f"b{size}.to_rgb/kernel"] = _get(arrays, f"{block}/ToRGB/weight", 4)
        raw[f"b{size}.to_rgb/bias"] = _get(arrays, f"{block}/ToRGB/bias", 1)
    return raw


def _style(arrays: Weights, source: str, name: str) -> Weights:
    return {
        f"{name}.style/kernel": _get(arrays, f"{source}/mod_weight", 2),
        f"{name}.style/bias": _get(arrays, f"{source}/mod_bias", 1) + 1,
    }


def _noise(arrays: Weights, source: str, name: str, layer: int, size: int) -> Weights:
    if not any(name.startswith("noise") for name in arrays):  # use_noise=False
        noise, strength = np.zeros((1, 1, size, size)), np.zeros(())
    else:
        noise = _get(arrays, f"noise{layer}", 4)
        strength = _get(arrays, f"{source}/noise_strength", 0)
    if noise.shape[:2] != (1, 1):
        raise UserError(f"a TensorFlow pickle whose noise has shape {noise.shape}")
    return {f"{name}/noise": noise[0, 0], f"{name}/noise_strength": strength}


@if_usable
def _with_discriminator(checkpoint: Checkpoint, network: Network) -> Checkpoint:
    arrays = network.variables()
    settings = network.get("static_kwargs", dict, {})
    if any("PAGAN" in name or name.endswith("_sn") for name in arrays):
        raise UserError("it has the layers of another method")
    for key, asked in (("architecture", "resnet"), ("nonlinearity", "lrelu")):
        check_setting(settings.get(key, asked), key, asked)
    group = 4 if network.built_by == "D_stylegan2" else None
    return with_discriminator(
        checkpoint,
        _discriminator(arrays, checkpoint.architecture.resolutions),
        _filter(settings),
        _number(settings, "conv_clamp", None),
        _number(settings, "mbstd_group_size", group),
    )


def _discriminator(arrays: Weights, sizes: tuple[int, ...]) -> Weights:
    convolutions = {f"b{sizes[-1]}.from_rgb": f"{sizes[-1]}x{sizes[-1]}/FromRGB"}
    raw = {}
    for size in sizes[1:]:
        block = f"{size}x{size}"
        convolutions[f"b{size}.conv0"] = f"{block}/Conv0"
        convolutions[f"b{size}.conv1"] = f"{block}/Conv1_down"
        raw[f"b{size}.skip/kernel"] = _get(arrays, f"{block}/Skip/weight", 4)
    convolutions["b4.conv"] = "4x4/Conv"
    for name, source in convolutions.items():
        raw[f"{name}/kernel"] = _get(arrays, f"{source}/weight", 4)
        raw[f"{name}/bias"] = _get(arrays, f"{source}/bias", 1)
    for name, source in (("b4.fc", "4x4/Dense0"), ("b4.out", "Output")):
        raw[f"{name}/kernel"] = _get(arrays, f"{source}/weight", 2)
        raw[f"{name}/bias"] = _get(arrays, f"{source}/bias", 1)
    return raw


def _refuse_others(arrays: Weights, dense: Weights, settings: dict) -> None:
    if any("StyleMod" in name for name in arrays):
        raise UserError("a StyleGAN1 pickle; only StyleGAN2 is supported")
    if any("ToRGB_lod" in name for name in arrays):
        raise UserError("a StyleGAN2 pickle of configs A to D; only E and F have skips")
    for key, asked in (
        ("architecture", "skip"),
        ("nonlinearity", "lrelu"),
        ("mapping_nonlinearity", "lrelu"),
        ("normalize_latents", True),
    ):
        check_setting(settings.get(key, asked), key, asked)
    labels = _number(settings, "label_size", 0)
    if labels or any(name.startswith("Label") for name in dense):
        raise UserError("a class-conditional network, which is not supported")
    channels = _get(arrays, "4x4/ToRGB/bias", 1).size
    if channels != 3:
        raise UserError(f"its pictures have {channels} channels; only RGB is supported")


def _settings(*parts: Network) -> dict:
    """What a generator and its components were built with."""
    merged = {}
    for part in parts:
        merged |= part.get("static_kwargs", dict, {})
    return merged


def _get(arrays: Weights, name: str, rank: int = 1) -> np.ndarray:
    if name not in arrays or arrays[name].ndim != rank:
        raise UserError(f"a TensorFlow pickle without a usable variable {name}")
    return arrays[name]


def _number(settings: dict, key: str, default: Default) -> float | Default:
    return number(settings.get(key), key, default)


def _filter(settings: dict) -> tuple[float, ...]:
    # The reference takes a box filter for `None`.
    kernel = settings.get("resample_kernel", (1, 3, 3, 1))
    kernel = (1, 1) if kernel is None else kernel
    if isinstance(kernel, (list, tuple)):
        kernel = np.array(
            [number(tap, "resample_kernel", None) for tap in kernel], float
        )
    array = values(kernel)
    if array is None:
        raise UserError(f"resample_kernel is {shown(kernel)}")
    return taps(array.astype(np.float64))
