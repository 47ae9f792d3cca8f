"""A direction in W or W+: one edit, its unit, and the facts about it.

A direction is a unit vector with the rows of W+ that it acts on, or a vector for each
of these rows, of length 1 in the root mean square. A strength counts standard
deviations of w (without truncation) along it, again in the root mean square over the
rows, so that 1.0 means the same for every edit and every teacher: unlike the raw
coefficients of a classifier, in whose units other projects give theirs.
"""

import dataclasses
import importlib.resources
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tf_fsgd.edits import EDITS, axis_of
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import INTEGERS, NUMBERS, TEXT, read_arrays, write_arrays
from tf_fsgd.storage.files import read_json, write_json

SHARED_W = frozenset({"mobile-ffhq", "stylegan2-ffhq-config-f"})
"""Teachers with one mapping network, by name."""

_NEEDED = {
    "vector": (NUMBERS, None),
    "std": (NUMBERS, ()),
    "layers": (INTEGERS, (None,)),
    "attribute": (TEXT, ()),
    "sign": (INTEGERS, ()),
    "reading_vector": (NUMBERS, (None,)),
    "reading_bias": (NUMBERS, ()),
}


@dataclass
class Direction:
    """One edit in W."""

    name: str
    vector: np.ndarray  # [w_dim] for all rows, or [rows moved, w_dim]; length 1 (RMS)
    std: float  # standard deviation of w along `vector`, without truncation (RMS)
    layers: list[int]  # rows of W+ that the edit moves
    attribute: str  # CelebA's name of what changes
    sign: int  # +1: the attribute becomes present, -1: absent
    reading_vector: np.ndarray  # [w_dim], logistic regression of the attribute on w
    reading_bias: float
    facts: dict[str, Any] = field(default_factory=dict)

    def edit(self, ws: np.ndarray, strength: float | np.ndarray) -> np.ndarray:
        """Moves faces along the direction.

        Args:
            ws: `[N, num_ws, w_dim]`.
            strength: In standard deviations of w; one for all or `[N]`.

        Returns:
            `[N, num_ws, w_dim]` float32.

        Raises:
            UserError: If the teacher has fewer rows than the direction moves (see
                `for_rows`), or a W of another dimension.
        """
        self.check(*ws.shape[1:])
        step = np.reshape(np.asarray(strength, np.float32), (-1, 1, 1)) * self.std
        edited = np.array(ws, np.float32)
        edited[:, self.layers] += step * self.vector
        return edited

    def check(self, num_ws: int, w_dim: int) -> None:
        """Refuses a W+ of other rows or dimensions, `[num_ws, w_dim]`.

        Raises:
            UserError: As `edit`.
        """
        if self.vector.shape[-1] != w_dim:
            raise UserError(
                f"direction {self.name} is of {self.vector.shape[-1]} dimensions, the "
                f"teacher's W has {w_dim}"
            )
        if max(self.layers) >= num_ws:
            raise UserError(
                f"direction {self.name} moves row {max(self.layers)} of W+, the "
                f"teacher has rows 0 to {num_ws - 1}"
            )

    def for_rows(self, num_ws: int) -> "Direction":
        """The part of the direction that a teacher with `num_ws` rows can follow.

        A teacher of smaller pictures lacks the last rows, those of the finest detail.
        `std` stays: a unit still moves the rows that are there as far as ever.

        Raises:
            UserError: If there is none of the direction's rows.
        """
        there = [index for index, row in enumerate(self.layers) if row < num_ws]
        if not there:
            raise UserError(
                f"direction {self.name} moves rows from {min(self.layers)} of W+, the "
                f"teacher has rows 0 to {num_ws - 1}"
            )
        vector = self.vector[there] if self.vector.ndim == 2 else self.vector
        layers = [self.layers[index] for index in there]
        return dataclasses.replace(self, vector=vector, layers=layers)

    def found_elsewhere(self, teacher: str) -> bool:
        """Whether it was found in another W than that of the teacher of this name.

        MobileStyleGAN has StyleGAN2's mapping network, so those two count as one.
        """
        found_in = self.facts.get("teacher")
        shared = found_in in SHARED_W and teacher in SHARED_W
        return found_in is not None and found_in != teacher and not shared

    def reading(self, w: np.ndarray) -> np.ndarray:
        """Probability, read linearly from w `[N, w_dim]`, that the edit has work to do.

        That is: that the face lacks what the edit adds, or has what it removes. Costs
        nothing beside a rendered and classified face, and is right for most.
        """
        logit = w @ self.reading_vector + self.reading_bias
        return 1 / (1 + np.exp(self.sign * logit))

    def reversed(self, name: str) -> "Direction":
        """The opposite edit."""
        return dataclasses.replace(
            self, name=name, vector=-self.vector, sign=-self.sign
        )

    def save(self, path: Path) -> None:
        """Writes `path` (.npz, the numbers) and, beside it, the facts as .json."""
        arrays: dict[str, np.ndarray | np.generic] = {
            "vector": self.vector.astype(np.float32),
            "std": np.float32(self.std),
            "layers": np.array(self.layers, np.int32),
            "sign": np.int32(self.sign),
            "attribute": np.array(self.attribute),
            "reading_vector": self.reading_vector.astype(np.float32),
            "reading_bias": np.float32(self.reading_bias),
        }
        write_arrays(path, arrays)
        write_json(path.with_suffix(".json"), self.facts)


def load_direction(name_or_path: str) -> Direction:
    """Loads a shipped edit by name, or a file that `Direction.save` wrote.

    Raises:
        UserError: If it is neither, or the file is not a direction.
    """
    if name_or_path in EDITS:
        shipped = axis_of(name_or_path)
        folder = importlib.resources.files("tf_fsgd.latents") / "shipped"
        direction = _read(Path(str(folder / f"{shipped}.npz")))
        return (
            direction if shipped == name_or_path else direction.reversed(name_or_path)
        )
    path = Path(name_or_path)
    if path.suffix == ".npz" and path.exists():
        return _read(path)
    raise UserError(
        f"edit must be one of {', '.join(EDITS)} or an existing .npz file of a "
        f"direction, received {name_or_path!r}"
    )


def _read(path: Path) -> Direction:
    arrays = read_arrays(path, "a direction", _NEEDED)
    direction = Direction(
        name=path.stem,
        vector=arrays["vector"],
        std=float(arrays["std"]),
        layers=arrays["layers"].tolist(),
        attribute=str(arrays["attribute"]),
        sign=int(arrays["sign"]),
        reading_vector=arrays["reading_vector"],
        reading_bias=float(arrays["reading_bias"]),
    )
    rows, dimensions = len(direction.layers), direction.reading_vector.size
    if direction.vector.shape not in [(dimensions,), (rows, dimensions)]:
        raise UserError(
            f"{path}: not a direction (vector must be of shape [{dimensions}] or "
            f"[{rows}, {dimensions}], received {list(direction.vector.shape)})"
        )
    if path.with_suffix(".json").exists():
        direction.facts = read_json(path.with_suffix(".json"))
    return direction
