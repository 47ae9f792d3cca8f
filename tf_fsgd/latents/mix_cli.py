"""`python -m tf_fsgd mix --rows 1-4 --cols 5-8 --layers 0-3`: a style-mixing sheet."""

import argparse
from pathlib import Path

import numpy as np

from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import WRITABLE_SUFFIXES, check_image, write_image
from tf_fsgd.latents.faces import FACES_HELP, faces_ws, parse_faces
from tf_fsgd.latents.mixing import mix
from tf_fsgd.latents.rendering import (
    add_rendering_arguments,
    check_out,
    open_teacher,
    render_faces,
)
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
            file that cannot be written, or what `open_teacher` refuses.
    """
    rows = parse_faces(arguments.rows, "--rows")
    columns = parse_faces(arguments.cols, "--cols")
    check_out(arguments.out, WRITABLE_SUFFIXES)
    teacher = open_teacher(arguments)
    layers = parse_ranges(arguments.layers, "--layers", teacher.num_ws - 1)
    height, width = (
        (1 + len(faces)) * arguments.resolution for faces in (rows, columns)
    )
    check_image(arguments.out, height, width)
    row_ws = faces_ws(teacher, rows, arguments.truncation_psi)
    column_ws = faces_ws(teacher, columns, arguments.truncation_psi)

    # The sheet row by row: the faces at the top; then each at the left, and its cells.
    ws = [column_ws]
    for row, mixed in zip(row_ws, mix(row_ws, column_ws, layers), strict=True):
        ws += [row[None], mixed]
    cells = render_faces(
        teacher,
        np.concatenate(ws),
        resolution=arguments.resolution,
        noise_mode=arguments.noise_mode,
    )
    corner = np.full_like(cells[:1], 255)
    sheet = image_grid(
        np.concatenate([corner, cells]),
        1 + len(columns),
        row_labels=["", *[face.label for face in rows]],
        column_labels=["", *[face.label for face in columns]],
    )
    write_image(arguments.out, sheet)
    print(arguments.out)
