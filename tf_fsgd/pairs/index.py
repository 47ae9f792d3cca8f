"""`index.json` of a pairs folder: what made the pairs, and what each shard holds."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tf_fsgd.config import SEEDS_A_RUN
from tf_fsgd.errors import UserError
from tf_fsgd.files import read_json, write_json

_FORMAT = 1


@dataclasses.dataclass
class PairStats:
    """What became of the candidates.

    Attributes:
        candidates: Seeds considered.
        below_preselect: Dropped by the linear reading of w, before any render.
        a_uncertain: Dropped because the classifier was not certain of the source side.
        b_uncertain: Dropped because it was not certain of the target side.
        kept: Pairs.
        rendered: Images that the teacher made.
    """

    candidates: int = 0
    below_preselect: int = 0
    a_uncertain: int = 0
    b_uncertain: int = 0
    kept: int = 0
    rendered: int = 0

    def __add__(self, other: "PairStats") -> "PairStats":
        mine, theirs = dataclasses.astuple(self), dataclasses.astuple(other)
        return PairStats(*(x + y for x, y in zip(mine, theirs, strict=True)))


@dataclasses.dataclass
class ShardEntry:
    """A shard in the index.

    Attributes:
        file: Its name in the folder.
        complete: False when rendering stopped inside the block, with enough pairs.
        stats: What became of the block's candidates; `stats.kept` records are in it.
    """

    file: str
    complete: bool
    stats: PairStats


@dataclasses.dataclass
class Index:
    """`index.json`.

    Attributes:
        made_by: What determines the pairs; a folder never mixes two of these.
        held_out: The first so many pairs, in order of seed, are the held-out split.
        count: The next so many are the training split.
        shards: Shards by file name, which sorts by seed.
    """

    made_by: dict[str, Any]
    held_out: int
    count: int
    shards: dict[str, ShardEntry] = dataclasses.field(default_factory=dict)

    def without_gap(self) -> Iterator[ShardEntry]:
        """The shards in order of seed, up to the first that is missing or cut short.

        Rendering goes through the blocks in order, but one that was damaged, or cut
        short for a smaller count, may still be waiting to be rendered again.
        """
        seed = self.made_by["seed"] * SEEDS_A_RUN
        for name in sorted(self.shards):
            first, last = _seeds_of(name)
            if first != seed:
                return
            yield self.shards[name]
            if not self.shards[name].complete:
                return
            seed = last + 1

    def save(self, folder: Path) -> None:
        """Writes `folder`/index.json, atomically."""
        write_json(
            folder / "index.json",
            {
                "format": _FORMAT,
                "made_by": self.made_by,
                "held_out": self.held_out,
                "count": self.count,
                "shards": [
                    dataclasses.asdict(self.shards[name])
                    for name in sorted(self.shards)
                ],
            },
        )

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """Reads `folder`/index.json.

        Raises:
            UserError: If it is missing or is not an index of pairs.
        """
        path = Path(folder) / "index.json"
        values = read_json(path)
        try:
            if values["format"] != _FORMAT:
                raise UserError(f"{path}: unknown format {values['format']!r}")
            shards = {
                entry["file"]: ShardEntry(
                    entry["file"], entry["complete"], PairStats(**entry["stats"])
                )
                for entry in values["shards"]
            }
            return cls(values["made_by"], values["held_out"], values["count"], shards)
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}: not an index of pairs ({error!r})") from None


def shard_name(first_seed: int, last_seed: int) -> str:
    """File name of the shard of a block of seeds; names sort by seed."""
    return f"seeds-{first_seed:010d}-{last_seed:010d}.tfrecord"


def _seeds_of(name: str) -> tuple[int, int]:
    _, first, last = name.removesuffix(".tfrecord").split("-")
    return int(first), int(last)
