"""`python -m tf_fsgd sample --seeds 0-15 --out grid.png`: faces of the teacher."""

import argparse
import math
from pathlib import Path

from tf_fsgd.cli.rendering import (
    add_rendering_arguments,
    check_out,
    open_studio,
)
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import WRITABLE_SUFFIXES, check_image, write_image
from tf_fsgd.latents.sampling import parse_seeds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags, named as in NVIDIA's tools."""
    parser.add_argument("--seeds", default="0-15", help="such as 0-15,42 (%(default)s)")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("grid.png"),
        help=f"{', '.join(WRITABLE_SUFFIXES)} (%(default)s)",
    )
    add_rendering_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draws a grid of faces.

    Raises:
        UserError: For bad seeds, a file that cannot be written, or what `open_studio`
            refuses.
    """
    seeds = parse_seeds(arguments.seeds, "--seeds")
    check_out(arguments.out, WRITABLE_SUFFIXES)
    studio = open_studio(arguments)
    columns = math.ceil(math.sqrt(len(seeds)))
    side = columns * studio.side
    check_image(arguments.out, side, side)
    faces = studio.sample(seeds)
    write_image(arguments.out, image_grid(faces, columns))
    print(arguments.out)
