"""`python -m tf_fsgd translate PHOTO ... --edit smile=0.8`: a translator at work."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import (
    find_images,
    read_image,
    resize,
    to_float,
    to_uint8,
    write_image,
)
from tf_fsgd.latents.edits import parse_edits
from tf_fsgd.training.runfolder import open_run
from tf_fsgd.training.translator import (
    DEFAULT,
    SHIPPED,
    is_shipped,
    load_translator,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="images or folders of faces aligned as FFHQ aligns them",
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
        "masculine, older, younger, smile, frown (of a run: its config.json)",
    )
    parser.add_argument(
        "--strength",
        type=float,
        help="of edits without a number: 0 is the photo, 1 a clear edit; far beyond 1 "
        "is more than training has shown (1)",
    )
    parser.add_argument("--out", type=Path, default=Path("translated"), metavar="DIR")
    parser.add_argument(
        "--couple", action="store_true", help="write before and after side by side"
    )


def run(arguments: argparse.Namespace) -> None:
    """Translates each photo and writes it as PNG under its own name.

    Raises:
        UserError: If the translator or an edit is unknown, the run is not finished, or
            a photo is missing or unreadable.
    """
    translate, size = _translation(arguments)
    paths = find_images(arguments.photos)
    # All are read before any is written: a bad one stops the command with nothing done.
    photos = [resize(read_image(path), size) for path in paths]
    for path, photo in tqdm(
        zip(paths, photos, strict=True), total=len(paths), unit="photo", leave=False
    ):
        result = translate(photo[None])[0]
        if arguments.couple:
            result = np.concatenate([photo, result], axis=1)
        write_image(arguments.out / f"{path.stem}.png", result)
    print(f"{len(paths)} photos: {arguments.out}")


def _translation(arguments: argparse.Namespace):
    """A function of faces [N, R, R, 3] uint8 to the same, and R."""
    name = arguments.translator
    if _is_folder(name) and not open_run(name).config.axes:
        return _fixed(arguments)
    translator = load_translator(name)
    if arguments.edit is None:
        raise UserError(
            f"--edit must name at least one of {', '.join(translator.edits)}"
        )
    edits = parse_edits(arguments.edit, arguments.strength)
    strengths = translator.strengths(edits)  # refuses unknown edits before any work
    return lambda faces: translator.translate(
        faces, np.tile(strengths, (len(faces), 1))
    ), translator.resolution


def _is_folder(name: str) -> bool:
    # A folder of that name where the user stands does not hide what is shipped.
    return Path(name).is_dir() and not is_shipped(name)


def _fixed(arguments: argparse.Namespace):
    run_folder = open_run(arguments.translator)
    if arguments.edit is not None or arguments.strength is not None:
        raise UserError(
            f"--edit and --strength: the translator of {arguments.translator} makes "
            f"one edit, {run_folder.config.edit}, at one strength"
        )
    network = run_folder.load_translator()

    def translate(faces: np.ndarray) -> np.ndarray:
        return to_uint8(network.predict_on_batch(to_float(faces)))

    return translate, run_folder.config.pairs.resolution
