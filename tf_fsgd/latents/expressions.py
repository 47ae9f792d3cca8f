"""Expression transfer: several edits at once, by degrees, on any face.

An edit is a step in W+, the same for every person; steps add up. So an expression is a
list of directions with strengths, and a film of it goes through degrees of the whole.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tf_fsgd.edits import teacher_strength
from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction, load_direction
from tf_fsgd.latents.interpolation import smoothstep
from tf_fsgd.stylegan2.teacher import Teacher

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Expression:
    """Several edits at once.

    Attributes:
        directions: By edit, as the user names it.
        strengths: By edit; 1 is a clear edit, a negative one the opposite edit's.
    """

    directions: Mapping[str, Direction]
    strengths: Mapping[str, float]

    def apply(self, ws: np.ndarray, degree: float) -> np.ndarray:
        """Moves faces `[N, num_ws, w_dim]` by `degree` times the whole expression.

        Raises:
            UserError: If the teacher has fewer rows than a direction moves.
        """
        for edit, direction in self.directions.items():
            strength = degree * self.strengths[edit]
            ws = direction.edit(ws, teacher_strength(edit, strength))
        return ws


def expression_of(edits: Mapping[str, float]) -> Expression:
    """The expression of some edits, as `tf_fsgd.edits.parse_edits` reads them.

    Raises:
        UserError: As `load_direction`, or if a strength is not finite.
    """
    for edit, strength in edits.items():
        if not math.isfinite(strength):
            raise UserError(f"strength of {edit} must be finite, received {strength}")
    return Expression({edit: load_direction(edit) for edit in edits}, edits)


def degrees_of(first: float, last: float, frames: int, there_and_back: bool):
    """The degree of every frame of a film.

    Args:
        first: Of frame 0.
        last: Of the last frame; of the middle one on the way there and back.
        frames: At least 1.
        there_and_back: Whether to return to the start, eased at both turns, and to stop
            one frame short of it, so that played again it does not stand still. Else
            even steps.

    Returns:
        `[frames]`. Both halves of the way there and back have equal numbers, bit for
        bit, so that a frame need be drawn only once.
    """
    index = np.arange(frames)
    if not there_and_back:
        return first + (last - first) * index / max(frames - 1, 1)
    there = np.minimum(index, frames - index) * 2 / frames
    return first + (last - first) * smoothstep(there)


def fitted(expression: Expression, teacher: Teacher) -> Expression:
    """The expression on this teacher; logs what it cannot follow."""
    there = {}
    for edit, direction in expression.directions.items():
        if direction.found_elsewhere(teacher.name):
            _logger.warning(
                "%s: found in the W of %s, %s may do something else with it",
                direction.name,
                direction.facts["teacher"],
                teacher.name,
            )
        there[edit] = direction.for_rows(teacher.num_ws)
        if missing := len(direction.layers) - len(there[edit].layers):
            _logger.warning(
                "%s: %d of its %d rows are left out, %s has rows 0 to %d",
                direction.name,
                missing,
                len(direction.layers),
                teacher.name,
                teacher.num_ws - 1,
            )
    return Expression(there, expression.strengths)
