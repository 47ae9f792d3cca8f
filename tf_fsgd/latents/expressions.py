"""Expression transfer: several edits at once, by degrees, on any face.

An edit is a step in W+, the same for every person; steps add up. So an expression is a
list of directions with strengths, and a film of it goes through degrees of the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tf_fsgd.edits import teacher_strength
from tf_fsgd.latents.directions import Direction, load_direction
from tf_fsgd.latents.interpolation import smoothstep


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
        UserError: As `load_direction`.
    """
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


def faces_by_degree(
    expression: Expression, ws: np.ndarray, degrees: Iterable[float]
) -> np.ndarray:
    """W+ of every face at every degree: `[degrees, N, num_ws, w_dim]`."""
    return np.stack([expression.apply(ws, degree) for degree in degrees])
