"""The one table of edits, and what their strengths mean.

Outside, in Python, on the command line and on the page, strength 1 is a clear edit.
Inside, an edit moves a face along an axis of W by standard deviations of w; so do the
files that are exported. A unit translates: the standard deviations that strength 1
stands for. The teacher's are here, a translator's own in its JSON.

Needs no framework, so that a client of a server can use it as well.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tf_fsgd.errors import UserError

_STRONGEST = 3.0  # at least twice what training has shown
_LARGEST = 1.5  # strength that stands for the largest of training
_DEFAULT = 2.0  # standard deviations: unit and range of a direction of the user's own


@dataclass(frozen=True)
class Edit:
    """What an edit changes, and by how much.

    Attributes:
        attribute: CelebA's name of what changes.
        sign: +1: the attribute becomes present, -1: absent.
        unit: Strength 1 where the teacher draws, in standard deviations of w. Of edits
            that the classifier sees: where most candidates become certain pairs; more
            is harder to learn and less the same person. Of the others: as far as the
            person stays.
        sources: In words, those who lack what the edit brings; "": by the attribute.
        reached: In words, what a face is then read as; "": by the attribute.
        reverses: The edit that this one is backwards, which has the file, the rows and
            the range of both; "": it has its own.
        certain: Whether the classifier is ever certain of the attribute, so that it can
            choose pairs.
        head_only_unit: `unit` of pairs that spare the coarsest rows of W+, where
            identity leaves room for more; `None`: the same.
        rows: First and last row of W+ that families move, and pairs that spare the
            coarsest: without these pose, outline and background stay where they are.
            `None`: all rows of the direction.
        range: Largest strength in families, in standard deviations: enough for nearly
            every face to change class, short of what no longer looks like a photo.
    """

    attribute: str
    sign: int
    unit: float
    sources: str = ""
    reached: str = ""
    reverses: str = ""
    certain: bool = True
    head_only_unit: float | None = None
    rows: tuple[int, int] | None = None
    range: float = _DEFAULT


# Rows were measured on 40 generated men at 2.4 standard deviations: rows 0 to 7 leave
# 12 % read as men, at a dlib distance of 0.67 to the unedited face; rows 3 to 9 leave
# 18 % at 0.59, and the picture's border moves half as much.
EDITS = {
    "feminine": Edit(
        "Male",
        -1,
        1.6,
        "men",
        "read as women",
        head_only_unit=3.0,
        rows=(3, 9),
        range=3.6,
    ),
    "masculine": Edit(
        "Male", +1, 1.6, "women", "read as men", head_only_unit=3.0, reverses="feminine"
    ),
    "older": Edit("Young", -1, 3.0, "the young", rows=(3, 9), range=3.6),
    "younger": Edit("Young", +1, 2.5, "those not young", reverses="older"),
    "smile": Edit(
        "Smiling",
        +1,
        2.0,
        "those not smiling",
        "read as smiling",
        rows=(2, 7),
        range=2.6,
    ),
    "frown": Edit(
        "Smiling", -1, 2.0, "those smiling", "read as not smiling", reverses="smile"
    ),
    "mouth": Edit("Mouth_Slightly_Open", +1, 4.0),
    "brows": Edit("Arched_Eyebrows", +1, 4.0, certain=False),
    "bushy": Edit("Bushy_Eyebrows", +1, 3.0),
    "eyes": Edit("Narrow_Eyes", -1, 2.0, certain=False),
    "squint": Edit("Narrow_Eyes", +1, 2.0, reverses="eyes", certain=False),
    "nose": Edit("Big_Nose", +1, 2.0, certain=False),
    "pointy": Edit("Pointy_Nose", +1, 2.0, certain=False),
}
"""By name; a direction's file is an edit as well, with the defaults."""

_BACKWARDS = {edit.reverses: name for name, edit in EDITS.items() if edit.reverses}


def name_of(edit: str) -> str:
    """What an edit is called: itself, or the stem of a direction's file."""
    return Path(edit).stem if edit.endswith(".npz") else edit


def axis_of(edit: str) -> str:
    """The edit whose file, rows and range this one has: "smile" of "frown"."""
    return (edit in EDITS and EDITS[edit].reverses) or edit


def opposite(edit: str) -> str:
    """The other end of an edit's axis: "frown" of "smile", "not NAME" of one's own."""
    if edit in _BACKWARDS:
        return _BACKWARDS[edit]
    if axis_of(edit) != edit:
        return axis_of(edit)
    return edit.removeprefix("not ") if edit.startswith("not ") else f"not {edit}"


def family_range(edit: str, own: float = 0.0) -> float:
    """Largest strength in families, in standard deviations, of both ends of an axis.

    Args:
        edit: A name of `EDITS`, or a direction's file.
        own: That of such a file; 0: the default.
    """
    axis = axis_of(edit)
    return EDITS[axis].range if axis in EDITS else own or _DEFAULT


def default_units(edits: Sequence[str], own: float = 0.0) -> dict[str, float]:
    """Units in which 1.5 is the largest strength of families, of both ends of axes.

    Args:
        edits: Names of `EDITS`, or directions' files.
        own: Largest strength of such a file's families; 0: the default.
    """
    return {
        end: family_range(edit, own) / _LARGEST
        for edit in edits
        for end in (name_of(edit), opposite(name_of(edit)))
    }


def teacher_unit(edit: str, head_only: bool = False) -> float:
    """The standard deviations that strength 1 stands for where the teacher draws.

    Args:
        edit: A name of `EDITS`, or a direction's file.
        head_only: Whether the edit spares the coarsest rows of W+.
    """
    facts = EDITS.get(edit)
    if facts is None:
        return _DEFAULT
    return (head_only and facts.head_only_unit) or facts.unit


def teacher_strength(edit: str, strength: float) -> float:
    """Standard deviations along an edit; a negative strength is the opposite edit's."""
    end = opposite(edit) if strength < 0 else edit
    return strength * teacher_unit(end if end in EDITS else edit)


def pair_strength(edit: str, head_only: bool = False) -> float:
    """The strength of training pairs where the user names none: `teacher_unit`.

    Raises:
        UserError: If the classifier is hardly ever certain of what the edit does, so
            that no strength gives pairs at the usual confidence.
    """
    if edit in EDITS and not EDITS[edit].certain:
        known = ", ".join(name for name, facts in EDITS.items() if facts.certain)
        raise UserError(
            f"edit {edit}: the classifier is hardly ever certain of "
            f"{EDITS[edit].attribute} and cannot choose pairs; learn one of {known}, "
            "or set pairs.strength and a lower pairs.confidence"
        )
    return teacher_unit(edit, head_only)


def parse_edits(
    text: str,
    strength: float | None = None,
    *,
    argument: str = "edit",
    largest: float = _STRONGEST,
) -> dict[str, float]:
    """Edits and strengths from "smile=0.8,younger".

    Args:
        text: Names, each with or without a number.
        strength: Of those without; 1 if `None`.
        argument: What messages call the text.
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
                f"{argument} must look like smile=0.8,younger, received {text!r}"
            ) from None
        if not abs(value) <= largest:
            raise UserError(
                f"strength of {name} must be {-largest:g} to {largest:g}, "
                f"received {value:g}"
            )
        if not name or name in edits:
            raise UserError(f"{argument} must name different edits, received {text!r}")
        edits[name] = value
    return edits


def asked_for(
    text: str | None, strength: float | None, edits: Sequence[str]
) -> dict[str, float]:
    """What a user asks of a translator by words and a strength.

    Args:
        text: As `parse_edits` takes it; `None`: the only edit that there is.
        strength: Of edits without a number; 1 if `None`.
        edits: That the translator has.

    Returns:
        Strength by edit.

    Raises:
        UserError: As `parse_edits`, or if none is named where there are several.
    """
    if text is not None:
        return parse_edits(text, strength)
    if len(edits) > 1:
        known = ", ".join(edits)
        raise UserError(f"edit must be one or more of {known}, received none")
    return {edits[0]: 1.0 if strength is None else strength}


def one_ended(edit: str, units: Mapping[str, float]) -> bool:
    """Whether a translator knows no opposite of an edit.

    Then it has learnt one fixed edit and mixes it with the photo: its strengths are 0
    to 1, and anything else would be extrapolation.

    Args:
        edit: One of `units`.
        units: The translator's, by edit.
    """
    return opposite(edit) not in units


def strengths_of(
    edits: Mapping[str, float], axes: Sequence[str], units: Mapping[str, float]
) -> np.ndarray:
    """What a translator takes beside the image.

    Args:
        edits: Strength by edit, for example `{"smile": 0.8, "younger": 0.3}`; a
            negative one is the opposite edit's.
        axes: Names of the E columns.
        units: Standard deviations of w that strength 1 of each edit stands for: both
            ends of every axis, or the one end that a translator has learnt.

    Returns:
        `[E]` float32, in standard deviations of w.

    Raises:
        UserError: If an edit is unknown, or a strength is not finite or not one that
            the translator has (`one_ended`).
    """
    result = np.zeros(len(axes), np.float32)
    for edit, strength in edits.items():
        if edit not in units:
            raise UserError(
                f"edit must be one of {', '.join(units)}, received {edit!r}"
            )
        if not math.isfinite(strength):
            raise UserError(f"strength of {edit} must be finite, received {strength}")
        if one_ended(edit, units) and not 0 <= strength <= 1:
            raise UserError(
                f"strength of {edit} must be 0 to 1, for the translator has learnt "
                f"this edit at one strength, received {strength:g}"
            )
        if strength < 0:
            edit, strength = opposite(edit), -strength
        sign = 1 if edit in axes else -1
        axis = axes.index(edit if sign > 0 else opposite(edit))
        result[axis] += sign * strength * units[edit]
    return result
