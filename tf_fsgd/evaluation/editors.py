"""What edits faces, in one form: a conditional translator, a run of one fixed edit.

The teacher cannot edit a photo; what it makes of its own faces are examples, taken from
the families that a translator was trained on.
"""

from typing import NamedTuple, Protocol

import keras
import numpy as np

from tf_fsgd.evaluation.edits import FULL
from tf_fsgd.images.io import resize, to_float, to_uint8
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.training.runfolder import RunFolder
from tf_fsgd.training.translator import Translator, of_run

_BATCH = 16
_NEAR = 0.35  # how far from strength 1 a teacher's example may be


class Editor(Protocol):
    """Something that edits photos.

    Attributes:
        name: What the report calls it.
        edits: What it can be asked for.
        resolution: R, side of its pictures in pixels; `None`: any.
    """

    name: str
    edits: tuple[str, ...]
    resolution: int | None

    def edit(self, faces: np.ndarray, edit: str, strength: float) -> np.ndarray:
        """Faces `[N, S, S, 3]` uint8 to `[N, R, R, 3]` uint8."""


class ConditionalEditor:
    """A conditional translator; an `Editor`."""

    def __init__(self, translator: Translator):
        """Takes the translator."""
        self.translator = translator
        self.name = translator.name
        self.edits = translator.edits
        self.resolution = translator.resolution

    def edit(self, faces: np.ndarray, edit: str, strength: float) -> np.ndarray:
        """Applies one edit."""
        return self.translator.translate(faces, {edit: strength})


class FixedEditor:
    """A run of one edit at one strength, which counts as 1; an `Editor`."""

    def __init__(self, run: RunFolder):
        """Loads the run's translator."""
        self._network = run.load_translator()
        self.name = run.path.name
        self.edits = (run.config.edit,)
        self.resolution = run.config.pairs.resolution

    def edit(self, faces: np.ndarray, edit: str, strength: float) -> np.ndarray:
        """Applies the run's edit.

        Raises:
            ValueError: If another edit or strength is asked for.
        """
        if edit not in self.edits or strength != FULL:
            raise ValueError(
                f"{self.name} makes {self.edits[0]} at strength {FULL}, "
                f"asked for {edit} at {strength}"
            )
        return translate(self._network, faces)


def editor_of(run: RunFolder) -> Editor:
    """The editor that a finished run has made.

    Raises:
        UserError: If the run's translator is missing or damaged.
    """
    if run.config.axes:
        return ConditionalEditor(of_run(run, run.load_translator()))
    return FixedEditor(run)


def translate(translator: keras.Model, faces: np.ndarray) -> np.ndarray:
    """Runs a translator of one fixed edit in batches.

    Args:
        translator: Images `[N, R, R, 3]` in [-1, 1] to the same.
        faces: `[N, S, S, 3]` uint8; resized when S is not R.

    Returns:
        `[N, R, R, 3]` uint8.
    """
    resolution = translator.input_shape[1] or faces.shape[1]
    faces = resized(faces, resolution)
    outputs = [
        to_uint8(
            keras.ops.convert_to_numpy(
                translator(to_float(faces[start : start + _BATCH]), training=False)
            )
        )
        for start in range(0, len(faces), _BATCH)
    ]
    return np.concatenate(outputs or [faces])


def resized(faces: np.ndarray, size: int) -> np.ndarray:
    """Faces `[N, S, S, 3]` uint8 as `[N, size, size, 3]`."""
    if faces.shape[1] == size or not len(faces):
        return faces
    return np.stack([resize(face, size) for face in faces])


class Examples(NamedTuple):
    """What the teacher makes of its own faces.

    Attributes:
        before, after: `[N, R, R, 3]` uint8.
        strengths: `[N]`, in the translator's units.
    """

    before: np.ndarray
    after: np.ndarray
    strengths: np.ndarray


def teacher_examples(
    families: FamilySource, translator: Translator, edit: str, count: int
) -> Examples:
    """Plain faces with an edited one beside each, as near to strength 1 as there is.

    Args:
        families: That training never saw.
        translator: Knows axes and units.
        edit: One of its edits; pictures with any other edit are passed over.
        count: Families at most.

    Returns:
        Possibly none: families hold random strengths.
    """
    unit = translator.strengths({edit: FULL})
    axis = int(np.flatnonzero(unit)[0])
    before, after, strengths = [], [], []
    for index in range(families.count):
        if len(after) == count:
            break
        family = families.family(index)
        alone = np.count_nonzero(family.condition, axis=1) == 1
        relative = np.where(alone, family.condition[:, axis] / unit[axis], np.inf)
        nearest = int(np.argmin(np.abs(relative - FULL)))
        if abs(relative[nearest] - FULL) <= _NEAR:
            before.append(family.images[0])
            after.append(family.images[nearest])
            strengths.append(relative[nearest])
    side = (0, families.resolution, families.resolution, 3)
    none = np.empty(side, np.uint8)
    return Examples(
        np.array(before) if before else none,
        np.array(after) if after else none,
        np.array(strengths),
    )
