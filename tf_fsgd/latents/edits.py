"""Edits by name and strength, as users give them, and as a translator takes them.

A network speaks of axes of W in standard deviations; a user speaks of edits, where 1 is
a clear edit. Needs no framework, so that a client of a server can use it as well.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.latents.axes import OPPOSITES

_STRONGEST = 3.0  # at least twice what training has shown


def parse_edits(
    text: str, strength: float | None = None, largest: float = _STRONGEST
) -> dict[str, float]:
    """Edits and strengths from "smile=0.8,younger".

    Args:
        text: Names, each with or without a number.
        strength: Of those without; 1 if `None`.
        largest: Strength allowed, of either sign.

    Returns:
        Strength by edit.

    Raises:
        UserError: If a part is no edit, a strength is no number or beyond `largest`,
            or an edit is named twice.
    """
    edits: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (piece.strip() for piece in part.partition("="))
        try:
            value = float(number) if equals else 1.0 if strength is None else strength
        except ValueError:
            raise UserError(
                f"--edit must look like smile=0.8,younger, received {text!r}"
            ) from None
        if not abs(value) <= largest:
            raise UserError(
                f"strength of {name} must be {-largest:g} to {largest:g}, "
                f"received {value:g}"
            )
        if not name or name in edits:
            raise UserError(f"--edit must name different edits, received {text!r}")
        edits[name] = value
    return edits


def strengths_of(
    edits: Mapping[str, float], axes: Sequence[str], units: Mapping[str, float]
) -> np.ndarray:
    """What a translator of several edits takes beside the image.

    Args:
        edits: Strength by edit, for example `{"smile": 0.8, "younger": 0.3}`; a
            negative one is the opposite edit's.
        axes: Names of the E columns.
        units: Standard deviations of w that strength 1 of each edit stands for, both
            ends of every axis.

    Returns:
        `[E]` float32, in standard deviations of w.

    Raises:
        UserError: If an edit is unknown or a strength is not finite.
    """
    result = np.zeros(len(axes), np.float32)
    for edit, strength in edits.items():
        if edit not in units:
            raise UserError(f"--edit must be of {', '.join(units)}, received {edit!r}")
        if not np.isfinite(strength):
            raise UserError(f"--strength must be finite, received {strength}")
        if strength < 0:
            edit, strength = opposite(edit), -strength
        sign = 1 if edit in axes else -1
        axis = axes.index(edit if sign > 0 else opposite(edit))
        result[axis] += sign * strength * units[edit]
    return result


def opposite(edit: str) -> str:
    """The other end of an edit's axis: "frown" of "smile", "not NAME" of one's own."""
    if edit in OPPOSITES:
        return OPPOSITES[edit]
    return edit.removeprefix("not ") if edit.startswith("not ") else f"not {edit}"
