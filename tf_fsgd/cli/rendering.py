"""What every verb that draws faces has in common: flags and checks."""

import argparse
import os
from collections.abc import Iterable
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.latents.studio import SIDE, Studio
from tf_fsgd.stylegan2.loading import TEACHER_HELP, load_teacher


def add_rendering_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that `open_studio` obeys, in NVIDIA's spelling."""
    parser.add_argument("--teacher", default="mobile-ffhq", help=TEACHER_HELP)
    parser.add_argument(
        "--truncation-psi",
        "--trunc",
        type=float,
        default=Studio.truncation_psi,
        metavar="PSI",
        help="below 1: nearer to the mean face, fewer flaws (%(default)s)",
    )
    parser.add_argument(
        "--noise-mode",
        choices=("const", "random", "none"),
        default=Studio.noise_mode,
        help="fine texture: the same in every picture, drawn anew, or absent "
        "(%(default)s)",
    )
    parser.add_argument(
        "--resolution",
        type=int,
        metavar="PIXELS",
        help="side of a face, the teacher's divided by a power of two "
        f"({SIDE}, or the teacher's)",
    )


def open_studio(arguments: argparse.Namespace) -> Studio:
    """Loads the teacher and refuses what it cannot do, before a face is drawn.

    Raises:
        UserError: As `load_teacher` and `Studio`.
    """
    return Studio(
        load_teacher(arguments.teacher),
        arguments.truncation_psi,
        arguments.resolution,
        arguments.noise_mode,
    )


def check_out(path: Path, suffixes: Iterable[str]) -> None:
    """Refuses a file that could not be written, before minutes go into its content.

    Raises:
        UserError: If the suffix is not among `suffixes`, the path is a folder, or it
            lies in a file or in a folder that may not be written.
    """
    suffixes = list(suffixes)
    if path.suffix.lower() not in suffixes:
        raise UserError(
            f"--out must end in one of {', '.join(suffixes)}, received {str(path)!r}"
        )
    if path.is_dir():
        raise UserError(f"--out {path}: expected a file, found a folder")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise UserError(f"--out {path}: expected a folder, found a file: {folder}")
    if not os.access(folder, os.W_OK):
        raise UserError(f"--out {path}: no permission to write in {folder}")
