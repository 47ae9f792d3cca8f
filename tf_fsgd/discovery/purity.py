"""How pure directions are: what one unit of each does to each attribute.

The strict reading counts every attribute but the wanted one as unwanted. Some of these
are the same movement of the same muscles under a second name (a smile lifts the
cheeks); they are listed as such, and a second ratio leaves them out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tf_fsgd.discovery.ridge import GOAL, purity_ratio
from tf_fsgd.discovery.survey import Classifier, logit, sweep
from tf_fsgd.latents.directions import Direction
from tf_fsgd.stylegan2.teacher import Teacher

SAME_MOVEMENT = {
    "Smiling": ("High_Cheekbones",),
}
"""Attribute: those that name a part of the same movement."""


@dataclass
class PurityMatrix:
    """What one unit of each direction does, on faces that no direction has seen.

    Attributes:
        directions: Names.
        wanted: Of each direction, the attribute that it is for.
        signs: Of each direction, whether that rises (+1) or falls (-1).
        attributes: Names, K of them.
        moves: `[directions, K]`, mean change of each attribute's logit in standard
            deviations of that logit over the unedited faces.
        errors: `[directions, K]`, standard errors of these means.
        faces: How many faces were measured.
    """

    directions: list[str]
    wanted: list[str]
    signs: list[int]
    attributes: list[str]
    moves: np.ndarray
    errors: np.ndarray
    faces: int

    def row(self, index: int) -> dict[str, Any]:
        """One direction's verdict.

        Returns:
            `wanted` and its `moves`; the strict `ratio` to the largest unwanted move
            and `largest_unwanted`, its name and size; the same without the names of the
            same movement (`ratio_other_movements`, `largest_other`); `pure`, whether
            the strict ratio reaches the goal.
        """
        moves = self.signs[index] * self.moves[index]
        wanted = self.attributes.index(self.wanted[index])
        same = SAME_MOVEMENT.get(self.wanted[index], ())
        ignored = [self.attributes.index(name) for name in same]
        ratio = purity_ratio(moves, wanted)
        return {
            "wanted": self.wanted[index],
            "moves": round(float(self.moves[index, wanted]), 3),
            "ratio": round(ratio, 2),
            "largest_unwanted": self._largest(index, [wanted]),
            "same_movement": list(same),
            "ratio_other_movements": round(purity_ratio(moves, wanted, ignored), 2),
            "largest_other": self._largest(index, [wanted, *ignored]),
            "pure": ratio >= GOAL,
        }

    def facts(self) -> dict[str, Any]:
        """Everything, as JSON holds it."""
        return {
            "unit": "standard deviations of each score over the unedited faces",
            "faces": self.faces,
            "goal": GOAL,
            "directions": {
                name: self.row(index)
                | {
                    "all_moves": self._named(self.moves[index]),
                    "standard_errors": self._named(self.errors[index]),
                }
                for index, name in enumerate(self.directions)
            },
        }

    def markdown(self) -> str:
        """A table with one line a direction."""
        lines = [
            "| direction | wanted | moves by | largest unwanted | ratio | "
            "without the same movement |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for index, name in enumerate(self.directions):
            row = self.row(index)
            unwanted, by = row["largest_unwanted"]
            other = "the same"
            if row["same_movement"]:
                other = (
                    f"{row['ratio_other_movements']:.1f} ({row['largest_other'][0]}); "
                    f"{', '.join(row['same_movement'])} left out"
                )
            lines.append(
                f"| {name} | {row['wanted']} | {row['moves']:+.2f} | {unwanted} "
                f"{by:+.2f} | {row['ratio']:.1f} | {other} |"
            )
        return "\n".join(lines) + "\n"

    def _largest(self, index: int, leave_out: Sequence[int]) -> list[str | float]:
        size = np.abs(self.moves[index])
        size[leave_out] = -1
        largest = int(np.argmax(size))
        return [self.attributes[largest], round(float(self.moves[index, largest]), 3)]

    def _named(self, values: np.ndarray) -> dict[str, float]:
        rounded = np.round(values, 3).tolist()
        return dict(zip(self.attributes, rounded, strict=True))


def unit_moves(
    direction: Direction,
    teacher: Teacher,
    classifier: Classifier,
    seeds: Sequence[int],
    psi: float = 0.7,
) -> np.ndarray:
    """By how much one unit of a direction changes each logit of each face.

    Half the difference between one unit forwards and one unit backwards: `[faces, K]`.
    """
    back, forth = sweep(direction, teacher, seeds, (-1, 1), psi)
    return (logit(classifier(forth)) - logit(classifier(back))) / 2


def measure_purity(
    directions: Sequence[Direction],
    teacher: Teacher,
    classifier: Classifier,
    attributes: Sequence[str],
    seeds: Sequence[int],
    psi: float = 0.7,
) -> PurityMatrix:
    """Draws the faces of `seeds` one unit to either side along every direction.

    Args:
        directions: Any number.
        teacher: Who draws.
        classifier: Images to probabilities `[N, K]`.
        attributes: Their names.
        seeds: Of the faces.
        psi: Truncation.
    """
    (plain,) = sweep(directions[0], teacher, seeds, (0,), psi)
    score_std = logit(classifier(plain)).std(axis=0)
    moves = [
        unit_moves(direction, teacher, classifier, seeds, psi) / score_std
        for direction in directions
    ]
    return PurityMatrix(
        directions=[direction.name for direction in directions],
        wanted=[direction.attribute for direction in directions],
        signs=[direction.sign for direction in directions],
        attributes=list(attributes),
        moves=np.stack([one.mean(axis=0) for one in moves]),
        errors=np.stack([one.std(axis=0) / np.sqrt(len(one)) for one in moves]),
        faces=len(seeds),
    )
