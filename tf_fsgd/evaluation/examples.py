"""Held-out pairs of an edit, to be shown beside what a translator makes.

They are of other faces than the photos: a teacher can only edit its own.
"""

from typing import NamedTuple

import numpy as np

from tf_fsgd.evaluation.goals import FULL
from tf_fsgd.images.person import inside_head
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.translator.translator import Translator

_NEAR = 0.35  # how far from strength 1 an example may be


class Examples(NamedTuple):
    """Pairs of one edit.

    Attributes:
        before, after: `[N, R, R, 3]` uint8.
        strengths: `[N]`, in the translator's units.
        conditions: `[N, E]`, the same for the translator.
    """

    before: np.ndarray
    after: np.ndarray
    strengths: np.ndarray
    conditions: np.ndarray

    def of(self, chosen: np.ndarray) -> "Examples":
        """Some of them, by index."""
        return Examples(*(values[chosen] for values in self))


def examples_of(
    families: FamilySource, translator: Translator, edit: str, count: int
) -> Examples:
    """First pictures with another one each, as near to strength 1 as there is.

    Args:
        families: That training never saw, of the translator's axes.
        translator: Knows axes and units.
        edit: One of its edits; pictures with any other edit are passed over.
        count: Families at most.

    Returns:
        Possibly none: families hold random strengths.
    """
    unit = translator.strengths({edit: FULL})
    axis = int(np.flatnonzero(unit)[0])
    side = families.resolution
    found = []
    for index in range(families.count):
        if len(found) == count:
            break
        family = families.family(index)
        conditions = family.condition - family.condition[0]
        alone = np.count_nonzero(conditions, axis=1) == 1
        strengths = np.where(alone, conditions[:, axis] / unit[axis], np.inf)
        best = int(np.argmin(np.abs(strengths - FULL)))
        if abs(strengths[best] - FULL) <= _NEAR:
            pair = family.only([0, best])
            before, after = pair.images
            if pair.heads is not None:
                after = inside_head(before, after, pair.heads)
            found.append((before, after, strengths[best], conditions[best]))
    if not found:
        none = np.empty((0, side, side, 3), np.uint8)
        return Examples(none, none, np.empty(0), np.empty((0, len(unit))))
    return Examples(*map(np.array, zip(*found, strict=True)))
