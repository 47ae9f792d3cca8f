"""Makes golden/*.npz with PyTorch, whose layers the reference is made of.

    python -m pip install torch==2.13.0 numpy
    python tests/pix2pixhd/make_golden.py

Needed only to make the files anew; the tests read them without PyTorch. Arrays are in
Keras' layout: images NHWC, kernels HWIO (transposed convolutions HWOI).
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

GOLDEN = Path(__file__).parent / "golden"


def convolution(cin, cout, kernel, stride=1, padding=0):
    return nn.Conv2d(cin, cout, kernel, stride, padding)


def doubling(cin, cout):
    return nn.ConvTranspose2d(cin, cout, 3, 2, padding=1, output_padding=1)


def halving_mean():
    return nn.AvgPool2d(3, 2, padding=1, count_include_pad=False)


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.ReflectionPad2d(1), convolution(width, width, 3)),
            *(nn.InstanceNorm2d(width), nn.ReLU()),
            *(nn.ReflectionPad2d(1), convolution(width, width, 3)),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x):
        return x + self.body(x)


def activated(layer, width):
    return [layer, nn.InstanceNorm2d(width), nn.ReLU()]


def trunk(filters, halvings, blocks):
    yield nn.ReflectionPad2d(3)
    yield from activated(convolution(3, filters, 7), filters)
    for i in range(halvings):
        width = filters * 2**i
        yield from activated(convolution(width, 2 * width, 3, 2, 1), 2 * width)
    yield from (Block(filters * 2**halvings) for _ in range(blocks))
    for i in reversed(range(halvings)):
        width = filters * 2**i
        yield from activated(doubling(2 * width, width), width)


def head(filters):
    return nn.Sequential(nn.ReflectionPad2d(3), convolution(filters, 3, 7), nn.Tanh())


class LocalEnhancer(nn.Module):
    def __init__(self, filters, halvings, blocks):
        super().__init__()
        self.coarse = nn.Sequential(*trunk(2 * filters, halvings, blocks))
        self.down = nn.Sequential(
            nn.ReflectionPad2d(3),
            *activated(convolution(3, filters, 7), filters),
            *activated(convolution(filters, 2 * filters, 3, 2, 1), 2 * filters),
        )
        self.up = nn.Sequential(
            *(Block(2 * filters) for _ in range(3)),
            *activated(doubling(2 * filters, filters), filters),
            head(filters),
        )

    def forward(self, x):
        return self.up(self.down(x) + self.coarse(halving_mean()(x)))


class Discriminator(nn.Module):
    def __init__(self, filters, strided, scales):
        super().__init__()
        self.scales = nn.ModuleList()
        for _ in range(scales):
            first = convolution(6, filters, 4, 2, 2)
            layers = [nn.Sequential(first, nn.LeakyReLU(0.2))]
            for i in range(strided):
                width, stride = filters * 2**i, 2 if i < strided - 1 else 1
                layer = convolution(width, 2 * width, 4, stride, 2)
                norm = nn.InstanceNorm2d(2 * width)
                layers.append(nn.Sequential(layer, norm, nn.LeakyReLU(0.2)))
            layers.append(convolution(filters * 2**strided, 1, 4, 1, 2))
            self.scales.append(nn.ModuleList(layers))

    def forward(self, x):
        maps = []
        for scale in self.scales:
            y = x
            for layer in scale:
                y = layer(y)
                maps.append(y)
            x = halving_mean()(x)
        return maps


def save(name, network, shape):
    """Runs a network on noise and stores its weights in the order of their use."""
    for p in network.parameters():
        nn.init.normal_(p, std=0.3)
        p.data = p.data.half().float()  # exact in float16, which the file stores
    x = torch.rand(2, *shape) * 2 - 1
    with torch.no_grad():
        y = network(x)
    outputs = y if isinstance(y, list) else [y]
    arrays = {"x": x, **{f"y{i}": output for i, output in enumerate(outputs)}}
    arrays = {k: a.numpy().transpose(0, 2, 3, 1) for k, a in arrays.items()}
    for i, p in enumerate(network.parameters()):
        w = p.detach().half().numpy()
        # [out, in, h, w], or [in, out, h, w] of a transposed one: the first goes last.
        arrays[f"w{i:02}"] = w.transpose(2, 3, 1, 0) if w.ndim == 4 else w
    np.savez_compressed(GOLDEN / f"{name}.npz", **arrays)


if __name__ == "__main__":
    torch.manual_seed(0)
    GOLDEN.mkdir(exist_ok=True)
    save("halving_convolution", convolution(3, 6, 3, 2, 1), (3, 8, 8))
    save("doubling_convolution", doubling(6, 3), (6, 4, 4))
    save("halving_mean", halving_mean(), (3, 7, 8))
    save("instance_norm", nn.InstanceNorm2d(3), (3, 6, 5))
    save("global", nn.Sequential(*trunk(4, 2, 2), head(4)), (3, 16, 16))
    save("local", LocalEnhancer(2, 1, 1), (3, 16, 16))
    save("discriminator", Discriminator(3, 3, 2), (6, 16, 16))
