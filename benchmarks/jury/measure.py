"""What a jury reads of one edit at several strengths, and what is made of that.

An edit has its *effect* by each network: for gender the share of faces read as what it
brings, for age mean years in its direction, for smiles the mean probability gained.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.jury.readers import AGE, HAPPY, MALE, OLD, Jury
from tf_fsgd.edits import EDITS
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import NUMBERS, read_arrays, write_arrays
from tf_fsgd.storage.files import cache_dir

IDENTITIES = ("faceres", "dlib")
# What CelebA's attribute is to the jury, and its sign there.
_KINDS = {"Male": ((MALE,), +1), "Young": ((AGE, OLD), -1), "Smiling": ((HAPPY,), +1)}
_BATCH = 16  # faces read at once: what the progress bar counts by

Draw = Callable[[np.ndarray, float], np.ndarray]
"""The faces of some rows at a strength in standard deviations of w."""


@dataclasses.dataclass(frozen=True)
class Trial:
    """One edit on N faces at S strengths.

    Attributes:
        edit: Its name.
        strengths: `[S]`, rising, above 0, in standard deviations of w.
        before: By "NETWORK KIND", `[N]`.
        after: The same, `[S, N]`.
        identity: By `IDENTITIES`, cosine with the face before, `[S, N]`.
    """

    edit: str
    strengths: np.ndarray
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    identity: dict[str, np.ndarray]

    def of(self, rows: np.ndarray) -> "Trial":
        """The same of some of the faces, by index."""
        return dataclasses.replace(
            self,
            **{
                name: {key: values[..., rows] for key, values in part.items()}
                for name, part in self._parts().items()
            },
        )

    @classmethod
    def joined(cls, blocks: Sequence["Trial"]) -> "Trial":
        """One edit on several sets of faces, in order; one set at least."""
        parts = [block._parts() for block in blocks]
        return dataclasses.replace(
            blocks[0],
            **{
                name: {
                    key: np.concatenate([part[name][key] for part in parts], axis=-1)
                    for key in values
                }
                for name, values in parts[0].items()
            },
        )

    def effects(self) -> dict[str, np.ndarray]:
        """By network, `[1 + S, N]` with strength 0 first; means over N are effects."""
        kinds, sign = kinds_of(self.edit)
        found = {}
        for key, before in self.before.items():
            network, kind = key.split()
            if kind not in kinds:
                continue
            values = np.vstack([before, self.after[key]])
            if kind in (AGE, HAPPY):
                found[network] = sign * (values - before)
            else:
                found[network] = ((values > 0.5) == (sign > 0)).astype(np.float64)
        return found

    def identities(self) -> dict[str, np.ndarray]:
        """By network, `[1 + S, N]` with strength 0 first."""
        return {
            name: np.vstack([np.ones(values.shape[1]), values])
            for name, values in self.identity.items()
        }

    def _parts(self) -> dict[str, dict[str, np.ndarray]]:
        return {"before": self.before, "after": self.after, "identity": self.identity}

    def save(self, path: Path) -> None:
        """Writes the numbers as one file."""
        arrays = {
            f"{part}/{key}": values
            for part, values_of in self._parts().items()
            for key, values in values_of.items()
        }
        write_arrays(path, {"strengths": self.strengths, **arrays})

    @classmethod
    def load(cls, edit: str, path: Path) -> "Trial":
        """Reads what `save` has written."""
        arrays = read_arrays(
            path, "readings of the jury", {"strengths": (NUMBERS, None)}
        )
        parts: dict[str, dict] = {"before": {}, "after": {}, "identity": {}}
        strengths = arrays.pop("strengths")
        for name, values in arrays.items():
            part, _, key = name.partition("/")
            parts[part][key] = values
        return cls(edit, strengths, **parts)


def kinds_of(edit: str) -> tuple[tuple[str, ...], int]:
    """What the jury reads for an edit, and the sign of what it brings.

    Raises:
        UserError: If the jury reads nothing of the kind.
    """
    facts = EDITS.get(edit)
    if facts is None or facts.attribute not in _KINDS:
        raise UserError(
            f"the jury reads gender, age and smiles, received edit {edit!r}"
        )
    kinds, sign = _KINDS[facts.attribute]
    return kinds, sign * facts.sign


def measure(
    edit: str, before: np.ndarray, draw: Draw, strengths: np.ndarray, jury: Jury
) -> Trial:
    """Has faces edited and read; what has been read before is read from the cache.

    It is kept by blocks of faces, so that a stopped measurement goes on and one of more
    faces of the same order takes what is there.

    Args:
        edit: Its name.
        before: `[N, R, R, 3]` uint8, one at least.
        draw: Edits faces.
        strengths: `[S]`, rising, above 0.
        jury: Who reads.

    Raises:
        UserError: As `kinds_of`, or if the cache holds something else.
    """
    kinds, _ = kinds_of(edit)
    rows = np.arange(len(before))
    common = hashlib.blake2b(jury.digest, digest_size=12)
    common.update(edit.encode())
    # What the first face becomes says who draws, and how.
    for strength in strengths:
        common.update(np.float64(strength).tobytes())
        common.update(draw(rows[:1], strength).tobytes())
    blocks = []
    with tqdm(total=len(before), desc=edit, unit=" faces", leave=False) as bar:
        for start in range(0, len(before), _BATCH):
            block = rows[start : start + _BATCH]
            digest = common.copy()
            digest.update(before[block].tobytes())
            path = cache_dir() / "jury" / f"{edit}-{digest.hexdigest()}.npz"
            if not path.is_file():
                edited = [draw(block, strength) for strength in strengths]
                read = jury.compare(np.stack([before[block], *edited]), kinds)
                _trial(edit, strengths, read).save(path)
            blocks.append(Trial.load(edit, path))
            bar.update(len(block))
    return Trial.joined(blocks)


def _trial(edit: str, strengths: np.ndarray, read: dict[str, np.ndarray]) -> Trial:
    identity = {name: read.pop(f"{name} identity")[1:] for name in IDENTITIES}
    return Trial(
        edit,
        np.asarray(strengths, np.float64),
        {key: values[0] for key, values in read.items()},
        {key: values[1:] for key, values in read.items()},
        identity,
    )
