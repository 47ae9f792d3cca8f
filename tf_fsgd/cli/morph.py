"""`python -m tf_fsgd morph --seeds 3,17,42 --out morph.gif`: faces into one another."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tf_fsgd.cli.rendering import (
    add_rendering_arguments,
    check_out,
    open_studio,
)
from tf_fsgd.images.animation import SUFFIXES as ANIMATED
from tf_fsgd.images.animation import check_animation, write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import check_image, write_image
from tf_fsgd.latents.faces import FACES_HELP, parse_faces
from tf_fsgd.latents.interpolation import EASES, PATHS

STRIPS = (".png", ".jpg", ".jpeg")
_ANIMATION = {"frames": 24, "ease": "smoothstep", "loop": True}
_STRIP = {"frames": 6, "ease": "linear", "loop": False}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "--seeds",
        "--ends",
        dest="faces",
        nargs="+",
        required=True,
        metavar="FACE",
        help=f"two or more faces to visit: {FACES_HELP}",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("morph.gif"),
        help=".gif, .webp or .mp4 for an animation, .png or .jpg for a strip with a "
        "row for every transition (%(default)s)",
    )
    parser.add_argument(
        "--space",
        choices=("w", "z"),
        default="w",
        help="W, or Z, which wanders past other people (%(default)s)",
    )
    parser.add_argument(
        "--path",
        choices=tuple(PATHS),
        help="straight, or an arc: in W about the mean face, which keeps the faces "
        "between from becoming average; in Z about 0 (linear in W, spherical in Z)",
    )
    parser.add_argument(
        "--ease",
        choices=tuple(EASES),
        help="smoothstep dwells on every face (smoothstep; a strip: linear)",
    )
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help="steps from one face to the next (24; a strip: 6)",
    )
    parser.add_argument(
        "--loop",
        action=argparse.BooleanOptionalAction,
        help="return to the first face, and play for ever (yes; a strip: no)",
    )
    parser.add_argument(
        "--fps", type=float, default=20, help="frames a second (%(default)s)"
    )
    add_rendering_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Draws an animation, or a strip.

    Raises:
        UserError: For fewer than two faces, photos in Z, a file that cannot be
            written, or what `open_studio` refuses.
    """
    faces = parse_faces(arguments.faces, "--seeds")
    check_out(arguments.out, (*ANIMATED, *STRIPS))
    strip = arguments.out.suffix.lower() in STRIPS
    if not strip:
        check_animation(arguments.out, arguments.fps)
    for name, value in (_STRIP if strip else _ANIMATION).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    studio = open_studio(arguments)
    if strip:
        rows = len(faces) - 1 + arguments.loop
        height, width = (count * studio.side for count in (rows, arguments.frames + 1))
        check_image(arguments.out, height, width)

    frames = studio.morph(
        faces,
        arguments.frames,
        space=arguments.space,
        path=arguments.path,
        ease=arguments.ease,
        loop=arguments.loop,
    )
    if strip:
        labels = [face.label for face in faces]
        sheet = _strip(frames, labels, arguments.frames, arguments.loop)
        write_image(arguments.out, sheet)
    else:
        write_animation(
            arguments.out, frames, fps=arguments.fps, loop=bool(arguments.loop)
        )
    print(arguments.out)


def _strip(
    frames: np.ndarray, labels: Sequence[str], steps: int, loop: bool
) -> np.ndarray:
    """A row for every transition, with both its faces in it."""
    stops = [*labels, labels[0]] if loop else labels
    rows = len(stops) - 1
    index = np.arange(rows)[:, None] * steps + np.arange(steps + 1)
    names = [f"{start} to {end}" for start, end in zip(stops, stops[1:], strict=False)]
    return image_grid(frames[index.ravel() % len(frames)], steps + 1, row_labels=names)
