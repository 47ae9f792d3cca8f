"""Which two renders of a candidate become a pair (paper, section 3).

A candidate is one latent w; a render is its face at a degree d of the edit, g(w + d Δ).
A render is certain when the classifier gives its class at least the confidence asked.

* Two renders: A is the plain face (d = 0), certain in the source class; B is the edited
  one (d = 1), certain in the target class.
* Five renders (d = -1, -1/2, 0, 1/2, 1, as in the paper): a set is kept when its two
  ends are certain and in opposite classes. A is the plain face when it is certain in
  the source class, else the nearest render before it that is. B is the first render at
  least one Δ further than A that is certain in the target class. So a plain A always
  meets the full edit, and the change that the translator has to learn is Δ wherever it
  can be.

Each rule is a generator that asks for one render at a time, most telling first: what
cannot change the choice any more is never rendered, and the choice is the same as if
all renders were made.
"""

import dataclasses
import enum
from collections.abc import Generator

import numpy as np


@dataclasses.dataclass(frozen=True)
class Render:
    """One face of a candidate.

    Attributes:
        degree: Multiple of the edit that was applied.
        image: uint8 [R, R, 3].
        score: Probability, by the classifier, that the face is in the target class.
    """

    degree: float
    image: np.ndarray
    score: float


class Drop(enum.Enum):
    """Why a candidate makes no pair."""

    A_UNCERTAIN = "a_uncertain"
    B_UNCERTAIN = "b_uncertain"


Choice = tuple[Render, Render] | Drop
Selection = Generator[float, Render, Choice]


def two_renders(confidence: float) -> Selection:
    """Yields the degrees to render, is sent the renders, returns (A, B) or why not."""
    plain = yield 0.0
    if not _in_source(plain, confidence):
        return Drop.A_UNCERTAIN
    edited = yield 1.0
    if not _in_target(edited, confidence):
        return Drop.B_UNCERTAIN
    return plain, edited


def five_renders(confidence: float) -> Selection:
    """Yields the degrees to render, is sent the renders, returns (A, B) or why not."""
    weakest = yield -1.0
    if not _in_source(weakest, confidence):
        return Drop.A_UNCERTAIN
    strongest = yield 1.0
    if not _in_target(strongest, confidence):
        return Drop.B_UNCERTAIN
    plain = yield 0.0
    if _in_source(plain, confidence):
        return plain, strongest
    lower = yield -0.5
    a = lower if _in_source(lower, confidence) else weakest
    if a is weakest and _in_target(plain, confidence):
        return weakest, plain
    upper = yield 0.5
    return a, upper if _in_target(upper, confidence) else strongest


SELECTIONS = {2: two_renders, 5: five_renders}


def _in_source(render: Render, confidence: float) -> bool:
    return 1.0 - render.score >= confidence


def _in_target(render: Render, confidence: float) -> bool:
    return render.score >= confidence
