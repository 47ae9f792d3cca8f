"""`index.json` of a folder of families: what made them, and how many there are."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.files import make_folder, read_json, write_json
from tf_fsgd.pairs.identity import check_same, digest

_FORMAT = "families 1"


@dataclasses.dataclass
class FamilyIndex:
    """`index.json`.

    Attributes:
        made_by: What determines the pictures; a folder never mixes two of these.
        held_out: The first so many families, in order of seed, are the held-out split.
        count: The next so many are the training split.
    """

    made_by: dict[str, Any]
    held_out: int
    count: int

    @classmethod
    def open(
        cls, folder: Path, config: Config, teacher: Any, axes: Sequence
    ) -> "FamilyIndex":
        """Writes the index of a folder, new or begun by the same settings.

        Args:
            folder: Made when missing.
            config: Of this run.
            teacher: As `render_families.render_families` takes it.
            axes: The same.

        Raises:
            UserError: If the folder's families were made by something else.
        """
        made_by = {
            "seed": config.seed,
            "teacher": teacher.name,
            "truncation_psi": config.teacher.truncation_psi,
            "resolution": config.pairs.resolution,
            "axes": [
                {
                    "direction": direction.name,
                    "largest_strength": float(largest),
                    "rows": [int(row) for row in direction.layers],
                    "std": float(direction.std),
                    "sha256": digest(
                        direction.vector,
                        direction.reading_vector,
                        direction.reading_bias,
                    ),
                }
                for direction, largest in axes
            ],
        }
        make_folder(folder)
        if (folder / "index.json").exists():
            check_same(cls.load(folder).made_by, made_by, folder)
            # What a killed run left half-written (files.atomic_path).
            for temporary in folder.glob(".families-*.tfrecord"):
                temporary.unlink(missing_ok=True)
        index = cls(made_by, config.pairs.held_out, config.pairs.count)
        write_json(
            folder / "index.json", {"format": _FORMAT, **dataclasses.asdict(index)}
        )
        return index

    @classmethod
    def load(cls, folder: Path) -> "FamilyIndex":
        """Reads a folder's index.

        Raises:
            UserError: If it is missing or is not an index of families.
        """
        path = Path(folder) / "index.json"
        values = read_json(path)
        try:
            if values["format"] != _FORMAT:
                raise UserError(f"{path}: unknown format {values['format']!r}")
            return cls(values["made_by"], values["held_out"], values["count"])
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}: not an index of families ({error!r})") from None


def shard_name(first_seed: int, last_seed: int) -> str:
    """File name of the shard of a block of seeds; names sort by seed."""
    return f"families-{first_seed:010d}-{last_seed:010d}.tfrecord"
