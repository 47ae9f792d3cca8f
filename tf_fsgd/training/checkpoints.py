"""Saved training states: `checkpoints/000012000.npz`, named by images seen.

A file holds every variable by its name (`TrainingState.variables`) and the version of
its format.

NumPy's archive, because it is written under a temporary name and renamed, carries a
checksum for every array, and is read without executing anything.
"""

import logging
import re
from pathlib import Path

import numpy as np

from tf_fsgd.backend import workers
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import read_arrays, write_arrays
from tf_fsgd.training.state import TrainingState

_FORMAT = 2  # 1 had no number of its own, and numbered the variables
_KEPT = 3
_NAME = re.compile(r"\d{9,}\.npz")

logger = logging.getLogger(__name__)


def newest_values(folder: Path) -> dict[str, np.ndarray]:
    """Variables of the newest checkpoint of another run, by name; {} if it has none.

    Raises:
        UserError: If that file is damaged.
    """
    paths = _checkpoints(folder)
    return read_arrays(paths[-1], "a whole checkpoint") if paths else {}


def _checkpoints(folder: Path) -> list[Path]:
    """Oldest first; not a copy that the user laid beside them."""
    return sorted(path for path in folder.glob("*.npz") if _NAME.fullmatch(path.name))


class Checkpoints:
    """The last few states of a run in a folder."""

    def __init__(self, state: TrainingState, folder: Path):
        """Saves `state` to and restores it from `folder`, which `save` makes."""
        self._state = state
        self._folder = folder

    @property
    def paths(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return _checkpoints(self._folder)

    def save(self) -> None:
        """Saves the state, then removes all but the newest few.

        Of several workers, which have the same state, the chief does it.

        Raises:
            UserError: If a variable is NaN or infinite; nothing is saved.
            OSError: If the disk is full; the older checkpoints stay.
        """
        if not self._state.is_finite():
            raise self.diverged("the weights")
        if not workers.is_chief():
            return
        values = {name: v.numpy() for name, v in self._state.variables.items()}
        path = self._folder / f"{self._state.images:09d}.npz"
        write_arrays(path, {**values, "format": np.array(_FORMAT)})
        for old in self.paths[:-_KEPT]:
            old.unlink()

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole.

        Returns:
            Whether there was one; otherwise the state stays as it is.

        Raises:
            UserError: If all are damaged, the newest whole one is of another format or
                does not fit the config, or another worker has found another one.
        """
        restored = self._restore_newest()
        theirs = workers.chiefs(self._state.images)
        if theirs != self._state.images:
            raise UserError(
                f"{self._folder}: the newest checkpoint here is of "
                f"{self._state.images:,} images, the chief found one of {theirs:,}; "
                "all workers must see the same folder"
            )
        return restored

    def _restore_newest(self) -> bool:
        paths = self.paths
        for path in reversed(paths):
            try:
                values = read_arrays(path, "a whole checkpoint")
            except UserError as error:
                logger.warning("%s; trying an older one", error)
                continue
            self._assign(values, path)
            return True
        if paths:
            raise UserError(
                f"{self._folder}: every checkpoint is damaged; remove the folder to "
                "train from the start"
            )
        return False

    def _assign(self, values: dict[str, np.ndarray], path: Path) -> None:
        found = values.pop("format", np.array(1))
        if not np.array_equal(found, _FORMAT):
            raise UserError(
                f"{path}: a checkpoint of format {found}, this version goes on with "
                f"{_FORMAT}; remove {self._folder} to train from the start"
            )
        variables = self._state.variables
        saved = {name: f"{v.dtype} {list(v.shape)}" for name, v in values.items()}
        expected = {
            name: f"{v.dtype.name} {v.shape.as_list()}" for name, v in variables.items()
        }
        if saved != expected:
            names = sorted(
                name
                for name in saved.keys() | expected.keys()
                if saved.get(name) != expected.get(name)
            )
            raise UserError(
                f"{path}: made with another config; {names[0]} is "
                f"{saved.get(names[0])}, the config asks for {expected.get(names[0])}"
            )
        for name, variable in variables.items():
            variable.assign(values[name])

    def diverged(self, what: str) -> UserError:
        """The error that stops a run whose numbers are no longer finite.

        Args:
            what: What was seen to be NaN or infinite.
        """
        paths = self.paths
        return UserError(
            f"training diverged: {what} became NaN or infinite by step "
            f"{int(self._state.step.numpy())}; last good checkpoint: "
            f"{paths[-1] if paths else 'none yet'}; a lower training.learning_rate or "
            "training.precision float32 may help"
        )
