"""The same faces through the translator as it learns: grids, and a GIF of them."""

import math
import re
from pathlib import Path

import numpy as np
from PIL import Image

from tf_fsgd.images.animation import write_animation
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import read_image, resize, write_image
from tf_fsgd.translator.translator import Translator

_CELL = 128  # pixels of a face's side
_LONGEST_ANIMATION = 60  # frames
_FRAMES_PER_SECOND = 3
_NAME = re.compile(r"\d{9,}\.jpg")


def edits_grid(
    translator: Translator,
    faces: np.ndarray,
    edits: dict[str, float] | None = None,
    side: int = _CELL,
) -> np.ndarray:
    """A row of faces, and below it a row of each edit.

    Args:
        translator: Makes the edits.
        faces: uint8 `[N, R, R, 3]`.
        edits: Strength by edit; `None`: every edit at strength 1.
        side: Pixels of a face's side in the grid at most.

    Returns:
        uint8 `[H, W, 3]`.
    """
    edits = edits or dict.fromkeys(translator.edits, 1.0)
    rows = [faces]
    rows += [
        translator.translate(faces, {edit: strength})
        for edit, strength in edits.items()
    ]
    cells = [resize(face, min(face.shape[0], side)) for row in rows for face in row]
    return image_grid(cells, len(faces), row_labels=["input", *edits])


def two_faces_grid(
    translator: Translator, faces: np.ndarray, share: float, side: int = _CELL
) -> np.ndarray:
    """Two rows of faces, and between them what is made of both.

    Args:
        translator: Of two faces.
        faces: uint8 `[N, R, R, 6]`.
        share: Of the second that is asked for.
        side: As for `edits_grid`.

    Returns:
        uint8 `[H, W, 3]`.
    """
    middle = translator.translate(faces, np.full((len(faces), 1), share, np.float32))
    rows = [faces[..., :3], middle, faces[..., 3:]]
    cells = [resize(face, min(face.shape[0], side)) for row in rows for face in row]
    return image_grid(cells, len(faces), row_labels=["A", f"{share:g}", "C"])


def edits_film(
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


def write_sample(folder: Path, images: int, grid: np.ndarray) -> Path:
    """Writes a grid under the number of images seen, for example `000012000.jpg`."""
    path = folder / f"{images:09d}.jpg"
    write_image(path, grid)
    return path


def read_samples(folder: Path, most: int) -> list[np.ndarray]:
    """The grids that `write_sample` wrote, in the order of images seen.

    Args:
        folder: What else lies there is not read.
        most: Of more grids, some are left out evenly.

    Returns:
        uint8 `[H, W, 3]` each, of the last one's size: a training that was resumed with
        other faces has grids of several.
    """
    grids = sorted(path for path in folder.glob("*.jpg") if _NAME.fullmatch(path.name))
    count = min(len(grids), most)
    chosen = np.linspace(0, len(grids) - 1, count).round().astype(int)
    frames = [Image.fromarray(read_image(grids[index])) for index in chosen]
    return [
        np.asarray(frame.resize(frames[-1].size, Image.Resampling.LANCZOS))
        for frame in frames
    ]


def write_training_animation(path: Path, folder: Path) -> None:
    """Makes an animation of the grids in `folder`, in the order of images seen.

    Args:
        path: A name with the suffix of an animated format.
        folder: Where `write_sample` wrote. Of many grids, some are left out evenly.
    """
    frames = read_samples(folder, _LONGEST_ANIMATION)
    write_animation(path, frames, fps=_FRAMES_PER_SECOND)
