"""Where families are read from: `open_pairs` for a folder that was rendered.

A folder of the user's own images is `folder.read_folder`'s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from tf_fsgd.config import SEEDS_A_RUN
from tf_fsgd.errors import UserError
from tf_fsgd.pairs.family import Family, decode_family
from tf_fsgd.pairs.index import Index
from tf_fsgd.pairs.shards import (
    Span,
    check_shard,
    family_spans,
    read_span,
    record_spans,
    without_gap,
)

SPLITS = ("train", "held_out")
_QUICKLY_READ = 2**30  # bytes


class FamilySource(Protocol):
    """Families that can be read in any order.

    Attributes:
        count: Number of families.
        resolution: R, side of the images in pixels.
    """

    count: int
    resolution: int

    def family(self, index: int, members: Sequence[int] | None = None) -> Family:
        """One family, or some of its pictures in the order asked for."""


class StoredFamilies:
    """One split of a folder that `render_pairs` wrote; a `FamilySource`."""

    def __init__(self, records: list[tuple[Path, Span]], resolution: int):
        """Takes the shard of each record, and where in it its data is."""
        self._records = records
        self.count = len(records)
        self.resolution = resolution

    def family(self, index: int, members: Sequence[int] | None = None) -> Family:
        """One family, or some of its pictures in the order asked for."""
        path, span = self._records[index]
        return decode_family(read_span(path, span), path, members)


def open_pairs(folder: str | Path, split: str = "train") -> StoredFamilies:
    """Opens one split of a folder that `render_pairs` wrote.

    Args:
        folder: The folder with `index.json`.
        split: "train" or "held_out": the first `held_out` families are held out.

    Raises:
        UserError: If the split is unknown, the folder is no pairs folder, rendering has
            not finished, or a shard is half-written or damaged.
    """
    check_split(split)
    folder = Path(folder)
    index = Index.load(folder)
    first, last = {
        "held_out": (0, index.held_out),
        "train": (index.held_out, index.held_out + index.count),
    }[split]
    paths = list(without_gap(folder, index.made_by["seed"] * SEEDS_A_RUN))
    if index.earlier:
        find = record_spans
    else:
        find = family_spans
        # Checking the checksums reads every byte: rendering does it, and where it takes
        # no time it is done here as well.
        if sum(path.stat().st_size for path in paths) <= _QUICKLY_READ:
            for path in paths:
                check_shard(path)
    records = [(path, span) for path in paths for span in find(path)]
    if len(records) < last:
        raise UserError(
            f"{folder}: {len(records)} of {last} pairs are rendered; run the same "
            "command again to go on"
        )
    return StoredFamilies(records[first:last], index.made_by["resolution"])


def check_split(split: str) -> None:
    """Refuses a split that there is not.

    Raises:
        UserError: If it is none of `SPLITS`.
    """
    if split not in SPLITS:
        raise UserError(f"split must be one of {', '.join(SPLITS)}, received {split!r}")


def pictures(source: FamilySource, member: int, most: int | None = None) -> np.ndarray:
    """The same picture of every family, of a pair 0 is A and 1 is B.

    Args:
        source: The families.
        member: Which of a family's pictures.
        most: Families at most, the first ones; `None`: all.

    Returns:
        `[N, R, R, 3]` uint8.
    """
    count = source.count if most is None else min(source.count, most)
    images = np.empty((count, source.resolution, source.resolution, 3), np.uint8)
    for index in range(count):
        images[index] = source.family(index, [member]).images[0]
    return images
