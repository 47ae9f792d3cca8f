"""Makes golden/{ada_pytorch*,stylegan3*}.{pkl,npz} with NVIDIA's PyTorch code.

    git clone https://github.com/NVlabs/stylegan2-ada-pytorch      # and stylegan3
    python -m pip install torch==2.13.0 numpy requests setuptools scipy
    python tests/stylegan2/make_stylegan2_golden_torch.py PATH_OF_ONE_CHECKOUT

Needed only to make the files anew. The checkout's own modules give the numbers and
write the pickle, from which the embedded source text is taken out.
"""

import importlib
import pickle
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


def randomise(module, seed):
    named = [*module.named_parameters(), *module.named_buffers()]
    for name, tensor in named:
        if not name.endswith("resample_filter"):
            mapping = name.startswith("mapping.fc")
            values = fill(name, tuple(tensor.shape), seed, mapping)
            tensor.copy_(torch.from_numpy(values))
    return module.eval().requires_grad_(False)


def generator_arrays(generator):
    """Numbers of every stage of the generator, in Keras' layout."""
    z = latents(generator.z_dim)
    ws = generator.mapping(torch.from_numpy(z), None)
    arrays = {"z": z, "w": ws[:, 0].numpy(), "w_avg": generator.mapping.w_avg.numpy()}
    arrays["ws_mixed"] = mixed(arrays["w"], generator.num_ws)

    def image(ws, noise_mode="const"):
        images = generator.synthesis(
            torch.as_tensor(ws), noise_mode=noise_mode, force_fp32=True
        )
        return to_nhwc(images)

    arrays["image_const"] = image(ws[:2])
    arrays["image_none"] = image(ws[:2], "none")
    arrays["image_mixed"] = image(arrays["ws_mixed"])
    draws = []

    def normal(shape, **_):
        values = np.random.RandomState(3 + len(draws)).randn(*shape)
        draws.append(values.astype(np.float32))
        return torch.from_numpy(draws[-1])

    with mock.patch.object(torch, "randn", normal):
        arrays["image_random"] = image(ws[:2], "random")
    arrays |= {f"noise_{i}": to_nhwc(draw) for i, draw in enumerate(draws)}
    for name, cutoff in (("psi", None), ("cutoff", CUTOFF)):
        ws = generator.mapping(
            torch.from_numpy(z[:2]), None, truncation_psi=PSI, truncation_cutoff=cutoff
        )
        arrays[f"image_{name}"] = image(ws)
    return arrays


def discriminator_arrays(discriminator):
    images = pictures(discriminator.img_resolution)
    arrays = {"pictures": images}
    for count in (8, 4, 3):
        x = torch.from_numpy(to_float(images[:count]))
        arrays[f"logits_{count}"] = discriminator(x, None, force_fp32=True).numpy()
    return arrays


def without_source(module):
    """Takes the text out of the classes, which put it into each of their pickles."""
    for part in module.modules():
        if hasattr(type(part), "_orig_module_src"):
            type(part)._orig_module_src = ""
    return module


def dump(name, **modules):
    snapshot = {"training_set_kwargs": {"use_labels": False, "resolution": 16}}
    snapshot |= {key: without_source(module) for key, module in modules.items()}
    with open(GOLDEN / f"{name}.pkl", "wb") as file:
        pickle.dump(snapshot, file, protocol=3)


def make(name, networks, sizes, latent, mapping, synthesis, epilogue, **extra):
    """`synthesis` holds for the discriminator, too."""
    block = synthesis.pop("block", {})
    sizes = {"c_dim": 0, "img_channels": 3, **sizes}
    options = {**synthesis, **block}
    if networks.__name__ == "training.networks":  # stylegan3's takes them one by one
        options = {"synthesis_kwargs": options}
    options |= {**sizes, **latent, "mapping_kwargs": mapping}
    generators = [randomise(networks.Generator(**options), seed) for seed in (10, 12)]
    discriminator = networks.Discriminator(
        **sizes, **synthesis, block_kwargs=block, epilogue_kwargs=epilogue
    )
    randomise(discriminator, 11)
    arrays = generator_arrays(generators[1]) | discriminator_arrays(discriminator)
    save(name, arrays)
    dump(name, G=generators[0], D=discriminator, G_ema=generators[1], **extra)


def make_stylegan2_ada():
    networks = importlib.import_module("training.networks")
    augment = importlib.import_module("training.augment").AugmentPipe(xflip=1)
    latent = {"z_dim": 16, "w_dim": 16}
    sizes = {"img_resolution": 16}
    synthesis = {"channel_base": 128, "channel_max": 12}
    epilogue = {"mbstd_group_size": 4}
    kwargs = {"augment_pipe": augment.requires_grad_(False)}
    mapping = {"num_layers": 2}
    make(
        *("ada_pytorch", networks, sizes, latent),
        *(mapping, synthesis, epilogue),
        **kwargs,
    )
    latent = {"z_dim": 12, "w_dim": 16}
    synthesis = {"channel_base": 128, "channel_max": 12, "num_fp16_res": 2}
    synthesis |= {"conv_clamp": 1.5, "block": {"resample_filter": [1, 2, 2, 1]}}
    epilogue = {"mbstd_group_size": 8}
    make("ada_pytorch_clamp", networks, sizes, latent, {}, synthesis, epilogue)


def make_stylegan3():
    networks = importlib.import_module("training.networks_stylegan2")
    latent, sizes = {"z_dim": 16, "w_dim": 16}, {"img_resolution": 16}
    synthesis = {"channel_base": 96, "channel_max": 12, "num_fp16_res": 4}
    epilogue, mapping = {"mbstd_group_size": 4}, {"num_layers": 4}
    synthesis |= {"conv_clamp": 256}
    make(
        *("stylegan3_stylegan2", networks, sizes, latent),
        *(mapping, synthesis, epilogue),
    )
    networks3 = importlib.import_module("training.networks_stylegan3")
    synthesis = {"channel_base": 64, "channel_max": 8, "num_layers": 4}
    generator = networks3.Generator(
        **{**latent, **sizes}, c_dim=0, img_channels=3, **synthesis
    )
    discriminator = networks.Discriminator(
        **sizes, c_dim=0, img_channels=3, channel_base=64, channel_max=8
    )
    for module in (generator, discriminator):
        module.eval().requires_grad_(False)
    dump("stylegan3", G=generator, D=discriminator, G_ema=generator)


if __name__ == "__main__":
    checkout = Path(sys.argv[1])
    sys.path.insert(0, str(checkout))
    version = types.SimpleNamespace(parse_version=torch.torch_version.TorchVersion)
    sys.modules["pkg_resources"] = version  # setuptools has it no more
    torch.manual_seed(0)
    new = (checkout / "training" / "networks_stylegan3.py").exists()
    with torch.no_grad():
        (make_stylegan3 if new else make_stylegan2_ada)()
