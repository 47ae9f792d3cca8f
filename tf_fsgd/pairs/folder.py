"""A folder of A/B images as a source of pairs (`--pairs DIR`).

    DIR/A/name.jpg   DIR/B/name.png        or        DIR/train_A   DIR/train_B

Two images belong together when their names agree up to the suffix. `train_A` and
`train_B` are the names of pix2pixHD and of the original project.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import find_images, read_image, resize
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
            UserError: If a file is not a readable image.
        """
        members = [0, 1] if members is None else list(members)
        files = [self._files[index][member] for member in members]
        images = [resize(read_image(path), self.resolution) for path in files]
        condition = np.float32([[member] for member in members])
        return Family(index, np.empty(0, np.float32), condition, np.stack(images))


def read_folder(
    folder: str | Path, resolution: int, *, split: str = "train", held_out: int = 0
) -> ImagePairs:
    """Finds the pairs of a folder.

    Args:
        folder: Holds A/ and B/ (or train_A/ and train_B/).
        resolution: Side in pixels to which images are cropped square and resized.
        split: "train" or "held_out".
        held_out: Number of pairs, the last by name, that are the held-out split.

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
        raise UserError(f"--pairs {folder}: no such folder")
    for names in _SIDES:
        a, b = (folder / name for name in names)
        if a.is_dir() and b.is_dir():
            break
    else:
        raise UserError(
            f"--pairs {folder}: must hold folders A and B (or train_A and train_B)"
        )
    a_files, b_files = _by_stem(a), _by_stem(b)
    alone = sorted(a_files.keys() ^ b_files.keys())
    if alone:
        raise UserError(
            f"--pairs {folder}: every image needs one of the same name on the other "
            f"side; {len(alone)} have none, first {alone[0]!r}"
        )
    files = [(a_files[stem], b_files[stem]) for stem in sorted(a_files)]
    train = len(files) - held_out
    if train < 1:
        raise UserError(
            f"--pairs {folder}: {len(files)} pairs, of which pairs.held_out {held_out} "
            "leaves none to train on"
        )
    return ImagePairs(files[:train] if split == "train" else files[train:], resolution)


def _by_stem(side: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in find_images([side]):
        other = files.setdefault(path.stem, path)
        if other is not path:
            raise UserError(f"{path}: {other.name} has the same name up to the suffix")
    return files
