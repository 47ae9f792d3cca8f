"""`python -m tf_fsgd express --seed 7 --edit smile --out smile.gif`: expressions."""

import argparse
import math
from pathlib import Path

import numpy as np

from tf_fsgd.cli.rendering import (
    add_rendering_arguments,
    check_out,
    open_studio,
)
from tf_fsgd.edits import EDITS, parse_edits
from tf_fsgd.errors import UserError
from tf_fsgd.images.animation import SUFFIXES as ANIMATED
from tf_fsgd.images.animation import check_animation, write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import write_image
from tf_fsgd.latents.expressions import degrees_of, expression_of
from tf_fsgd.latents.faces import FACES_HELP, parse_faces

STRIPS = (".png", ".jpg", ".jpeg")
_SWING = 1.0  # to either side, for edits without a number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "--seeds",
        "--seed",
        dest="faces",
        nargs="+",
        required=True,
        metavar="FACE",
        help=f"faces, shown side by side: {FACES_HELP}",
    )
    parser.add_argument(
        "--edit",
        required=True,
        metavar="EDITS",
        help="such as smile, or several with their strengths, 1 a clear edit: "
        "smile=0.8,brows=0.5,eyes=-0.3; among "
        f"{', '.join(EDITS)} and a direction's .npz",
    )
    parser.add_argument(
        "--from",
        dest="first",
        type=float,
        metavar="DEGREE",
        help=f"times the edits at the start ({-_SWING}; with strengths: 0)",
    )
    parser.add_argument(
        "--to",
        dest="last",
        type=float,
        metavar="DEGREE",
        help=f"times the edits at the turn, or a strip's end ({_SWING}; with "
        "strengths: 1)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("express.gif"),
        help=".gif, .webp or .mp4 for a film there and back, .png or .jpg for a strip "
        "with a row for every face (%(default)s)",
    )
    parser.add_argument(
        "--frames", type=int, help="of the film, or columns of the strip (40; 7)"
    )
    parser.add_argument(
        "--fps", type=float, default=20, help="frames a second (%(default)s)"
    )
    add_rendering_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draws a film, or a strip.

    Raises:
        UserError: For an unknown edit or face, a degree that is not a number, a file
            that cannot be written, or what `open_studio` refuses.
    """
    faces = parse_faces(arguments.faces, "--seeds")
    expression = expression_of(parse_edits(arguments.edit))
    has_strengths = "=" in arguments.edit
    check_out(arguments.out, (*ANIMATED, *STRIPS))
    strip = arguments.out.suffix.lower() in STRIPS
    if not strip:
        check_animation(arguments.out, arguments.fps)
    first, last = (0.0, 1.0) if has_strengths else (-_SWING, _SWING)
    first = first if arguments.first is None else arguments.first
    last = last if arguments.last is None else arguments.last
    if not (math.isfinite(first) and math.isfinite(last)):
        raise UserError(f"--from and --to must be numbers, received {first} and {last}")
    frames = (7 if strip else 40) if arguments.frames is None else arguments.frames
    if frames < 1:
        raise UserError(f"--frames must be at least 1, received {frames}")
    studio = open_studio(arguments)

    degrees = degrees_of(first, last, frames, there_and_back=not strip)
    # A film comes back as it went: what has been drawn is shown again.
    distinct, shown = np.unique(degrees, return_inverse=True)
    pictures = studio.express(faces, expression, distinct)[shown]
    if strip:
        sheet = image_grid(
            pictures.swapaxes(0, 1).reshape(-1, *pictures.shape[2:]),
            frames,
            row_labels=[face.label for face in faces],
            column_labels=[f"{degree:+.3g}" for degree in degrees],
        )
        write_image(arguments.out, sheet)
    else:
        columns = math.ceil(math.sqrt(len(faces)))
        film = [image_grid(frame, columns, gap=0) for frame in pictures]
        write_animation(arguments.out, film, fps=arguments.fps)
    print(arguments.out)
