"""`python -m tf_fsgd mix --rows 1-4 --cols 5-8 --layers 0-3`: a style-mixing sheet."""

import argparse
from pathlib import Path

import numpy as np

from tf_fsgd.cli.rendering import (
    add_rendering_arguments,
    check_out,
    open_studio,
)
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import WRITABLE_SUFFIXES, check_image, write_image
from tf_fsgd.latents.faces import FACES_HELP, parse_faces
from tf_fsgd.latents.sampling import parse_ranges


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags, named as in NVIDIA's style_mixing.py."""
    parser.add_argument(
        "--rows",
        nargs="+",
        required=True,
        metavar="FACE",
        help=f"faces at the left, who lend everything else: {FACES_HELP}",
    )
    parser.add_argument(
        "--cols",
        nargs="+",
        required=True,
        metavar="FACE",
        help="faces at the top, who lend the rows of W+ in --layers",
    )
    parser.add_argument(
        "--layers",
        "--styles",
        default="0-6",
        help="rows of W+ from the face at the top: 0-3 pose and shape, 4-7 features, "
        "8 and on colours (%(default)s)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mix.png"),
        help=f"{', '.join(WRITABLE_SUFFIXES)} (%(default)s)",
    )
    add_rendering_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draws the sheet.

    Raises:
        UserError: For faces that are none, layers that the teacher does not have, a
            file that cannot be written, or what `open_studio` refuses.
    """
    rows = parse_faces(arguments.rows, "--rows")
    columns = parse_faces(arguments.cols, "--cols")
    check_out(arguments.out, WRITABLE_SUFFIXES)
    studio = open_studio(arguments)
    layers = parse_ranges(arguments.layers, "--layers", studio.teacher.num_ws - 1)
    height, width = ((1 + len(faces)) * studio.side for faces in (rows, columns))
    check_image(arguments.out, height, width)
    top, left = studio.sample(columns), studio.sample(rows)
    mixed = studio.mix(rows, columns, layers)

    corner = np.full_like(top[:1], 255)
    below = np.concatenate([left[:, None], mixed], axis=1)
    sheet = image_grid(
        np.concatenate([corner, top, *below]),
        1 + len(columns),
        row_labels=["", *[face.label for face in rows]],
        column_labels=["", *[face.label for face in columns]],
    )
    write_image(arguments.out, sheet)
    print(arguments.out)
