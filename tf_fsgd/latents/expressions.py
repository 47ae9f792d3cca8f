"""Expression transfer: several edits at once, by degrees, on any face.

An edit is a step in W+, the same for every person; steps add up. So an expression is a
list of directions with strengths, and a film of it goes through degrees of the whole.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction, load_direction
from tf_fsgd.latents.interpolation import smoothstep


@dataclass(frozen=True)
class Expression:
    """Directions and how much of each, in their units."""

    directions: tuple[Direction, ...]
    strengths: tuple[float, ...]

    def apply(self, ws: np.ndarray, degree: float) -> np.ndarray:
        """Moves faces `[N, num_ws, w_dim]` by `degree` times the whole expression.

        Raises:
            UserError: If the teacher has fewer rows than a direction moves.
        """
        for direction, strength in zip(self.directions, self.strengths, strict=True):
            ws = direction.edit(ws, degree * strength)
        return ws


def parse_expression(text: str) -> tuple[Expression, bool]:
    """Reads `smile` or `smile=1.5,brows=1,eyes=-0.5`; without a number, 1.

    Returns:
        The expression, and whether the text has a number.

    Raises:
        UserError: If an edit is unknown or named twice, or a strength is no number.
    """
    names, strengths = [], []
    for part in text.split(","):
        name, equals, number = part.strip().partition("=")
        try:
            strength = float(number) if equals else 1.0
        except ValueError:
            strength = math.nan
        if not math.isfinite(strength):
            raise UserError(
                f"--edit must look like smile=1.5,brows=1, received {part!r}"
            )
        if name in names:
            raise UserError(f"--edit names {name} twice: {text!r}")
        names.append(name)
        strengths.append(strength)
    directions = tuple(load_direction(name) for name in names)
    return Expression(directions, tuple(strengths)), "=" in text


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
    expression: Expression, ws: np.ndarray, degrees: Sequence[float]
) -> np.ndarray:
    """W+ of every face at every degree: `[degrees, N, num_ws, w_dim]`."""
    return np.stack([expression.apply(ws, degree) for degree in degrees])
