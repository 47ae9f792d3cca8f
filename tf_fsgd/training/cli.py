"""`python -m tf_fsgd translate RUN PHOTO ... --out DIR`: a translator at work."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_fsgd.images.io import (
    find_images,
    read_image,
    resize,
    to_float,
    to_uint8,
    write_image,
)
from tf_fsgd.training.runfolder import open_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument("run", metavar="RUN", help="run folder of a finished training")
    parser.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="images or folders of faces aligned as FFHQ aligns them",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--couple", action="store_true", help="write before and after side by side"
    )


def run(arguments: argparse.Namespace) -> None:
    """Translates each photo and writes it as PNG under its own name.

    Raises:
        UserError: If the run is not finished, or a photo is missing or unreadable.
    """
    run_folder = open_run(arguments.run)
    translator = run_folder.load_translator()
    paths = find_images(arguments.photos)
    # All are read before any is written: a bad one stops the command with nothing done.
    size = run_folder.config.pairs.resolution
    photos = [resize(read_image(path), size) for path in paths]
    for path, photo in tqdm(
        zip(paths, photos, strict=True), total=len(paths), unit="photo", leave=False
    ):
        output = translator.predict_on_batch(to_float(photo)[None])
        result = to_uint8(output[0])
        if arguments.couple:
            result = np.concatenate([photo, result], axis=1)
        write_image(arguments.out / f"{path.stem}.png", result)
    print(f"{len(paths)} photos: {arguments.out}")
