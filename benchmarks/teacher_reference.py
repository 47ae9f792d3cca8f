"""A worker of `teacher.py`: draws with a checkout of stylegan2-ada-pytorch.

python -m benchmarks.teacher_reference CHECKOUT reference fused inputs.npz out.npy
"""

import sys

import numpy as np
import torch

from benchmarks.worker import peak, serve


def main(checkout: str, way: str, form: str, inputs: str, images: str) -> None:
    sys.path.insert(0, checkout)
    from training.networks import SynthesisNetwork

    loaded = peak()
    torch.set_num_threads(2)
    torch.set_grad_enabled(False)
    weights = dict(np.load(inputs))
    ws = torch.from_numpy(weights.pop("ws"))
    network = SynthesisNetwork(
        w_dim=ws.shape[2],
        img_resolution=int(weights.pop("resolution")),
        img_channels=3,
        channel_base=16_384,
    ).eval()
    _load(network, weights)
    del weights

    def draw() -> torch.Tensor:
        return network(ws, noise_mode="const", fused_modconv=form == "fused")

    np.save(images, draw().permute(0, 2, 3, 1).numpy())
    serve(draw, loaded)


def _load(network: torch.nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Turns the weights of `tf_fsgd/stylegan2/architecture.py` into the reference's."""
    constant = weights.pop("input/constant")[0]
    network.b4.const.copy_(torch.from_numpy(constant).permute(2, 0, 1))
    for name, array in weights.items():
        layer, variable = name.split("/")
        block, part, *style = layer.split(".")
        module = getattr(getattr(network, block), part.replace("to_rgb", "torgb"))
        tensor = torch.from_numpy(array)
        if style:
            module = module.affine
        if variable == "kernel" and not style:
            order = (2, 3, 0, 1) if part == "conv0" else (3, 2, 0, 1)
            tensor = tensor.permute(*order)
        elif variable == "kernel":
            tensor = tensor.T
        if variable == "kernel" and (style or part == "to_rgb"):
            tensor = tensor / module.weight_gain
        target = {"kernel": "weight", "noise": "noise_const"}.get(variable, variable)
        getattr(module, target).copy_(tensor)


if __name__ == "__main__":
    main(*sys.argv[1:])
