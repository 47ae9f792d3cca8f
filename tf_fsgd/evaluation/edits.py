"""What an edit is for, whom it is tried on, and how well it does it.

Each edit moves one of CelebA's attributes. It is tried on those who lack what it brings
(the *source* class; for "feminine": men), and its *effect* is read by whichever network
is the most independent: gender and age by the judge, anything else by the attribute
classifier.
"""

from dataclasses import dataclass

import numpy as np

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.edits import EDITS
from tf_fsgd.evaluation.distribution import frechet_distance, kernel_distance
from tf_fsgd.evaluation.intervals import mean_with_interval, share_with_interval
from tf_fsgd.evaluation.readings import Change, Reading

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
FULL = 1.0
"""The strength that an edit's unit stands for: the one of headlines and rankings."""


@dataclass(frozen=True)
class Goal:
    """What an edit is for.

    Attributes:
        edit: A key of `tf_fsgd.edits.EDITS`.
        attribute: CelebA's name of what it changes.
        sign: +1: the attribute becomes present, -1: absent.
    """

    edit: str
    attribute: str
    sign: int

    @property
    def instrument(self) -> str:
        """Who reads the effect: "judge" or "classifier"."""
        return "judge" if self.attribute in ("Male", "Young") else "classifier"

    @property
    def unit(self) -> str:
        """Of the effect: "years" or "probability"."""
        return "years" if self.attribute == "Young" else "probability"

    @property
    def tolerance(self) -> float:
        """How far an effect may fall back and still count as monotone."""
        return 2.0 if self.unit == "years" else 0.05

    @property
    def sources(self) -> str:
        """In words, on whom the edit is tried."""
        without = f"those {'without' if self.sign > 0 else 'with'} {self.attribute}"
        return EDITS[self.edit].sources or without

    @property
    def reached(self) -> str:
        """In words, what a face is read as where the edit has worked."""
        if self.unit == "years":
            return "years " + ("older" if self.sign < 0 else "younger")
        read_as = f"read {'with' if self.sign > 0 else 'without'} {self.attribute}"
        return EDITS[self.edit].reached or read_as

    def has_target(self, attributes: np.ndarray) -> np.ndarray:
        """Who has already what the edit brings.

        Args:
            attributes: `[N, 40]` bool.

        Returns:
            `[N]` bool.
        """
        return attributes[:, ATTRIBUTES.index(self.attribute)] == (self.sign > 0)

    def effect(self, reading: Reading) -> np.ndarray:
        """`[N]`: probability of the target class, or years in the edit's direction."""
        if self.attribute == "Young":
            return -self.sign * reading.age
        if self.attribute == "Male":
            present = reading.probability_male
        else:
            present = reading.probabilities[:, ATTRIBUTES.index(self.attribute)]
        return present if self.sign > 0 else 1 - present


def goal_of(edit: str) -> Goal:
    """The goal of a shipped edit, a key of `tf_fsgd.edits.EDITS`."""
    return Goal(edit, EDITS[edit].attribute, EDITS[edit].sign)


def measure(goal: Goal, change: Change, real: np.ndarray | None) -> dict:
    """One row of the report: one edit at one strength.

    Args:
        goal: Of the edit.
        change: What it did to its source class.
        real: `[M, D]` features of real faces of the target class; `None`: not at hand.

    Returns:
        `Change.summary` and: "effect" (by whom and in what unit; mean before, after and
        moved in the edit's direction), "reached" (share of the outputs in
        the target class; `None` for ages), "reached_before" (the same of the inputs),
        "kernel_distance" and "frechet_distance" to `real`.
    """
    before, after = goal.effect(change.before), goal.effect(change.after)
    shares = goal.unit == "probability"
    shown = (before, after) if shares else (change.before.age, change.after.age)
    result: dict = {
        "effect": {
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
    return {
        "strengths": strengths,
        "unit": goal.unit,
        "mean_moved": [mean_with_interval(row - untouched) for row in effects],
        "monotone": share_with_interval(monotone(effects, goal.tolerance)),
        "tolerance": goal.tolerance,
        "pixel_change_at_0": (
            mean_with_interval(changes[0.0].pixels) if 0.0 in changes else None
        ),
    }


def ranking(goal: Goal, change: Change) -> np.ndarray:
    """Faces from best to worst: the sum of two ranks, effect moved and likeness kept.

    Likeness is the identity cosine; LPIPS stands in where it was not measured, and the
    change of pixels where neither was.

    Returns:
        `[N]` int, indices.
    """
    moved = goal.effect(change.after) - goal.effect(change.before)
    kept = -change.pixels
    for values in (change.cosine, -change.lpips):
        if not np.isnan(values).all():
            # A face that identity could not be read in ranks last.
            kept = np.nan_to_num(values, nan=-np.inf)
            break
    ranks = _ranks(moved) + _ranks(np.asarray(kept))
    return np.argsort(-ranks, kind="stable")


def _ranks(values: np.ndarray) -> np.ndarray:
    """0 for the smallest."""
    ranks = np.empty(len(values), int)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks
