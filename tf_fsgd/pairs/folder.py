"""A folder of A/B images as a source of pairs (`train.py --pairs DIR`).

    DIR/A/name.jpg   DIR/B/name.png        or        DIR/train_A   DIR/train_B

Two images belong together when their names agree up to the suffix, however their
accents are written. `train_A` and `train_B` are the names of pix2pixHD and of the
original project.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.io import image_size, read_image, resize
from tf_fsgd.pairs.family import Family
from tf_fsgd.pairs.source import check_split

_SIDES = (("A", "B"), ("train_A", "train_B"))


class ImagePairs:
    """Pairs of image files; a `FamilySource` of which no w is known."""

    def __init__(self, files: list[tuple[Path, Path]], resolution: int):
        self._files = files
        self.count = len(files)
        self.resolution = resolution

    def family(self, index: int, members: Sequence[int] | None = None) -> Family:
        """A and B of one pair, at the conditions 0 and 1.

        Raises:
            UserError: If a file is not a readable image, or the two differ in shape.
        """
        members = [0, 1] if members is None else list(members)
        files = self._files[index]
        images = [read_image(path) for path in files]
        _check_shapes(files, [image.shape[:2] for image in images])
        chosen = [resize(images[member], self.resolution) for member in members]
        condition = np.array([[member] for member in members], np.float32)
        return Family(index, np.empty(0, np.float32), condition, np.stack(chosen))

    def count_resampled(self) -> int:
        """How many pairs have one shape in two sizes, by the files' headers alone.

        Raises:
            UserError: As `family`, for the first such pair.
        """
        count = 0
        for files in self._files:
            sizes = [image_size(path) for path in files]
            _check_shapes(files, sizes)
            count += sizes[0] != sizes[1]
        return count


def read_folder(
    folder: str | Path,
    resolution: int,
    *,
    split: str = "train",
    held_out: int = 0,
    left_out: Callable[[str], object] = lambda line: None,
) -> ImagePairs:
    """Finds the pairs of a folder.

    Args:
        folder: Holds A/ and B/ (or train_A/ and train_B/).
        resolution: Side in pixels to which images are cropped square and resized.
        split: "train" or "held_out".
        held_out: Number of pairs, the last by name, that are the held-out split.
        left_out: Takes a line for each file that is no image, as `find_images` has it;
            a run opens its folder several times and needs it once.

    Raises:
        UserError: If `held_out` is negative, the folder or a side is missing or empty,
            the names of the two sides differ, or no pair is left to train on.
            Unreadable images are reported when they are read.
    """
    check_split(split)
    if held_out < 0:
        raise UserError(f"pairs.held_out must be at least 0, received {held_out}")
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"pairs {folder}: no such folder")
    for names in _SIDES:
        a, b = (folder / name for name in names)
        if a.is_dir() and b.is_dir():
            break
    else:
        raise UserError(
            f"pairs {folder}: must hold folders A and B (or train_A and train_B)"
        )
    a_files, b_files = _by_stem(a, left_out), _by_stem(b, left_out)
    alone = sorted(a_files.keys() ^ b_files.keys())
    if alone:
        raise UserError(
            f"pairs {folder}: every image needs one of the same name on the other "
            f"side; {len(alone)} have none, first {alone[0]!r}"
        )
    files = [(a_files[stem], b_files[stem]) for stem in sorted(a_files)]
    train = len(files) - held_out
    if train < 1:
        raise UserError(
            f"pairs {folder}: {len(files)} pairs, of which pairs.held_out {held_out} "
            "leaves none to train on"
        )
    return ImagePairs(files[:train] if split == "train" else files[train:], resolution)


def name_of(folder: str | Path) -> str:
    """What the edit of a folder's pairs is called, where the user does not say.

    Returns:
        The folder's name with a hyphen for whatever a file's or a URL's name may not
        hold, so that a run, its report and its exported files can be called by it.
    """
    name = unicodedata.normalize("NFC", Path(folder).resolve().name)
    return re.sub(r"\W+", "-", name).strip("-") or "pairs"


def check_folder(
    folder: str | Path,
    resolution: int,
    held_out: int,
    left_out: Callable[[str], object] = lambda line: None,
) -> str:
    """Finds what is wrong with a folder, before anything is made of it.

    Args:
        folder: As for `read_folder`.
        resolution: As for `read_folder`.
        held_out: As for `read_folder`.
        left_out: As for `read_folder`.

    Returns:
        What the user is to know, a line; empty when there is nothing.

    Raises:
        UserError: As `read_folder`, or as `ImagePairs.pair` for any pair.
    """
    train = read_folder(folder, resolution, held_out=held_out, left_out=left_out)
    sources = [
        train,
        read_folder(folder, resolution, split="held_out", held_out=held_out),
    ]
    resampled = sum(source.count_resampled() for source in sources)
    if not resampled:
        return ""
    return (
        f"pairs {folder}: A and B differ in size in {resampled} of "
        f"{sum(source.count for source in sources)} pairs; the larger is shrunk more, "
        "and the translator learns the difference in sharpness too"
    )


def _check_shapes(files: tuple[Path, Path], sizes: list[tuple[int, int]]) -> None:
    """Refuses a pair whose squares from the middle show two different places."""
    (height, width), (small_height, small_width) = sorted(sizes, reverse=True)
    # A picture that was shrunk has rounded one side or the other.
    if (
        abs(height * small_width / width - small_height) >= 1
        and abs(width * small_height / height - small_width) >= 1
    ):
        (a, b), ((a_height, a_width), (b_height, b_width)) = files, sizes
        raise UserError(
            f"both images of a pair must have one shape, received "
            f"{a_width} x {a_height} ({a}) and {b_width} x {b_height} ({b})"
        )


def _by_stem(side: Path, left_out: Callable[[str], object]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in find_images([side], left_out=left_out):
        # A Mac's disk may write an accent as a letter of its own (NFD).
        other = files.setdefault(unicodedata.normalize("NFC", path.stem), path)
        if other is not path:
            raise UserError(
                f"{path}: {other.name} has the same name up to the suffix and the "
                "way accents are written"
            )
    return files
