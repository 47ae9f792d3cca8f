"""`python -m tf_fsgd sample --seeds 0-15 --out grid.png`: faces of the teacher."""

import argparse
import math
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import to_uint8, write_image
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast, parse_seeds
from tf_fsgd.stylegan2.loading import load_teacher


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags, named as in NVIDIA's tools."""
    parser.add_argument("--seeds", default="0-15", help="such as 0-15,42 (%(default)s)")
    parser.add_argument("--truncation-psi", type=float, default=0.7)
    parser.add_argument("--teacher", default="mobile-ffhq")
    parser.add_argument(
        "--resolution", type=int, default=256, help="of each face (%(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("grid.png"))


def run(arguments: argparse.Namespace) -> None:
    """Draws a grid of faces.

    Raises:
        UserError: For bad seeds, a psi that is not a number, or an unknown teacher.
    """
    seeds = parse_seeds(arguments.seeds)
    if not math.isfinite(arguments.truncation_psi):
        raise UserError(
            f"--truncation-psi must be a number, received {arguments.truncation_psi}"
        )
    teacher = load_teacher(arguments.teacher)
    ws = broadcast(sample_w(teacher, seeds, arguments.truncation_psi), teacher.num_ws)
    faces = [
        teacher.synthesis(w[None], resolution=arguments.resolution)[0]
        for w in tqdm(ws, unit="face", leave=False)
    ]
    columns = math.ceil(math.sqrt(len(faces)))
    write_image(arguments.out, image_grid(to_uint8(np.stack(faces)), columns))
    print(arguments.out)
