"""A worker of `latency.py`: translates with a checkout of NVIDIA/pix2pixHD.

python -m benchmarks.latency_reference CHECKOUT config.json THREADS translated.npy
"""

import contextlib
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks.train_step_reference import load_networks, start
from benchmarks.train_step_start import images
from benchmarks.worker import peak, serve


@torch.inference_mode()
def main(checkout: str, config: str, threads: str, translated: str) -> None:
    networks = load_networks(checkout)
    loaded = peak()
    torch.set_num_threads(int(threads))
    config = json.loads(
        Path(config).read_text(), object_hook=lambda fields: SimpleNamespace(**fields)
    )
    shape = config.generator
    # It prints itself, but standard output is the worker's line to its caller.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        generator = networks.define_G(
            3, 3, shape.filters, "global", shape.downsamplings, shape.blocks
        ).eval()
    start(generator.parameters())
    image, _ = images(1, config.pairs.resolution)
    image = torch.from_numpy(image).permute(0, 3, 1, 2).contiguous()
    np.save(translated, generator(image).permute(0, 2, 3, 1).numpy())
    serve(lambda: generator(image), loaded)


if __name__ == "__main__":
    main(*sys.argv[1:])
