"""`index.json` of a folder of pairs: what made them, and which are held out.

A folder never mixes pairs of two edits, teachers, classifiers or settings: whatever the
pixels depend on is written into the index, and a run that differs in any of it is
refused.
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tf_fsgd.errors import UserError
from tf_fsgd.storage.files import make_folder, read_json, write_json

_FORMAT = 2
_EARLIER = (1, "families 1")  # whose shards have no account of their block


@dataclasses.dataclass
class Index:
    """`index.json`.

    Attributes:
        made_by: What determines the pairs; a folder never mixes two of these.
        held_out: The first so many families, in order of seed, are the held-out split.
        count: The next so many are the training split.
        format: Version of the folder.
    """

    made_by: dict[str, Any]
    held_out: int
    count: int
    format: int | str = _FORMAT

    @property
    def earlier(self) -> bool:
        """Whether an earlier version wrote the folder: it is for reading alone."""
        return self.format != _FORMAT

    def save(self, folder: Path) -> None:
        """Writes `folder`/index.json, atomically.

        Raises:
            UserError: If the folder's pairs were made by something else, or by an
                earlier version.
        """
        make_folder(folder)
        if (folder / "index.json").exists():
            there = Index.load(folder)
            if there.earlier:
                raise UserError(
                    f"{folder}: its pairs are of format {there.format!r}, which this "
                    "version reads but does not go on with; delete the folder to "
                    "have them rendered again"
                )
            check_same(there.made_by, self.made_by, folder)
        write_json(folder / "index.json", dataclasses.asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "Index":
        """Reads `folder`/index.json.

        Raises:
            UserError: If it is missing or is not an index of pairs.
        """
        path = Path(folder) / "index.json"
        values = read_json(path)
        try:
            names = [field.name for field in dataclasses.fields(cls)]
            index = cls(**{name: values[name] for name in names})
            # What a folder is read by; the rest of `made_by` is only compared.
            read = {name: index.made_by[name] for name in ("seed", "resolution")}
            read |= {"held_out": index.held_out, "count": index.count}
        except (KeyError, TypeError) as error:
            raise UserError(f"{path}: not an index of pairs ({error!r})") from None
        for name, number in read.items():
            if type(number) is not int or number < 0:
                raise UserError(
                    f"{path}: not an index of pairs ({name} must be a whole number, "
                    f"received {number!r})"
                )
        if index.format not in (_FORMAT, *_EARLIER):
            raise UserError(f"{path}: unknown format {index.format!r}")
        return index


def check_same(there: dict[str, Any], here: dict[str, Any], out: Path) -> None:
    """Refuses a folder whose index names another origin.

    Args:
        there: What the folder's index says it was made by.
        here: What this run would make it by.
        out: The folder, for the message.

    Raises:
        UserError: At the first difference.
    """
    for name in sorted(there.keys() | here.keys()):
        if there.get(name) != here.get(name):
            raise UserError(
                f"{out}: its pairs were made with {name} {there.get(name)!r}, this run "
                f"asks for {here.get(name)!r}; delete the folder or choose another"
            )


def digest(*arrays: ArrayLike) -> str:
    """SHA-256 of arrays' bytes, one after the other."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
