"""Makes golden/full_*.npz: networks of full size, whose weights nobody has to keep.

    git clone https://github.com/NVlabs/stylegan2-ada-pytorch
    python -m pip install torch==2.13.0 numpy requests setuptools
    python tests/stylegan2/make_stylegan2_golden_full.py PATH_OF_THE_CHECKOUT

Needed only to make the files anew. Weights come from `fill_canonical`; the numbers that
are kept are parts of the pictures and means.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import torch
from make_stylegan2_golden_inputs import (
    fill_canonical,
    latents,
    pictures,
    save,
    to_float,
    to_nhwc,
)

SEED = 20


def put(tensor, name, gain=1, axes=None):
    """Fills a tensor so that, times its gain and with its axes moved, it is `name`."""
    shape = [tensor.shape[axis] for axis in axes or range(tensor.ndim)]
    values = fill_canonical(name, tuple(shape), SEED)
    back = np.argsort(axes) if axes else range(tensor.ndim)
    tensor.copy_(torch.as_tensor(values.transpose(*back) / np.float32(gain)))


def put_dense(layer, name):
    put(layer.weight, f"{name}/kernel", layer.weight_gain, (1, 0))
    put(layer.bias, f"{name}/bias", layer.bias_gain)


def put_convolution(layer, name):
    put(layer.weight, f"{name}/kernel", layer.weight_gain, (2, 3, 1, 0))
    if layer.bias is not None:
        put(layer.bias, f"{name}/bias")


def put_generator(generator):
    put(generator.mapping.w_avg, "w_avg")
    for index in range(generator.mapping.num_layers):
        put_dense(getattr(generator.mapping, f"fc{index}"), f"dense{index}")
    constant = fill_canonical(
        "input/constant", (1, 4, 4, generator.synthesis.b4.const.shape[0]), SEED
    )
    generator.synthesis.b4.const.copy_(torch.from_numpy(constant[0].transpose(2, 0, 1)))
    for r in generator.synthesis.block_resolutions:
        block = getattr(generator.synthesis, f"b{r}")
        for conv in ("conv0", "conv1") if r > 4 else ("conv1",):
            layer, name = getattr(block, conv), f"b{r}.{conv}"
            put_dense(layer.affine, f"{name}.style")
            axes = (2, 3, 0, 1) if conv == "conv0" else (2, 3, 1, 0)
            put(layer.weight, f"{name}/kernel", axes=axes)
            for tensor, variable in (
                (layer.bias, "bias"),
                (layer.noise_const, "noise"),
                (layer.noise_strength, "noise_strength"),
            ):
                put(tensor, f"{name}/{variable}")
        put_dense(block.torgb.affine, f"b{r}.to_rgb.style")
        put_convolution(block.torgb, f"b{r}.to_rgb")


def put_discriminator(discriminator):
    for r in discriminator.block_resolutions:
        block = getattr(discriminator, f"b{r}")
        parts = {"conv0": "conv0", "conv1": "conv1", "skip": "skip"}
        if r == discriminator.img_resolution:
            parts["fromrgb"] = "from_rgb"
        for part, name in parts.items():
            put_convolution(getattr(block, part), f"b{r}.{name}")
    end = discriminator.b4
    put_convolution(end.conv, "b4.conv")
    put_dense(end.out, "b4.out")
    put(end.fc.bias, "b4.fc/bias")
    last = end.fc.bias.numel()
    kernel = fill_canonical("b4.fc/kernel", (16 * last, last), SEED)
    kernel = kernel.reshape(4, 4, last, last).transpose(3, 2, 0, 1) / end.fc.weight_gain
    end.fc.weight.copy_(torch.from_numpy(kernel.reshape(last, 16 * last)))


def parts(images):
    """What is kept of pictures `[N, R, R, 3]`: two pieces, and a small version."""
    n, size = images.shape[:2]
    block = size // 16
    middle = slice(size // 2 - 8, size // 2 + 8)
    return {
        "corner": images[:, -16:, :16],
        "middle": images[:, middle, middle],
        "small": images.reshape(n, 16, block, 16, block, 3).mean((2, 4)),
    }


def make(networks, name, resolution, channel_base, num_layers, batch):
    sizes = {"c_dim": 0, "img_resolution": resolution, "img_channels": 3}
    widths = {"channel_base": channel_base}
    generator = networks.Generator(
        **sizes,
        z_dim=512,
        w_dim=512,
        mapping_kwargs={"num_layers": num_layers},
        synthesis_kwargs=widths,
    ).eval()
    discriminator = networks.Discriminator(
        **sizes, **widths, epilogue_kwargs={"mbstd_group_size": 4}
    ).eval()
    put_generator(generator)
    put_discriminator(discriminator)
    z = latents(512, batch)
    ws = generator.mapping(torch.from_numpy(z), None)
    images = to_nhwc(generator.synthesis(ws, noise_mode="const"))
    shown = torch.from_numpy(to_float(pictures(resolution, batch)))
    logits = discriminator(shown, None).numpy()
    print(name, "std", images.std(), "largest", np.abs(images).max(), logits.ravel())
    arrays = {"w": ws[:, 0].numpy(), "logits": logits, **parts(images)}
    save(f"full_{name}", arrays)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(sys.argv[1])))
    networks = importlib.import_module("training.networks")
    with torch.no_grad():
        make(networks, "config_e", 1024, 16384, 8, 1)
        make(networks, "config_f", 1024, 32768, 8, 1)
        make(networks, "ada_256_half", 256, 16384, 2, 2)
