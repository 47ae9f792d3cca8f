"""What a client must know of a served model: its edits, their units, its resolution.

Serving tells the shapes of a model's tensors, not what the columns of `strengths` mean.
The facts come from where the model came from: the `report.json` of an exported folder,
or the shipped translator that was exported.
"""

import dataclasses
import importlib.resources
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.files import read_json
from tf_fsgd.latents.edits import strengths_of

DEFAULT = "mobile-256"


@dataclasses.dataclass(frozen=True)
class ServedModel:
    """A translator as its clients see it.

    Attributes:
        name: The translator's, or the edit of one that makes a single edit.
        resolution: Side of its pictures, in pixels.
        axes: Names of the E columns of `strengths`; empty: one edit, no such input.
        units: Standard deviations that strength 1 of each edit stands for.
    """

    name: str
    resolution: int
    axes: tuple[str, ...] = ()
    units: dict[str, float] = dataclasses.field(default_factory=dict)

    def strengths(self, edits: dict[str, float] | None) -> list[float] | None:
        """The input `strengths` for one photo.

        Args:
            edits: Strength by edit, 1 a clear edit; None or empty if none was asked.

        Returns:
            E numbers; None for a model without that input.

        Raises:
            UserError: If an edit is missing, unknown, or not for this model to choose.
        """
        if self.axes:
            if not edits:
                known = ", ".join(self.units)
                raise UserError(f"--edit must name at least one of {known}")
            return strengths_of(edits, self.axes, self.units).tolist()
        if edits:
            raise UserError(
                f"--edit: the model makes one edit, {self.name}, at one strength; "
                "leave --edit and --strength out"
            )
        return None


def load_model_info(name_or_folder: str | Path) -> ServedModel:
    """Reads what is known of a model.

    Args:
        name_or_folder: A shipped translator's name, or a folder that `python -m export`
            has made.

    Raises:
        UserError: If it is neither, or its facts cannot be read.
    """
    shipped = importlib.resources.files("tf_fsgd") / "translators"
    names = sorted(
        entry.name.removesuffix(".json")
        for entry in shipped.iterdir()
        if entry.name.endswith(".json")
    )
    if str(name_or_folder) in names:
        name = str(name_or_folder)
        with importlib.resources.as_file(shipped / f"{name}.json") as path:
            return _of({"name": name, **read_json(path)}, path)
    path = Path(name_or_folder) / "report.json"
    if not path.is_file():
        raise UserError(
            f"--model-info must be an exported folder or one of {', '.join(names)}, "
            f"received {str(name_or_folder)!r}"
        )
    return _of(read_json(path), path)


def _of(facts: dict, path: Path) -> ServedModel:
    try:
        return ServedModel(
            name=facts["name"],
            resolution=int(facts["resolution"]),
            axes=tuple(facts.get("axes", ())),
            units=dict(facts.get("units", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not the facts of a model ({error!r})") from None
