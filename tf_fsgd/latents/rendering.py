"""What every verb that draws faces has in common: flags, checks, rendering."""

import argparse
import math
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.stylegan2.loading import TEACHER_HELP, load_teacher
from tf_fsgd.stylegan2.teacher import Teacher

_SIDE = 256  # pixels of a face where the user does not say


def add_rendering_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that `open_teacher` and `render_faces` obey, in NVIDIA's spelling."""
    parser.add_argument("--teacher", default="mobile-ffhq", help=TEACHER_HELP)
    parser.add_argument(
        "--truncation-psi",
        "--trunc",
        type=float,
        default=0.7,
        metavar="PSI",
        help="below 1: nearer to the mean face, fewer flaws (%(default)s)",
    )
    parser.add_argument(
        "--noise-mode",
        choices=("const", "random", "none"),
        default="const",
        help="fine texture: the same in every picture, drawn anew, or absent "
        "(%(default)s)",
    )
    parser.add_argument(
        "--resolution",
        type=int,
        metavar="PIXELS",
        help="side of a face, the teacher's divided by a power of two "
        f"({_SIDE}, or the teacher's)",
    )


def open_teacher(arguments: argparse.Namespace) -> Teacher:
    """Loads the teacher and refuses what it cannot do, before a face is drawn.

    `arguments.resolution` is filled in where the user left it open.

    Raises:
        UserError: For a psi that is not a number, an unknown teacher, or a resolution
            or noise mode that it does not have.
    """
    if not math.isfinite(arguments.truncation_psi):
        raise UserError(
            f"--truncation-psi must be a number, received {arguments.truncation_psi}"
        )
    teacher = load_teacher(arguments.teacher)
    if arguments.resolution is None:
        arguments.resolution = min(_SIDE, teacher.resolution)
    teacher.network(arguments.resolution, arguments.noise_mode)
    return teacher


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


def render_faces(
    teacher: Teacher,
    ws: np.ndarray,
    *,
    resolution: int | None = None,
    noise_mode: str = "const",
    unit: str = "face",
) -> np.ndarray:
    """Draws faces one after the other, with progress and the time left.

    Args:
        teacher: Who draws.
        ws: `[N, num_ws, w_dim]`.
        resolution: Side R in pixels; the teacher's own if `None`.
        noise_mode: One of the teacher's.
        unit: What the progress bar counts.

    Returns:
        `[N, R, R, 3]` uint8.
    """
    return np.stack(
        [
            to_uint8(teacher.synthesis(one[None], noise_mode, resolution)[0])
            for one in tqdm(ws, desc="rendering", unit=unit, leave=False)
        ]
    )
