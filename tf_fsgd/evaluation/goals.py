"""What an edit is for, whom it is tried on, and how well it does it.

Each edit moves one of CelebA's attributes. It is tried on those who lack what it brings
(the *source* class; for "feminine": men), and its *effect* is read by whichever network
is the most independent: gender and age by the judge, anything else by the attribute
classifier. What pairs of the user's own show, nobody knows: such an edit is tried on
everybody, and nothing is said of its effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.edits import EDITS, Edit, one_ended, opposite
from tf_fsgd.evaluation.distribution import frechet_distance, kernel_distance
from tf_fsgd.evaluation.instruments import Change, Reading
from tf_fsgd.evaluation.intervals import mean_with_interval, share_with_interval
from tf_fsgd.latents.directions import Direction
from tf_fsgd.translator.translator import Translator

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
FULL = 1.0
"""The strength that an edit's unit stands for: the one of headlines and rankings."""


@dataclass(frozen=True)
class Goal:
    """What an edit is for.

    Attributes:
        edit: Its name.
        attribute: CelebA's name of what it changes; `None`: nobody knows.
        sign: +1: the attribute becomes present, -1: absent.
    """

    edit: str
    attribute: str | None = None
    sign: int = +1

    @property
    def instrument(self) -> str:
        """Who reads the effect: "judge" or "classifier"."""
        return "judge" if self.attribute in ("Male", "Young") else "classifier"

    @property
    def unit(self) -> str | None:
        """Of the effect: "years" or "probability"; `None`: nobody can read it."""
        if self.attribute is None:
            return None
        return "years" if self.attribute == "Young" else "probability"

    @property
    def tolerance(self) -> float:
        """How far an effect may fall back and still count as monotone."""
        return 2.0 if self.unit == "years" else 0.05

    @property
    def sources(self) -> str:
        """In words, on whom the edit is tried."""
        if self.attribute is None:
            return "everybody"
        without = f"those {'without' if self.sign > 0 else 'with'} {self.attribute}"
        return self._known and self._known.sources or without

    @property
    def reached(self) -> str:
        """In words, what a face is read as where the edit has worked."""
        if self.attribute is None:
            return ""
        if self.unit == "years":
            return "years " + ("older" if self.sign < 0 else "younger")
        read_as = f"read {'with' if self.sign > 0 else 'without'} {self.attribute}"
        return self._known and self._known.reached or read_as

    @property
    def _known(self) -> Edit | None:
        known = EDITS.get(self.edit)
        # A direction of the user's own may have the name of a known edit.
        same = known and (known.attribute, known.sign) == (self.attribute, self.sign)
        return known if same else None

    def has_target(self, attributes: np.ndarray) -> np.ndarray:
        """Who has already what the edit brings.

        Args:
            attributes: `[N, 40]` bool.

        Returns:
            `[N]` bool.
        """
        if self.attribute is None:
            return np.zeros(len(attributes), bool)
        return attributes[:, ATTRIBUTES.index(self.attribute)] == (self.sign > 0)

    def effect(self, reading: Reading) -> np.ndarray:
        """`[N]`: probability of the target class, or years in the edit's direction.

        All nan where nobody knows what to read.
        """
        if self.attribute is None:
            return np.full(len(reading.age), np.nan)
        if self.attribute == "Young":
            return -self.sign * reading.age
        if self.attribute == "Male":
            present = reading.probability_male
        else:
            present = reading.probabilities[:, ATTRIBUTES.index(self.attribute)]
        return present if self.sign > 0 else 1 - present


def goals_of(
    translator: Translator, directions: Sequence[Direction] | None = None
) -> list[Goal]:
    """What each of a translator's edits is for.

    Args:
        translator: Names them.
        directions: Of its first axes, in order; edits of further axes are for what
            nobody knows. `None`: the table of edits says, by their names.
    """
    facts: dict[str, tuple[str | None, int]] = {}
    if directions is None:
        facts |= {edit: (known.attribute, known.sign) for edit, known in EDITS.items()}
    else:
        for axis, direction in zip(translator.axes, directions, strict=False):
            # One of the user's own may bring what CelebA has no name for.
            attribute = direction.attribute
            attribute = attribute if attribute in ATTRIBUTES else None
            facts[axis] = attribute, direction.sign
            facts[opposite(axis)] = attribute, -direction.sign
    return [Goal(edit, *facts.get(edit, ())) for edit in translator.edits]


def strengths_of(translator: Translator, edit: str) -> tuple[float, ...]:
    """Those of `STRENGTHS` that the edit has."""
    most = FULL if one_ended(edit, translator.units) else STRENGTHS[-1]
    return tuple(strength for strength in STRENGTHS if strength <= most)


def measure(goal: Goal, change: Change, real: np.ndarray | None) -> dict:
    """One row of the report: one edit at one strength.

    Args:
        goal: Of the edit.
        change: What it did to its source class.
        real: `[M, D]` features of real faces of the target class; `None`: not at hand.

    Returns:
        `Change.summary` and: "effect" (by whom and in what unit; mean before, after and
        moved in the edit's direction; `None` where nobody knows it), "reached" (share
        of the outputs in the target class; `None` for ages), "reached_before" (the same
        of the inputs), "kernel_distance" and "frechet_distance" to `real`.
    """
    before, after = goal.effect(change.before), goal.effect(change.after)
    shares = goal.unit == "probability"
    shown = (before, after) if shares else (change.before.age, change.after.age)
    result: dict = {
        "effect": goal.unit
        and {
            "instrument": goal.instrument,
            "unit": goal.unit,
            "before": mean_with_interval(shown[0]),
            "after": mean_with_interval(shown[1]),
            "moved": mean_with_interval(after - before),
        },
        "reached": share_with_interval(after >= 0.5) if shares else None,
        "reached_before": share_with_interval(before >= 0.5) if shares else None,
        "kernel_distance": None,
        "frechet_distance": None,
    }
    if real is not None:
        result["kernel_distance"] = kernel_distance(change.features, real)
        result["frechet_distance"] = frechet_distance(change.features, real)
    return result | change.summary()


def monotone(effects: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether more strength never means less effect.

    Args:
        effects: `[S, N]`, of N faces at S rising strengths.
        tolerance: How far below its highest so far an effect may fall.

    Returns:
        `[N]` bool.
    """
    highest = np.maximum.accumulate(effects, axis=0)
    return np.all(effects >= highest - tolerance, axis=0)


def slider(goal: Goal, changes: dict[float, Change]) -> dict:
    """How an edit answers to its strength.

    Args:
        goal: Of the edit.
        changes: By strength, of the same faces in the same order; of more faces where
            some strength was tried on more, the first of which are the others'.

    Returns:
        "strengths", "mean_moved" (for each a mean with interval: how far the effect is
        from that of the photo), "monotone" (a share with interval, over faces),
        "tolerance", "unit", and "pixel_change_at_0" (mean with interval, of 255; `None`
        without strength 0).
    """
    strengths = sorted(changes)
    count = min(len(changes[strength].pixels) for strength in strengths)
    effects = np.stack([goal.effect(changes[s].after)[:count] for s in strengths])
    untouched = goal.effect(changes[strengths[0]].before)[:count]
    flags = monotone(effects, goal.tolerance) if goal.unit else np.zeros(0, bool)
    return {
        "strengths": strengths,
        "unit": goal.unit,
        "mean_moved": [mean_with_interval(row - untouched) for row in effects],
        "monotone": share_with_interval(flags),
        "tolerance": goal.tolerance,
        "pixel_change_at_0": (
            mean_with_interval(changes[0.0].pixels) if 0.0 in changes else None
        ),
    }


def ranking(goal: Goal, change: Change) -> np.ndarray:
    """Faces from best to worst: the sum of two ranks, effect moved and likeness kept.

    Likeness is the identity cosine; LPIPS stands in where it was not measured. It is
    alone where nobody knows the effect.

    Returns:
        `[N]` int, indices.
    """
    moved = goal.effect(change.after) - goal.effect(change.before)
    kept = -change.lpips
    if not np.isnan(change.cosine).all():
        # A face that identity could not be read in ranks last.
        kept = np.nan_to_num(change.cosine, nan=-np.inf)
    ranks = sum(
        np.argsort(np.argsort(values, kind="stable"))
        for values in ((kept, moved) if goal.unit else (kept,))
    )
    return np.argsort(-ranks, kind="stable")
