"""A worker of `train_step.py`: trains with a checkout of NVIDIA/pix2pixHD.

python -m benchmarks.train_step_reference CHECKOUT config.json report.json

Networks and `GANLoss` are the checkout's. Its `Pix2PixHDModel` asks for CUDA and VGG19,
so the step is written anew, in the order of the checkout's model and `train.py`.
"""

import contextlib
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import torch

from benchmarks.train_step_start import images, serve_steps, weights
from benchmarks.worker import peak


def main(checkout: str, config: str, report: str) -> None:
    networks = load_networks(checkout)
    loaded = peak()
    torch.set_num_threads(2)
    config = json.loads(
        Path(config).read_text(), object_hook=lambda fields: SimpleNamespace(**fields)
    )
    generator, discriminator = _build(networks, config)
    a, b = (
        torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()
        for array in images(config.training.batch_size, config.pairs.resolution)
    )
    judge, distance = networks.GANLoss(), torch.nn.L1Loss()
    plan = config.training
    generator_optimizer = torch.optim.Adam(
        generator.parameters(), plan.learning_rate, (plan.beta_1, 0.999)
    )
    discriminator_optimizer = torch.optim.Adam(
        discriminator.parameters(),
        plan.discriminator_learning_rate,
        (plan.beta_1, 0.999),
    )

    def step() -> tuple[torch.Tensor, ...]:
        fake = generator(a)
        detached = discriminator(torch.cat((a, fake.detach()), dim=1))
        real = discriminator(torch.cat((a, b), dim=1))
        outputs = discriminator(torch.cat((a, fake), dim=1))
        discriminator_loss = 0.5 * (judge(real, True) + judge(detached, False))
        adversarial = judge(outputs, True)
        feature_matching = sum(
            4 / len(real_maps[:-1]) / len(real) * distance(map_, real_map.detach())
            for maps, real_maps in zip(outputs, real, strict=True)
            for map_, real_map in zip(maps[:-1], real_maps[:-1], strict=True)
        )
        total = adversarial + config.loss.feature_matching * feature_matching

        generator_optimizer.zero_grad()
        total.backward()
        generator_optimizer.step()
        discriminator_optimizer.zero_grad()
        discriminator_loss.backward()
        discriminator_optimizer.step()
        return adversarial, feature_matching, discriminator_loss

    parameters = tuple(
        sum(parameter.numel() for parameter in network.parameters())
        for network in (generator, discriminator)
    )
    serve_steps(step, loaded, parameters, report)


def load_networks(checkout: str) -> ModuleType:
    """The networks of the checkout."""
    sys.path.insert(0, checkout)
    # Imported by the checkout for VGG19 alone, which nobody asks for here.
    sys.modules["torchvision"] = ModuleType("torchvision")
    sys.modules["torchvision"].models = None
    from models import networks

    return networks


def _build(
    networks: ModuleType, config: SimpleNamespace
) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Generator and discriminator of a `tf_fsgd.config.Config`, at their start."""
    shape, judge = config.generator, config.discriminator
    # Both print themselves, but standard output is the worker's line to its caller.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        generator = networks.define_G(
            3, 3, shape.filters, "global", shape.downsamplings, shape.blocks
        )
        discriminator = networks.define_D(
            6, judge.filters, judge.layers, num_D=judge.scales, getIntermFeat=True
        )
    start(generator.parameters())
    # The reference counts its scales from the smallest picture.
    start(
        parameter
        for scale in reversed(range(judge.scales))
        for layer in range(judge.layers + 2)
        for parameter in getattr(
            discriminator, f"scale{scale}_layer{layer}"
        ).parameters()
    )
    return generator, discriminator


@torch.no_grad()
def start(parameters) -> None:
    """Gives a network, one layer after the other, the weights that all start with."""
    # A view in Keras' layout; for a bias, the bias.
    views = [p.permute(2, 3, 1, 0) if p.dim() == 4 else p for p in parameters]
    shapes = [tuple(view.shape) for view in views]
    for view, array in zip(views, weights(shapes), strict=True):
        view.copy_(torch.from_numpy(array))


if __name__ == "__main__":
    main(*sys.argv[1:])
