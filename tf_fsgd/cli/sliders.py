"""`python -m tf_fsgd sliders PHOTO ... --out sheet.jpg`: every edit of some faces."""

import argparse
import math
from pathlib import Path

import numpy as np

from tf_fsgd.edits import parse_edits
from tf_fsgd.errors import UserError
from tf_fsgd.images.animation import SUFFIXES as ANIMATED
from tf_fsgd.images.animation import check_animation, write_animation
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import read_image, resize, write_image
from tf_fsgd.training.samples import edits_grid
from tf_fsgd.translator.translator import DEFAULT, Translator, load_translator

_STILL = (".png", ".jpg", ".jpeg")
_FRAMES_PER_SECOND = 12
_MOST = 16  # photos that fit side by side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help=f"images or folders of aligned faces, {_MOST} at most",
    )
    parser.add_argument(
        "--translator",
        default=DEFAULT,
        metavar="RUN",
        help="a finished run's folder or a shipped translator (%(default)s)",
    )
    parser.add_argument(
        "--edit",
        metavar="EDITS",
        help="such as smile or feminine,older=0.8: rows of a sheet, scenes of a film",
    )
    parser.add_argument(
        "--strength", type=float, help="of edits without a number, at their end (1)"
    )
    parser.add_argument(
        "--frames", type=int, default=24, help="of each scene (%(default)s)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("sliders.jpg"),
        help=".jpg or .png for a sheet, .gif, .webp or .mp4 for a film in which each "
        "edit comes and goes (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Draws the sheet or the film.

    Raises:
        UserError: If the translator, an edit or the suffix is unknown, or a photo is
            missing or unreadable.
    """
    out, suffix = arguments.out, arguments.out.suffix.lower()
    if suffix not in (*_STILL, *ANIMATED):
        known = ", ".join((*_STILL, *ANIMATED))
        raise UserError(f"--out must end in one of {known}, received {out}")
    if arguments.frames < 2:
        raise UserError(f"--frames must be at least 2, received {arguments.frames}")
    translator = load_translator(arguments.translator)
    edits = parse_edits(
        arguments.edit or ",".join(translator.edits), arguments.strength
    )
    translator.strengths(edits)  # refuses unknown edits before any work
    paths = find_images(arguments.photos)
    if len(paths) > _MOST:
        raise UserError(f"PHOTO: at most {_MOST} photos, received {len(paths)}")
    faces = np.stack(
        [resize(read_image(path), translator.resolution) for path in paths]
    )
    if suffix in _STILL:
        side = translator.resolution
        write_image(out, edits_grid(translator, faces, edits, side))
    else:
        check_animation(out, _FRAMES_PER_SECOND)
        frames = film(translator, faces, edits, arguments.frames)
        write_animation(out, frames, fps=_FRAMES_PER_SECOND)
    print(out)


def film(
    translator: Translator, faces: np.ndarray, edits: dict[str, float], frames: int
) -> list[np.ndarray]:
    """Faces side by side; one edit after the other comes and goes.

    Args:
        translator: Makes the edits.
        faces: `[N, R, R, 3]` uint8.
        edits: Strength by edit, reached in the middle of its scene.
        frames: Pictures of a scene.

    Returns:
        Pictures `[H, W, 3]` uint8, of one size.
    """
    pictures = []
    for edit, strength in edits.items():
        for frame in range(frames):
            share = (1 - math.cos(2 * math.pi * frame / frames)) / 2
            edited = translator.translate(faces, {edit: share * strength})
            pictures.append(image_grid(edited, len(faces), row_labels=[edit]))
    # Labels are as wide as their text.
    width = max(picture.shape[1] for picture in pictures)
    return [
        np.pad(
            picture,
            ((0, 0), (width - picture.shape[1], 0), (0, 0)),
            constant_values=255,
        )
        for picture in pictures
    ]
