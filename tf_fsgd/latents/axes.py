"""The axes of a translator's families: directions with two ends and a largest range.

"feminine" and "masculine" are one axis; which of the two names it says which end is
positive.
"""

import dataclasses
from collections.abc import Sequence

from tf_fsgd.edits import EDITS, axis_of, family_range, name_of
from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction, load_direction


def family_axes(edits: Sequence[str]) -> list[tuple[Direction, float]]:
    """The axes of a translator's families, as `family_axis` gives each.

    Raises:
        UserError: As `load_direction`, or if two edits are the ends of one axis.
    """
    axes = [family_axis(edit) for edit in edits]
    seen = {}
    for edit in edits:
        other = seen.setdefault(axis_of(name_of(edit)), edit)
        if other != edit:
            raise UserError(
                f"edit must name one end of an axis, received {other} and {edit}"
            )
    return axes


def family_axis(edit: str) -> tuple[Direction, float]:
    """An axis of a translator's families.

    Args:
        edit: As `load_direction` takes it.

    Returns:
        The direction, of the rows that families move, and its largest strength.

    Raises:
        UserError: As `load_direction`.
    """
    direction = load_direction(edit)
    axis = axis_of(edit)
    known = EDITS.get(axis)
    if known and known.rows:
        first, last = known.rows
        direction = dataclasses.replace(direction, layers=list(range(first, last + 1)))
    return direction, family_range(edit)
