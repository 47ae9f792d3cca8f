"""Which files a command means: as named, and out of folders by what Pillow reads.

What a folder holds beside pictures is said, each file with its reason: a photo that was
passed over without a word is one that its owner believes edited.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import READABLE

# Systems leave these in folders of photos; nobody misses them.
_QUIET = frozenset(("thumbs.db", "desktop.ini"))


def print_left_out(line: str) -> None:
    """Tells the user, as the commands do of photos that they cannot edit."""
    print(f"left out: {line}")


def find_images(
    paths: Iterable[str | os.PathLike],
    also: Iterable[str] = (),
    left_out: Callable[[str], object] = print_left_out,
) -> list[Path]:
    """Files as given, and the images of each folder, sorted by name.

    Folders are not searched further down, and hidden files are passed over.

    Args:
        paths: Files and folders.
        also: Further suffixes, such as ".mp4", of files to take from folders.
        left_out: Takes a line, "PATH: why", for all else that lies in the folders.

    Returns:
        Every image once, in the order of `paths`.

    Raises:
        UserError: If a path is missing, or a folder has no image.
    """
    found: dict[Path, None] = {}
    suffixes = _image_suffixes().union(also)
    for path in map(Path, paths):
        if path.is_dir():
            images, others = [], []
            for entry in sorted(path.iterdir()):
                if entry.name.startswith(".") or entry.name.lower() in _QUIET:
                    continue
                taken = entry.suffix.lower() in suffixes and entry.is_file()
                (images if taken else others).append(entry)
            if not images:
                raise UserError(f"{path}: no image in this folder")
            found.update(dict.fromkeys(images))
            for entry in others:
                left_out(f"{entry}: {_why(entry)}")
        elif path.exists():
            found[path] = None
        else:
            raise UserError(f"{path}: no such file or folder")
    return list(found)


def _image_suffixes() -> frozenset[str]:
    # MPO is a JPEG with more behind it, and read as one.
    kinds = {*READABLE, "MPO"}
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, kind in known if kind in kinds)


def _why(entry: Path) -> str:
    if entry.is_dir():
        return "a folder inside a folder; name it to have it read"
    if not entry.is_file():
        return "not a file"
    return f"not a picture by its name ({entry.suffix or 'no suffix'})"
