"""What a projection has come to, and its file.

Random numbers are functions of the seed and the step, so that these arrays are all that
a projection needs to go on bit for bit as if it had never been stopped.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import INTEGERS, NUMBERS, TEXT, read_arrays, write_arrays

_MADE_WITH = "made_with"
_ROWS = (NUMBERS, (None, None))
_NEEDED = {
    "step": (INTEGERS, ()),
    "w": _ROWS,
    "first": _ROWS,
    "second": _ROWS,
    "trail": (NUMBERS, (None, None, None)),
    _MADE_WITH: (TEXT, ()),
}


@dataclass(frozen=True)
class ProjectionState:
    """A projection after some steps.

    Attributes:
        step: Steps done.
        w: `[rows, w_dim]` float32; one row in space `w`, `num_ws` in `w+`.
        first, second: Adam's moments, like `w`.
        trail: `[K, rows, w_dim]` float32, w at K moments so far, for an animation.
    """

    step: int
    w: np.ndarray
    first: np.ndarray
    second: np.ndarray
    trail: np.ndarray

    def save(self, path: Path, made_with: dict[str, Any]) -> None:
        """Writes the state.

        Args:
            path: Ends in .npz.
            made_with: What the projection depends on, ready for JSON.
        """
        arrays = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        write_arrays(path, arrays | {_MADE_WITH: np.array(json.dumps(made_with))})


def load_state(path: Path, made_with: dict[str, Any]) -> ProjectionState:
    """Reads what `ProjectionState.save` wrote.

    Args:
        path: The file.
        made_with: What the projection that is to go on depends on.

    Raises:
        UserError: If the file is damaged, or of another projection.
    """
    try:
        stored = read_arrays(path, "the state of a projection", _NEEDED)
        found = _made_with(stored[_MADE_WITH].item(), path)
    except UserError as error:
        raise UserError(f"{error}; delete it to start again") from None
    for name, asked in made_with.items():
        if found.get(name) != asked:
            raise UserError(
                f"{path.parent}: holds a projection with {name} {found.get(name)}, "
                f"asked for {asked}; delete it, or choose another folder"
            )
    arrays = {name: stored[name] for name in ("w", "first", "second", "trail")}
    return ProjectionState(step=stored["step"].item(), **arrays)


def _made_with(text: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(
            f"{path}: not the state of a projection ({_MADE_WITH} must be an object of "
            "JSON)"
        )
    return found
