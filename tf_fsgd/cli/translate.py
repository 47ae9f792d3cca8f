"""`python -m tf_fsgd translate PHOTO ... --edit smile=0.8`: a translator at work."""

import argparse
import collections
import copy
import dataclasses
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd import __version__
from tf_fsgd.backend.quiet import output_to
from tf_fsgd.edits import asked_for
from tf_fsgd.errors import UserError
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.finding import find_images, print_left_out
from tf_fsgd.images.io import (
    WRITABLE_SUFFIXES,
    read_photo,
    resize,
    write_photo,
)
from tf_fsgd.images.photo import Photo
from tf_fsgd.images.tracking import FaceTracker
from tf_fsgd.images.video import VIDEO_SUFFIXES, is_video, open_video
from tf_fsgd.translator.photos import Edit, edit_frames, edit_photo, find_squares
from tf_fsgd.translator.translator import DEFAULT, SHIPPED, load_translator

MARK = f"tf_fsgd {__version__} (faces edited)"
"""What a result's metadata says of it."""

_JPEG_SUFFIXES = (".jfif", ".jpe", ".mpo")  # of what is written as .jpg


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="photos, videos (.mp4, .mov, .m4v, .mkv, .webm; with their sound), moving "
        "GIF, WebP, PNG and AVIF, and folders of them; every face is found and edited "
        "in its place",
    )
    shipped = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.json")))
    parser.add_argument(
        "--translator",
        default=DEFAULT,
        metavar="RUN",
        help=f"a finished run's folder, or a shipped one: {shipped} (%(default)s)",
    )
    parser.add_argument(
        "--edit",
        metavar="EDITS",
        help="such as feminine, or several: smile=0.8,younger=0.5; among feminine, "
        "masculine, older, younger, smile, frown (of a run: its config.json); may be "
        "left out where there is one edit only",
    )
    parser.add_argument(
        "--strength",
        type=float,
        help="of edits without a number: 0 is the photo, 1 a clear edit; far beyond 1 "
        "is more than training has shown (1)",
    )
    parser.add_argument(
        "--face",
        type=int,
        metavar="N",
        help="edit one face only: 1 is the leftmost (all)",
    )
    parser.add_argument(
        "--aligned",
        action="store_true",
        help="the photos are faces framed as FFHQ frames them: look for none, edit "
        "the square in the middle, write it as PNG at the translator's size",
    )
    parser.add_argument("--out", type=Path, default=Path("translated"), metavar="DIR")
    parser.add_argument(
        "--couple", action="store_true", help="write before and after side by side"
    )
    parser.add_argument(
        "--no-mark",
        dest="mark",
        action="store_const",
        const=None,
        default=MARK,
        help=f'do not say in the metadata (Software, or a comment) "{MARK}"',
    )


def run(arguments: argparse.Namespace) -> None:
    """Translates each photo and writes it under its own name and format.

    One photo that cannot be edited is an error; of several, each such photo is a line
    at the end.

    Raises:
        UserError: If the translator or an edit is unknown, the run is not finished,
            flags contradict each other, two results would have one name or replace a
            photo, or no photo could be edited.
    """
    if arguments.face is not None and arguments.face < 1:
        raise UserError(f"--face must be at least 1, received {arguments.face}")
    if arguments.face is not None and arguments.aligned:
        raise UserError("--face chooses among faces, and --aligned looks for none")
    edit, size = _translation(arguments)
    left_out: list[str] = []
    targets = _targets(arguments, left_out)
    with output_to(os.devnull):  # LiteRT greets from C++
        detector = None if arguments.aligned else FaceDetector()
    problems = []
    for path, target in tqdm(
        targets.items(), unit="photo", leave=False, disable=len(targets) == 1
    ):
        try:
            if detector is None:
                _aligned(path, target, edit, size, arguments)
            elif is_video(path):
                lost = _video(path, target, edit, size, detector, arguments)
                left_out += [f"{path}: {what}" for what in lost]
            else:
                _photo(path, target, edit, size, detector, arguments)
        except UserError as error:
            # What comes from a file names it; the rest is about what it shows.
            text = str(error)
            named = text if text.startswith(str(path)) else f"{path}: {text}"
            problems.append(named)
    done = len(targets) - len(problems)
    if not done:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    left_out += problems
    for line in left_out:
        print_left_out(line)
    more = f", {len(left_out)} left out" if left_out else ""
    photos = "photo" if done == 1 else "photos"
    print(f"{done} {photos}: {arguments.out}{more}")


def _targets(arguments: argparse.Namespace, left_out: list[str]) -> dict[Path, Path]:
    """Where each photo's result goes; adds to `left_out` what has none."""
    also = () if arguments.aligned else VIDEO_SUFFIXES
    paths = find_images(arguments.photos, also, left_out.append)
    suffixes = {path: _suffix(path, arguments.aligned) for path in paths}
    names = collections.Counter(
        f"{path.stem}{suffix}" for path, suffix in suffixes.items()
    )
    targets: dict[Path, Path] = {}
    for path, suffix in suffixes.items():
        name = f"{path.stem}{suffix}"
        if names[name] > 1 and name != path.name:
            name = f"{path.name}{suffix}"  # photo.bmp.png, beside photo.avif.png
        targets[path] = arguments.out / name
    sources: dict[Path, Path] = {}
    for path, target in targets.items():
        if target in sources:
            raise UserError(
                f"PHOTO: {sources[target]} and {path} would both become {target}"
            )
        if target.resolve() == path.resolve():
            raise UserError(f"--out must not replace the photo {path}")
        sources[target] = path
    return targets


def _suffix(path: Path, aligned: bool) -> str:
    """Of the result: the photo's own, or of a format that can be written."""
    suffix = path.suffix.lower()
    if aligned:
        return ".png"
    if is_video(path):
        return suffix if suffix in VIDEO_SUFFIXES else ".png"
    if suffix in _JPEG_SUFFIXES:
        return ".jpg"
    return suffix if suffix in WRITABLE_SUFFIXES else ".png"


def _aligned(
    path: Path, target: Path, edit: Edit, size: int, arguments: argparse.Namespace
) -> None:
    if is_video(path):
        raise UserError("--aligned takes photos, and this one moves")
    photo = read_photo(path)
    before = Photo(resize(photo.seen(), size), exif=photo.exif)
    after = dataclasses.replace(before, pixels=edit(before.pixels[None])[0])
    result = before.beside(after) if arguments.couple else after
    write_photo(target, result, arguments.mark)


def _photo(
    path: Path,
    target: Path,
    edit: Edit,
    size: int,
    detector: FaceDetector,
    arguments: argparse.Namespace,
) -> None:
    photo = read_photo(path)
    squares = find_squares(detector, photo, arguments.face)
    before = copy.deepcopy(photo) if arguments.couple else None
    edit_photo(photo, squares, edit, size)
    write_photo(target, before.beside(photo) if before else photo, arguments.mark)


def _video(
    path: Path,
    target: Path,
    edit: Edit,
    size: int,
    detector: FaceDetector,
    arguments: argparse.Namespace,
) -> list[str]:
    """Returns what of the video its result does not have."""
    video = open_video(path)
    frames = tqdm(
        video.frames(), total=video.count, unit="frame", desc=path.name, leave=False
    )
    pairs = edit_frames(frames, FaceTracker(detector), edit, size, arguments.face)
    return video.write(
        target,
        (
            before.beside(after) if arguments.couple else after
            for before, after in pairs
        ),
        arguments.mark,
    )


def _translation(arguments: argparse.Namespace):
    """A function of faces [N, R, R, 3] uint8 to the same, and R."""
    with output_to(os.devnull):  # LiteRT greets from C++
        translator = load_translator(arguments.translator)
    edits = asked_for(arguments.edit, arguments.strength, translator.edits)
    strengths = translator.strengths(edits)  # refuses unknown edits before any work
    return lambda faces: translator.translate(
        faces, np.tile(strengths, (len(faces), 1))
    ), translator.resolution
