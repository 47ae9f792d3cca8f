"""What the teacher makes of its own faces, to be shown beside a translator.

The teacher cannot edit a photo; its examples are taken from the families that a
translator was trained on.
"""

from typing import NamedTuple

import numpy as np

from tf_fsgd.evaluation.edits import FULL
from tf_fsgd.images.io import resize
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.training.translator import Translator

_NEAR = 0.35  # how far from strength 1 a teacher's example may be


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
