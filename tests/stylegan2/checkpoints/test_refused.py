"""Files that are no StyleGAN2 checkpoint, or one of a kind that is not supported.

Where a golden file does not do, one is loaded, changed and written again (`Rewriter`).
"""

import collections
import io
import logging
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.checkpoints import pytorch_pickle, tensorflow_pickle
from tf_fsgd.stylegan2.checkpoints.inert_objects import Array, Dictionary
from tf_fsgd.stylegan2.checkpoints.pytorch_pickle import Module
from tf_fsgd.stylegan2.checkpoints.reading import read_checkpoint
from tf_fsgd.stylegan2.checkpoints.tensorflow_pickle import Network
from tf_fsgd.stylegan2.checkpoints.torch_tensors import LEGACY_MAGIC, Tensor
from tf_fsgd.stylegan2.checkpoints.unpickling import unpickle

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("stylegan1.pkl", "a StyleGAN1 pickle; only StyleGAN2 is supported"),
        ("stylegan3.pkl", "a StyleGAN3 pickle; only StyleGAN2 is supported"),
    ],
)
def test_other_generations_are_refused(file, message):
    with pytest.raises(UserError, match=f"{file}: {message}$"):
        read_checkpoint(GOLDEN / file)


def edited(key, value, network=2):
    """An edit of `(G, D, Gs)`: an argument that a network was built with."""

    def edit(content):
        changed = content[network]
        for part in (changed, *changed.state["components"].values()):
            part.state["static_kwargs"][key] = value

    return edit


def without(name, network=2):
    """An edit of `(G, D, Gs)`: one variable fewer, in the synthesis network or in D."""

    def edit(content):
        owner = content[network].component("synthesis") or content[network]
        owner.state["variables"] = [
            pair for pair in owner.state["variables"] if pair[0] != name
        ]

    return edit


def gray(content):
    variables = content[2].component("synthesis").state["variables"]
    for index, (name, _) in enumerate(variables):
        if name == "4x4/ToRGB/bias":
            variables[index] = (name, np.zeros(1, np.float32))


def shared(content):
    """One array as several variables; in memory each is a copy."""
    variables = content[2].component("synthesis").state["variables"]
    large = next(value for name, value in variables if name == "8x8/Conv1/weight")
    variables[:] = [
        (name, large if name.endswith("Conv0_up/weight") else value)
        for name, value in variables
    ]


def metric(content):
    for network in content:
        network.state |= {"name": "inception_v3", "components": {}}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edited("label_size", 10), "class-conditional network, which is not supported"),
        (edited("architecture", "orig"), "its architecture is orig; only skip"),
        (edited("architecture", "resnet"), "its architecture is resnet; only skip"),
        (edited("nonlinearity", "relu"), "its nonlinearity is relu; only lrelu"),
        (edited("normalize_latents", False), "normalize_latents is False"),
        (edited("resample_kernel", [1, 2, 3]), "not symmetric and separable"),
        (edited("mapping_lrmul", "a\nlot"), r"must be a number, found a\?lot$"),
        (gray, "its pictures have 1 channels; only RGB"),
        (without("8x8/Conv1/weight"), "without a usable variable 8x8/Conv1/weight"),
        (shared, "refused, several of its variables are the same numbers"),
        (
            metric,
            "a TensorFlow pickle of inception_v3, which is no StyleGAN2 generator",
        ),
    ],
)
def test_tensorflow_pickles_of_something_else(rewrite, edit, message):
    content = load("tf_config_e.pkl")
    edit(content)
    with pytest.raises(UserError, match=message):
        read_checkpoint(rewrite(content))


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (edited("architecture", "skip", 1), "architecture is skip; only resnet"),
        (edited("conv_clamp", b"", 1), "conv_clamp must be a number"),
        (
            without("16x16/Skip/weight", 1),
            "without a usable variable 16x16/Skip/weight",
        ),
    ],
)
def test_another_discriminator_is_left_out(rewrite, edit, reason, caplog):
    content = load("tf_config_e.pkl")
    edit(content)
    with caplog.at_level(logging.WARNING):
        checkpoint = read_checkpoint(rewrite(content))
    assert checkpoint.discriminator == {} and reason in caplog.text
    assert checkpoint.architecture.discriminator_channels == ()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda g, d, gs: gs,
        lambda g, d, gs: [g, d, gs],
        lambda g, d, gs: (g, d, gs, {"resume_kimg": 3.5}),
        lambda g, d, gs: ((g, d, gs), "tail"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_networks_are_found_in_what_is_around_them(rewrite, wrap, protocol):
    content = wrap(*load("tf_config_f.pkl"))
    found = read_checkpoint(rewrite(content, protocol)).synthesis
    whole = read_checkpoint(GOLDEN / "tf_config_f.pkl").synthesis
    np.testing.assert_array_equal(found["b8.conv0/kernel"], whole["b8.conv0/kernel"])


def module_edit(path, **state):
    def edit(content):
        name, *rest = path.split(".", 1)
        owner = content[name].child(rest[0]) if rest else content[name]
        owner.state |= state

    return edit


def gray_module(content):
    layer = content["G_ema"].child("synthesis.b8.torgb")
    layer.state["_parameters"]["bias"] = Stored(np.zeros(4, np.float32))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (module_edit("G_ema.mapping", c_dim=10), "class-conditional network"),
        (
            module_edit("G_ema.synthesis.b16", architecture="orig"),
            "architecture is orig; only skip",
        ),
        (module_edit("G_ema.synthesis.b8.conv1", activation="relu"), "is relu; only"),
        (
            module_edit("G_ema.synthesis.b8.conv1", _parameters={}),
            "has no usable weight",
        ),
        (module_edit("G_ema.mapping", _modules={}), "has no layers"),
        (gray_module, "its pictures have 4 channels; only RGB"),
        (
            lambda content: content.pop("G_ema").state.clear() or content.pop("G"),
            "keys",
        ),
    ],
)
def test_pytorch_pickles_of_something_else(rewrite, edit, message):
    content = load("ada_pytorch.pkl")
    edit(content)
    with pytest.raises(UserError, match=message):
        read_checkpoint(rewrite(content))


def test_a_skip_discriminator_in_pytorch_is_left_out(rewrite, caplog):
    content = load("ada_pytorch.pkl")
    module_edit("D.b16", architecture="skip")(content)
    with caplog.at_level(logging.WARNING):
        assert read_checkpoint(rewrite(content)).discriminator == {}
    assert "its architecture is skip; only resnet" in caplog.text


@pytest.mark.parametrize(
    "edit",
    [
        edited("mapping_lrmul", None),
        edited("conv_clamp", None),
        edited("label_size", None),
        edited("mbstd_group_size", None, 1),
    ],
)
def test_a_setting_that_is_none_is_as_missing(rewrite, edit):
    content = load("tf_config_e.pkl")
    edit(content)
    found, whole = (
        read_checkpoint(path) for path in (rewrite(content), GOLDEN / "tf_config_e.pkl")
    )
    assert found.architecture == whole.architecture
    kernels = (checkpoint.mapping["dense0/kernel"] for checkpoint in (found, whole))
    np.testing.assert_array_equal(*kernels)


def test_a_gain_that_is_none_is_as_missing(rewrite):
    content = load("ada_pytorch.pkl")
    module_edit("G_ema.mapping.fc0", bias_gain=None)(content)
    found = read_checkpoint(rewrite(content)).mapping
    whole = read_checkpoint(GOLDEN / "ada_pytorch.pkl").mapping
    np.testing.assert_array_equal(found["dense0/kernel"], whole["dense0/kernel"])


@pytest.mark.parametrize("value", ["missing", None])
def test_some_noise_is_not_none_at_all(rewrite, value):
    """One layer's noise is lost; that of the others must not go with it."""
    content = load("tf_config_e.pkl")
    without("noise0")(content)
    if value is None:
        content[2].component("synthesis").state["variables"].append(("noise0", None))
    with pytest.raises(UserError, match="without a usable variable noise0"):
        read_checkpoint(rewrite(content))
    content = load("ada_pytorch.pkl")
    buffers = content["G_ema"].child("synthesis.b8.conv1").state["_buffers"]
    assert buffers.pop("noise_const").shape == (8, 8)
    if value is None:
        buffers["noise_const"] = None
    with pytest.raises(UserError, match="has no usable noise_const"):
        read_checkpoint(rewrite(content))


@pytest.mark.parametrize("file", ["tf_config_e.pkl", "ada_pytorch.pkl"])
def test_a_mean_of_w_that_is_none_is_refused_as_where_it_is_missing(rewrite, file):
    content = load(file)
    if file.startswith("tf"):
        variables = content[2].state["variables"]
        content[2].state["variables"] = [
            (name, None if name == "dlatent_avg" else value)
            for name, value in variables
        ]
    else:
        content["G_ema"].child("mapping").state["_buffers"]["w_avg"] = None
    with pytest.raises(UserError, match="usable (variable dlatent_avg|w_avg)"):
        read_checkpoint(rewrite(content))


def load(file):
    """A golden pickle as inert objects, to be changed."""
    with open(GOLDEN / file, "rb") as stream:
        return unpickle(stream, tensorflow_pickle.GLOBALS | pytorch_pickle.GLOBALS)


class Stored:
    """An array that is written as a PyTorch tensor."""

    def __init__(self, array):
        self.array = array


class Rewriter(pickle.Pickler):
    """Writes inert objects as what they stand for."""

    def reducer_override(self, value):
        if isinstance(value, Network):
            named = sys.modules["dnnlib.tflib.network"].Network
            return named, (), value.state
        if isinstance(value, Module):
            named = sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj
            meta = {"class_name": value.class_name, "state": value.state}
            return named, (meta,)
        if isinstance(value, (Tensor, Stored)):
            array = value.numpy() if isinstance(value, Tensor) else value.array
            return self.tensor(array)
        if isinstance(value, Array):
            return value.values.__reduce_ex__(2)
        if isinstance(value, Dictionary):
            return collections.OrderedDict, (), None, None, iter(value.items())
        return NotImplemented

    @staticmethod
    def tensor(array):
        named = sys.modules["torch._utils"]._rebuild_tensor_v2
        steps = tuple(step // array.itemsize for step in array.strides)
        return named, (LegacyStorage(array), 0, array.shape, steps, False, {})


class LegacyStorage:
    """`torch.FloatStorage`, which pickles itself by a legacy `torch.save`."""

    def __init__(self, array):
        self.array = array

    def __reduce__(self):
        stream = io.BytesIO()
        for item in (LEGACY_MAGIC, 1001, {"little_endian": True}):
            pickle.dump(item, stream, 2)
        size = b"J" + self.array.size.to_bytes(4, "little")
        stream.write(b"\x80\x02(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu")
        stream.write(size + b"NtQ.")
        pickle.dump(["0"], stream, 2)
        stream.write(self.array.size.to_bytes(8, "little") + self.array.tobytes())
        named = sys.modules["torch.storage"]._load_from_bytes
        return named, (stream.getvalue(),)


@pytest.fixture
def rewrite(tmp_path, monkeypatch):
    """Writes inert objects to a file; the foreign names exist meanwhile."""

    def put(module, name, value):
        value.__module__, value.__qualname__ = module, name
        parts = module.split(".")
        for count in range(1, len(parts) + 1):
            path = ".".join(parts[:count])
            if path not in sys.modules:
                monkeypatch.setitem(sys.modules, path, types.ModuleType(path))
        setattr(sys.modules[module], name, value)

    put("dnnlib.tflib.network", "Network", type("Network", (), {}))
    put("torch_utils.persistence", "_reconstruct_persistent_obj", lambda meta: None)
    put("torch._utils", "_rebuild_tensor_v2", lambda *_: None)
    put("torch.storage", "_load_from_bytes", lambda raw: None)

    def write(content, protocol=4):
        file = tmp_path / "network.pkl"
        with open(file, "wb") as stream:
            Rewriter(stream, protocol).dump(content)
        return file

    return write
