"""How still an edit is held when the face moves by one pixel, as it does in a film.

    python -m benchmarks.stillness mobile-256
    python -m benchmarks.stillness runs/0007-... --photos 100

Photos are moved by one pixel down and one to the right. What an edit changes in a moved
photo, moved back, ought to be what it changes in the photo: the figure is the sum of
absolute differences of the two over the sum of the change itself, at strength 1. 0 is
an edit that moves along. Photos are the first of the jury's list (`jury/photos.py`).
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.jury.photos import EDITS_TRIED, load_photos
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.images.io import to_float
from tf_fsgd.training.translator import Translator, load_translator

_MARGIN = 8  # pixels left out along the edges, where a photo that moves has no more
_BATCH = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "translators", metavar="RUN", nargs="+", help="a run, or a shipped one's name"
    )
    parser.add_argument(
        "--photos", type=int, default=40, help="of each edit (%(default)s)"
    )
    parser.add_argument("--data-dir", help="where CelebA is")
    arguments = parser.parse_args()
    if arguments.photos < 1:
        raise UserError(f"--photos must be 1 or more, received {arguments.photos}")
    for name in arguments.translators:
        translator = load_translator(name)
        photos = load_photos(translator.resolution, arguments.data_dir)
        for edit in translator.edits:
            if edit in EDITS_TRIED:
                faces = photos.faces[photos.sources[edit][: arguments.photos]]
                figure = unrest(*(changes(translator, edit, faces)))
                print(f"{translator.name:16}{edit:12}{figure:.3f}")


def changes(
    translator: Translator, edit: str, faces: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What an edit adds at strength 1 to photos, and to the same ones moved.

    Args:
        translator: Makes the edit.
        edit: Its name.
        faces: `[N, R, R, 3]` uint8, of the translator's resolution.

    Returns:
        Two of `[N, R, R, 3]` float32, neither rounded nor clipped.
    """
    strengths = translator.strengths({edit: 1.0})

    def change(images: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(images), _BATCH):
            batch = images[start : start + _BATCH]
            many = np.tile(strengths, (len(batch), 1))
            parts.append(np.asarray(translator.network([batch, many])) - batch)
        return np.concatenate(parts)

    photos = to_float(faces)
    return change(photos), change(np.roll(photos, (1, 1), axis=(1, 2)))


def unrest(still: np.ndarray, moved: np.ndarray) -> float:
    """How much a change differs from itself when the photo moves, as a share of it.

    Args:
        still: `[N, R, R, 3]`, the change of photos.
        moved: That of the photos moved down and right by one pixel.
    """
    inner = slice(_MARGIN, -_MARGIN)
    back = np.roll(moved, (-1, -1), axis=(1, 2))
    difference = np.abs(back - still)[:, inner, inner].sum()
    return float(difference / np.abs(still)[:, inner, inner].sum())


if __name__ == "__main__":
    raise SystemExit(guarded(main))
