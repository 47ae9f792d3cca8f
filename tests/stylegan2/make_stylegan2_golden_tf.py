"""Makes golden/{tf_*,ada_tf,stylegan1}.{pkl,npz} with NVIDIA's TensorFlow code.

    git clone https://github.com/NVlabs/stylegan2        # stylegan2-ada, stylegan
    python -m pip install tensorflow==2.21.0 requests setuptools
    python tests/stylegan2/make_stylegan2_golden_tf.py PATH_OF_ONE_CHECKOUT

Needed only to make the files anew. The checkout's own graphs, run by TensorFlow 2 in
its version 1 mode, give the numbers, and its own `Network.__getstate__` the pickle,
from which the embedded source text is taken out.
"""

import contextlib
import functools
import importlib
import pickle
import sys
import types
from pathlib import Path
from unittest import mock

import numpy as np
from make_stylegan2_golden_inputs import (
    CUTOFF,
    GOLDEN,
    PSI,
    fill,
    latents,
    mixed,
    pictures,
    save,
    to_float,
    to_nhwc,
)


def tensorflow_1():
    """Puts what the checkouts take for TensorFlow 1 in the place of `tensorflow`."""
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
    shim = types.ModuleType("tensorflow")
    shim.__dict__.update({name: getattr(tf, name) for name in dir(tf)})
    shim.__path__ = tensorflow.__path__
    shim.nn = types.SimpleNamespace(**{n: getattr(tf.nn, n) for n in dir(tf.nn)})
    for name in ("conv2d", "conv2d_transpose", "depthwise_conv2d"):
        setattr(shim.nn, name, channels_first(tf, getattr(tf.nn, name)))
    shim.get_variable = functools.partial(integer_shape, tf.get_variable)
    shim.contrib = types.ModuleType("tensorflow.contrib")
    sys.modules |= {"tensorflow": shim, "tensorflow.contrib": shim.contrib}
    for name in ("summary", "plugins", "plugins.custom_scalar"):
        sys.modules[f"tensorboard.{name}"] = mock.MagicMock()
    sys.modules["tensorboard"] = mock.MagicMock()
    return shim


def integer_shape(get_variable, *args, shape=None, **kwargs):
    """StyleGAN writes True for 1."""
    shape = shape if shape is None else [int(side) for side in shape]
    return get_variable(*args, shape=shape, **kwargs)


def channels_first(tf, convolution):
    """`convolution` for NCHW on a CPU, which knows NHWC only."""

    def last(sizes):
        return [sizes[0], *sizes[2:], sizes[1]]

    def wrapper(x, w, output_shape=None, *, strides, padding, data_format):
        shape = {} if output_shape is None else {"output_shape": last(output_shape)}
        x = tf.transpose(x, last(range(4)))
        y = convolution(x, w, strides=last(strides), padding=padding, **shape)
        return tf.transpose(y, (0, 3, 1, 2))

    return wrapper


class Pickler(pickle._Pickler):
    """Calls NumPy's modules what NumPy 1 called them, as pickles in the wild do."""

    def save_global(self, obj, name=None):
        module = pickle.whichmodule(obj, name or obj.__qualname__)
        legacy = module.replace("numpy._core", "numpy.core")
        with mock.patch.object(pickle, "whichmodule", lambda *_: legacy):
            super().save_global(obj, name)

    dispatch = {**pickle._Pickler.dispatch, types.FunctionType: save_global}


class Reference:
    """One checkout: its `Network` and the build functions of its networks."""

    def __init__(self, checkout):
        sys.path.insert(0, str(checkout))
        self.tf = tensorflow_1()
        self.tflib = importlib.import_module("dnnlib.tflib")
        with contextlib.suppress(ModuleNotFoundError):  # StyleGAN has no custom ops
            for name in ("upfirdn_2d", "fused_bias_act"):
                ops = importlib.import_module(f"dnnlib.tflib.ops.{name}")
                setattr(ops, f"_{name}_cuda", getattr(ops, f"_{name}_ref"))
        self.tflib.init_tf()

    def network(self, name, func_name, seed, **kwargs):
        network = self.tflib.Network(
            name, func_name, num_channels=3, label_size=0, **kwargs
        )
        self.randomise(network, seed)
        return network

    def randomise(self, network, seed):
        values = {}
        for name, variable in network.vars.items():
            if name != "lod":
                shape, mapping = variable.shape.as_list(), "_mapping/" in name
                values[variable] = fill(name, shape, seed, mapping)
        self.tflib.tfutil.set_vars(values)

    def clone(self, network, name, seed):
        network = network.clone(name)
        self.randomise(network, seed)
        return network

    def run(self, network, *inputs, **kwargs):
        inputs = [self.tf.constant(x) for x in inputs]
        return self.tflib.run(network.get_output_for(*inputs, **kwargs))

    def pickle(self, name, networks, protocol):
        for network in networks:
            for part in (network, *network.components.values()):
                part._build_module_src = ""
        with open(GOLDEN / f"{name}.pkl", "wb") as file:
            Pickler(file, protocol).dump(tuple(networks))


def generator_arrays(reference, network):
    """Numbers of every stage of the generator, in Keras' layout."""
    mapping, synthesis = network.components.mapping, network.components.synthesis
    z = latents(network.input_shape[1])
    labels = np.zeros((len(z), 0), np.float32)
    ws = reference.run(mapping, z, labels)
    arrays = {"z": z, "w": ws[:, 0], "w_avg": network.get_var("dlatent_avg")}
    arrays["ws_mixed"] = mixed(arrays["w"], ws.shape[1])

    def image(ws, **kwargs):
        kwargs = {"randomize_noise": False, "fused_modconv": False, **kwargs}
        return to_nhwc(reference.run(synthesis, ws, **kwargs))

    arrays["image_const"] = image(ws[:2])
    arrays["image_mixed"] = image(arrays["ws_mixed"])
    draws = []

    def normal(shape, **_):
        shape = [len(z[:2]), *[int(side) for side in shape[1:]]]
        draws.append(np.random.RandomState(3 + len(draws)).randn(*shape))
        draws[-1] = draws[-1].astype(np.float32)
        return reference.tf.constant(draws[-1])

    with mock.patch.object(reference.tf, "random_normal", normal):
        arrays["image_random"] = image(ws[:2], randomize_noise=True)
    arrays |= {f"noise_{i}": to_nhwc(draw) for i, draw in enumerate(draws)}
    strengths = {v: n for n, v in synthesis.vars.items() if "noise_strength" in n}
    kept = {variable: synthesis.get_var(name) for variable, name in strengths.items()}
    reference.tflib.tfutil.set_vars({variable: 0 for variable in kept})
    arrays["image_none"] = image(ws[:2])
    reference.tflib.tfutil.set_vars(kept)
    for name, cutoff in (("psi", None), ("cutoff", CUTOFF)):
        kwargs = {"truncation_psi": PSI, "truncation_cutoff": cutoff}
        kwargs |= {"randomize_noise": False, "fused_modconv": False}
        images = reference.run(network, z[:2], labels[:2], **kwargs)
        arrays[f"image_{name}"] = to_nhwc(images)
    return arrays


def discriminator_arrays(reference, network):
    images = pictures(network.input_shape[2])
    arrays = {"pictures": images}
    for count in (8, 4, 3):
        labels = np.zeros((count, 0), np.float32)
        logits = reference.run(network, to_float(images[:count]), labels)
        arrays[f"logits_{count}"] = logits
    return arrays


def make(reference, name, g_name, d_name, protocol, sizes, mapping):
    generator = reference.network("G", g_name, 10, **sizes, **mapping)
    discriminator = reference.network("D", d_name, 11, **sizes)
    average = reference.clone(generator, "Gs", 12)
    arrays = generator_arrays(reference, average)
    save(name, arrays | discriminator_arrays(reference, discriminator))
    reference.pickle(name, (generator, discriminator, average), protocol)


def make_stylegan2(reference):
    g_name = "training.networks_stylegan2.G_main"
    d_name = "training.networks_stylegan2.D_stylegan2"
    mapping = {"latent_size": 16, "dlatent_size": 20, "mapping_fmaps": 20}
    sizes = {"resolution": 32, "fmap_base": 64, "fmap_max": 12}
    make(reference, "tf_config_e", g_name, d_name, 4, sizes, mapping)
    mapping = {"latent_size": 16, "dlatent_size": 16, "mapping_fmaps": 16}
    sizes = {"resolution": 8, "fmap_base": 128, "fmap_max": 12}
    make(reference, "tf_config_f", g_name, d_name, 3, sizes, mapping)


def make_stylegan2_ada(reference):
    mapping = {"latent_size": 16, "dlatent_size": 16, "mapping_layers": 2}
    sizes = {"resolution": 16, "fmap_base": 64, "fmap_max": 12}
    names = "training.networks.G_main", "training.networks.D_main"
    make(reference, "ada_tf", *names, 4, sizes, mapping)


def make_stylegan(reference):
    """A file to be refused: nothing is computed from it."""
    sizes = {"resolution": 8, "fmap_base": 16, "fmap_max": 4}
    latent = {"latent_size": 8, "dlatent_size": 8, "mapping_fmaps": 8}
    g_name = "training.networks_stylegan.G_style"
    generator = reference.network("G", g_name, 10, **sizes, **latent)
    d_name = "training.networks_stylegan.D_basic"
    discriminator = reference.network("D", d_name, 11, **sizes)
    average = reference.clone(generator, "Gs", 12)
    reference.pickle("stylegan1", (generator, discriminator, average), 4)


if __name__ == "__main__":
    checkout = Path(sys.argv[1])
    kinds = {
        "networks_stylegan2.py": make_stylegan2,
        "networks.py": make_stylegan2_ada,
        "networks_stylegan.py": make_stylegan,
    }
    for file, kind in kinds.items():
        if (checkout / "training" / file).exists():
            kind(Reference(checkout))
            break
