"""What a client must know of a served model: its edits, their units, its resolution.

Serving tells the shapes of a model's tensors, not what the columns of `strengths` mean.
The facts come from where the model came from: the `report.json` of an exported folder,
or the shipped translator that was exported.
"""

import dataclasses
from pathlib import Path
from typing import Any

from tf_fsgd.edits import opposite, strengths_of
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.folder import EXPORT_FORMAT
from tf_fsgd.storage.files import read_json
from tf_fsgd.translator.translator import DEFAULT, SHIPPED, is_shipped

_SAID = ("name", "resolution", "axes", "units")


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """A translator as its clients see it.

    Attributes:
        name: The translator's.
        resolution: Side of its pictures, in pixels.
        axes: Names of the E columns of `strengths`.
        units: Standard deviations that strength 1 of each edit stands for.
    """

    name: str
    resolution: int
    axes: tuple[str, ...]
    units: dict[str, float]

    def strengths(self, edits: dict[str, float]) -> list[float]:
        """The input `strengths` for one photo.

        Args:
            edits: Strength by edit, 1 a clear edit.

        Returns:
            E numbers.

        Raises:
            UserError: If an edit is unknown, or a strength is none that it has.
        """
        return strengths_of(edits, self.axes, self.units).tolist()


def load_model_info(name_or_folder: str | Path) -> ServedModel:
    """Reads what is known of a model.

    Args:
        name_or_folder: A shipped translator's name, or a folder that `tf-fsgd export`
            has made.

    Raises:
        UserError: If it is neither, its facts cannot be read, or an export is of
            another version.
    """
    name = DEFAULT if name_or_folder == "shipped" else str(name_or_folder)
    if is_shipped(name):
        path = SHIPPED / f"{name}.json"
        return _of({"name": name, **read_json(path)}, path)
    path = Path(name_or_folder) / "report.json"
    if not path.is_file():
        names = sorted(path.stem for path in SHIPPED.glob("*.json"))
        raise UserError(
            f"model info must be an exported folder or one of {', '.join(names)}, "
            f"received {str(name_or_folder)!r}"
        )
    facts = read_json(path)
    found = facts.get("format") if isinstance(facts, dict) else None
    if found != EXPORT_FORMAT:
        raise UserError(
            f"{path}: expected {EXPORT_FORMAT!r}, found {found!r}; export it again"
        )
    return _of(facts, path)


def _of(facts: dict, path: Path) -> ServedModel:
    if (faces := facts.get("faces", 1)) != 1:  # of an export nobody says it: one
        raise UserError(f"{path}: a server edits one face at once, received {faces}")
    values: list[Any] = [facts.get(key) for key in _SAID]
    name, resolution, axes, units = values
    named = isinstance(axes, list) and all(isinstance(axis, str) for axis in axes)
    kept = (
        isinstance(name, str),
        type(resolution) is int and resolution > 0,
        named,
        named
        and isinstance(units, dict)
        and units != {}
        and all(type(unit) in (int, float) for unit in units.values())
        and all(0 < unit < float("inf") for unit in units.values())
        and all(axis in axes or opposite(axis) in axes for axis in units),
    )
    for key, rule in zip(_SAID, kept, strict=True):
        if not rule:
            raise UserError(
                f"{path}: not the facts of a model ({key} is {facts.get(key)!r})"
            )
    return ServedModel(name, resolution, tuple(axes), units)
