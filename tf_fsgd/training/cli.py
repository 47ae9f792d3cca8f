"""`python -m tf_fsgd translate PHOTO ... --edit smile=0.8`: a translator at work."""

import argparse
import os
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.edits import asked_for
from tf_fsgd.errors import UserError
from tf_fsgd.images.detection import FaceDetector
from tf_fsgd.images.io import (
    WRITABLE_SUFFIXES,
    find_images,
    read_image,
    resize,
    write_image,
)
from tf_fsgd.images.tracking import FaceTracker
from tf_fsgd.images.video import (
    FFMPEG_SUFFIXES,
    VIDEO_SUFFIXES,
    is_video,
    open_video,
    video_writer,
)
from tf_fsgd.quiet import output_to
from tf_fsgd.training.photos import Edit, edit_frames, edit_photo, find_squares
from tf_fsgd.training.translator import DEFAULT, SHIPPED, load_translator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="photos, videos (.mp4, .webm, .gif; written without sound), and folders "
        "of them; every face is found and edited in its place",
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
    targets = _targets(arguments)
    with output_to(os.devnull):  # LiteRT greets from C++
        detector = None if arguments.aligned else FaceDetector()
    problems = []
    for path, target in tqdm(
        targets.items(), unit="photo", leave=False, disable=len(targets) == 1
    ):
        try:
            if detector is None:
                _aligned(path, target, edit, size, arguments.couple)
            elif is_video(path):
                _video(path, target, edit, size, detector, arguments)
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
    for problem in problems:
        print(f"left out: {problem}")
    left_out = f", {len(problems)} left out" if problems else ""
    photos = "photo" if done == 1 else "photos"
    print(f"{done} {photos}: {arguments.out}{left_out}")


def _targets(arguments: argparse.Namespace) -> dict[Path, Path]:
    """Where each photo's result goes."""
    targets: dict[Path, Path] = {}
    also = () if arguments.aligned else FFMPEG_SUFFIXES
    for path in find_images(arguments.photos, also):
        suffix = path.suffix.lower()
        if arguments.aligned or not (
            suffix in WRITABLE_SUFFIXES or (suffix in VIDEO_SUFFIXES and is_video(path))
        ):
            suffix = ".png"
        targets[path] = arguments.out / f"{path.stem}{suffix}"
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


def _aligned(path: Path, target: Path, edit: Edit, size: int, couple: bool) -> None:
    photo = resize(read_image(path), size)
    write_image(target, _result(photo, edit(photo[None])[0], couple))


def _photo(path, target, edit: Edit, size: int, detector, arguments) -> None:
    photo = read_image(path)
    squares = find_squares(detector, photo, arguments.face)
    edited = edit_photo(photo, squares, edit, size)
    write_image(target, _result(photo, edited, arguments.couple))


def _video(path, target, edit: Edit, size: int, detector, arguments) -> None:
    video = open_video(path)
    tracker = FaceTracker(detector, video.fps)
    pairs = edit_frames(video.frames(), tracker, edit, size, arguments.face)
    with video_writer(target, video.fps) as append:
        for before, after in tqdm(
            pairs, total=video.count, unit="frame", desc=path.name, leave=False
        ):
            append(_result(before, after, arguments.couple))


def _result(before: np.ndarray, after: np.ndarray, couple: bool) -> np.ndarray:
    return np.concatenate([before, after], axis=1) if couple else after


def _translation(arguments: argparse.Namespace):
    """A function of faces [N, R, R, 3] uint8 to the same, and R."""
    translator = load_translator(arguments.translator)
    edits = asked_for(arguments.edit, arguments.strength, translator.edits)
    strengths = translator.strengths(edits)  # refuses unknown edits before any work
    return lambda faces: translator.translate(
        faces, np.tile(strengths, (len(faces), 1))
    ), translator.resolution
