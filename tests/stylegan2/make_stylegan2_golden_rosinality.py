"""Makes golden/rosinality_*.{pt,npz} with rosinality's PyTorch code.

    git clone https://github.com/rosinality/stylegan2-pytorch
    python -m pip install torch==2.13.0 numpy setuptools
    python tests/stylegan2/make_stylegan2_golden_rosinality.py PATH_OF_THE_CHECKOUT

Needed only to make the files anew. The checkout's own modules give the numbers; their
width, which they do not take as an argument, is made small on the way in.
"""

import argparse
import re
import sys
import types
from pathlib import Path
from unittest import mock

import numpy as np
import torch
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

SIZE, WIDTH, W_DIM = 16, 12, 16


def reference(checkout):
    """The checkout's `model`, whose layers up to 32x32 are `WIDTH` wide."""
    sys.path.insert(0, str(checkout))
    source = (checkout / "model.py").read_text(encoding="utf-8")
    model = types.ModuleType("model")
    with mock.patch("torch.utils.cpp_extension.load"):  # the GPU's kernels
        exec(re.sub(r"(\d+): 512,", rf"\1: {WIDTH},", source), model.__dict__)
    return model


def randomise(module, seed):
    for name, tensor in module.state_dict().items():
        if not name.endswith("kernel"):
            mapping = name.startswith("style.")
            values = fill(name, tuple(tensor.shape), seed, mapping)
            tensor.copy_(torch.from_numpy(values))
    return module.eval().requires_grad_(False)


def generator_arrays(generator, w_avg):
    """Numbers of every stage of the generator, in Keras' layout."""
    z = latents(W_DIM)
    w = generator.get_latent(torch.from_numpy(z)).numpy()
    arrays = {"z": z, "w": w, "w_avg": w_avg.numpy()}
    arrays["ws_mixed"] = mixed(w, generator.n_latent)

    def image(ws, **kwargs):
        kwargs = {"input_is_latent": True, "randomize_noise": False, **kwargs}
        return to_nhwc(generator([torch.from_numpy(ws)], **kwargs)[0])

    arrays["image_const"] = image(w[:2])
    arrays["image_mixed"] = image(arrays["ws_mixed"])
    arrays["image_none"] = image(w[:2], noise=[torch.zeros(())] * generator.num_layers)
    draws = []
    for i in range(generator.num_layers):
        shape = (2, *getattr(generator.noises, f"noise_{i}").shape[1:])
        draws.append(np.random.RandomState(3 + i).randn(*shape).astype(np.float32))
    arrays["image_random"] = image(w[:2], noise=[torch.from_numpy(d) for d in draws])
    arrays |= {f"noise_{i}": to_nhwc(draw) for i, draw in enumerate(draws)}
    arrays["image_psi"] = image(w[:2], truncation=PSI, truncation_latent=w_avg)
    # The reference knows no cutoff, so its first rows are moved here.
    ws = np.repeat(w[:2, None], generator.n_latent, axis=1)
    average = arrays["w_avg"]
    ws[:, :CUTOFF] = average + np.float32(PSI) * (ws[:, :CUTOFF] - average)
    arrays["image_cutoff"] = image(ws)
    return arrays


def discriminator_arrays(discriminator):
    images = pictures(SIZE)
    arrays = {"pictures": images}
    for count in (8, 4, 3):
        x = torch.from_numpy(to_float(images[:count]))
        arrays[f"logits_{count}"] = discriminator(x).numpy()
    return arrays


def make(model, name, n_mlp, converted):
    """A file as the checkout's `convert_weight.py` or its `train.py` writes it."""
    generator, average = (
        randomise(model.Generator(SIZE, W_DIM, n_mlp), seed) for seed in (10, 12)
    )
    discriminator = randomise(model.Discriminator(SIZE), 11)
    w_avg = torch.from_numpy(fill("w_avg", (W_DIM,), 12))
    arrays = generator_arrays(average, w_avg) | discriminator_arrays(discriminator)
    save(name, arrays)
    checkpoint = {"g_ema": average.state_dict(), "g": generator.state_dict()}
    checkpoint["d"] = discriminator.state_dict()
    if converted:
        checkpoint["latent_avg"] = w_avg
    else:
        checkpoint["g_optim"] = torch.optim.Adam(generator.parameters()).state_dict()
        checkpoint["args"] = argparse.Namespace(size=SIZE, latent=W_DIM, n_mlp=n_mlp)
        checkpoint["ada_aug_p"] = 0.0
    torch.save(
        checkpoint, GOLDEN / f"{name}.pt", _use_new_zipfile_serialization=converted
    )


if __name__ == "__main__":
    model = reference(Path(sys.argv[1]))
    with torch.no_grad():
        make(model, "rosinality_zip", 8, True)
        make(model, "rosinality_legacy", 2, False)
