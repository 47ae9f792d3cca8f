"""A translator tried on photos: every edit at every strength, and others beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from tf_fsgd.evaluation.distribution import frechet_distance, kernel_distance
from tf_fsgd.evaluation.examples import Examples
from tf_fsgd.evaluation.goals import FULL, Goal, measure, slider, strengths_of
from tf_fsgd.evaluation.instruments import (
    Change,
    Instruments,
    Reading,
    outside_head,
)
from tf_fsgd.evaluation.intervals import (
    mean_with_interval,
    rounded,
    share_with_interval,
)
from tf_fsgd.evaluation.octaves import OCTAVES, missing, octave_ratios
from tf_fsgd.evaluation.steadiness import change_of_covers, unsteadiness
from tf_fsgd.images.io import resized
from tf_fsgd.translator.translator import Translator

HELD_OUT = "held-out pairs"
TRANSLATED = "held-out pairs, translated"
SHOWN = 6  # faces of each edit whose pictures are kept at every strength
_CURVE = 24  # faces at every other strength than 1, at most
_STILL = 16  # faces that are moved by a pixel, or covered
_REAL = 250  # faces of the target class that outputs are compared with
_BATCH = 16  # faces measured at once: what the progress bar counts by


@dataclass(frozen=True)
class Photos:
    """Faces to try edits on.

    Attributes:
        faces: `[N, R, R, 3]` uint8, FFHQ framing.
        attributes: `[N, 40]` bool, labels, or readings where there are none.
        real: Features of real faces can be taken from here: they are photos.
        note: Where they come from, for the report.
    """

    faces: np.ndarray
    attributes: np.ndarray
    real: bool
    note: str

    def sources(self, goal: Goal, count: int) -> np.ndarray:
        """Indices `[n]` of the first of those who lack what the edit brings."""
        return np.flatnonzero(~goal.has_target(self.attributes))[:count]

    def targets(self, goal: Goal) -> np.ndarray:
        """Indices `[m]` of the first of those who have it already."""
        return np.flatnonzero(goal.has_target(self.attributes))[:_REAL]


@dataclass
class Trial:
    """One edit on its source class.

    Attributes:
        goal: Of the edit.
        before: `[N, R, R, 3]` uint8.
        reading: Of `before`.
        features: `[N, D]` of `before`.
        have: `[M, R, R, 3]` uint8, those who have already what the edit brings.
        real: `[M, D]` features of these if they are photos, else `None`.
        changes: By strength; at `FULL` of all, else of the first faces.
        outputs: By strength, `[n, R, R, 3]` uint8: all at `FULL`, else some to show.
        kept: What strength `FULL` did to some of those who have already what it brings.
        others: At `FULL`, by the name of what else makes the edit.
        other_outputs: Pictures of those that edit photos, of the first faces.
        held_out: Pairs of the edit, and what the translator makes of their first ones,
            `[K, R, R, 3]` uint8; `None` where there are none.
        drawn: How much of these pairs' change the translator draws.
        steady: Whether the edit holds still, and spares what stands before a face.
    """

    goal: Goal
    before: np.ndarray
    reading: Reading
    features: np.ndarray
    have: np.ndarray
    real: np.ndarray | None
    changes: dict[float, Change] = field(default_factory=dict)
    outputs: dict[float, np.ndarray] = field(default_factory=dict)
    kept: dict = field(default_factory=dict)
    others: dict[str, Change] = field(default_factory=dict)
    other_outputs: dict[str, np.ndarray] = field(default_factory=dict)
    held_out: tuple[Examples, np.ndarray] | None = None
    drawn: dict = field(default_factory=dict)
    steady: dict = field(default_factory=dict)

    def report(self) -> dict:
        """All numbers of the edit, ready for JSON."""
        result: dict = {
            "attribute": self.goal.attribute,
            "present": self.goal.attribute and self.goal.sign > 0,
            "sources": self.goal.sources,
            "reached": self.goal.reached,
            "strengths": {
                f"{strength:g}": measure(self.goal, change, self.real)
                for strength, change in sorted(self.changes.items())
            },
            "slider": slider(self.goal, self.changes),
            "beside": {
                name: measure(self.goal, change, self.real)
                for name, change in self.others.items()
            },
        }
        full = result["strengths"][f"{FULL:g}"]
        full |= self.kept
        result["steady"] = self.steady
        if self.held_out is not None:
            strengths = self.held_out[0].strengths
            result["held_out_mean_strength"] = rounded(strengths.mean())
            result["drawn"] = self.drawn
            result["kernel_distance_in_held_out"] = _ratio(
                full, result["beside"][HELD_OUT]
            )
        if self.real is not None:
            result["unedited"] = {
                "kernel_distance": kernel_distance(self.features, self.real),
                "frechet_distance": frechet_distance(self.features, self.real),
            }
        return result


def _ratio(own: dict, teacher: dict) -> float | None:
    """KID in units of the held-out pairs'; `None` where either is not known."""
    distances = [row["kernel_distance"] for row in (own, teacher)]
    if None in distances:
        return None
    own, teacher = (distance["value"] for distance in distances)
    # An estimate that is not above 0 says that it is lost in the noise.
    if own is None or teacher is None or teacher <= 0:
        return None
    return rounded(own / teacher)


def _steady(trial: Trial, translator: Translator) -> dict:
    """What `steadiness` measures, on the first faces at strength `FULL`."""

    def edited(faces: np.ndarray) -> np.ndarray:
        return translator.translate(faces, {trial.goal.edit: FULL})

    faces = resized(trial.before[:_STILL], translator.resolution)
    return {
        "of_a_pixel": rounded(unsteadiness(edited, faces)),
        "of_covers": rounded(change_of_covers(edited, faces)),
    }


class Study:
    """Tries one translator, and whatever is put beside it.

    Args:
        photos: At the translator's resolution.
        instruments: Who measures.
        count: Photos of an edit's source class at strength 1, at most. The other
            strengths get half of them, or fewer: they draw the slider's curve and no
            headline. Of those who have what the edit brings half as many are tried.
    """

    def __init__(self, photos: Photos, instruments: Instruments, count: int):
        self._photos = photos
        self._instruments = instruments
        self._count = count

    def trials(self, translator: Translator, goals: list[Goal]) -> dict[str, Trial]:
        """Tries every edit at every strength that it has.

        Args:
            translator: Makes the edits.
            goals: Of the edits to try; those that no photo is there for are left out.
        """
        trials = {trial.goal.edit: trial for trial in self._photos_of(goals)}
        half = -(-self._count // 2)
        plan = [
            (trial, strength, self._count if strength == FULL else min(half, _CURVE))
            for trial in trials.values()
            for strength in strengths_of(translator, trial.goal.edit)
        ]
        total = sum(min(count, len(trial.before)) for trial, _, count in plan)
        with tqdm(total=total, desc=translator.name, unit=" faces") as bar:
            for trial, strength, count in plan:
                change, outputs = self._try(trial, translator, strength, count, bar)
                trial.changes[strength] = change
                kept = len(outputs) if strength == FULL else SHOWN
                trial.outputs[strength] = outputs[:kept]
        for trial in trials.values():
            trial.kept = self._kept(trial, translator, half)
            trial.steady = _steady(trial, translator)
        return trials

    def compare(self, translator: Translator, trials: dict[str, Trial]) -> None:
        """Adds what another translator makes of the same photos at strength 1."""
        shared = [trials[edit] for edit in translator.edits if edit in trials]
        total = sum(len(trial.before) for trial in shared)
        with tqdm(total=total, desc=translator.name, unit=" faces") as bar:
            for trial in shared:
                change, outputs = self._try(
                    trial, translator, FULL, len(trial.before), bar
                )
                trial.others[translator.name] = change
                trial.other_outputs[translator.name] = outputs[:SHOWN]

    def held_out(
        self, translator: Translator, trial: Trial, examples: Examples
    ) -> None:
        """Adds held-out pairs of those who lack what the edit brings.

        The translator edits their first pictures as far as the second ones are, so that
        it is compared with what it was to learn.
        """
        if not len(examples.before):
            return
        reading = self._instruments.read(examples.before)
        chosen = ~trial.goal.has_target(reading.probabilities >= 0.5)
        chosen = np.flatnonzero(chosen)[: self._count]
        if not len(chosen):
            return
        examples = examples.of(chosen)
        before, reading = examples.before, reading.of(chosen)
        edited = translator.translate(before, examples.conditions)
        edited = resized(edited, before.shape[1])
        for name, made in ((HELD_OUT, examples.after), (TRANSLATED, edited)):
            trial.others[name] = self._instruments.compare(before, made, reading)
        trial.held_out = examples, edited
        trial.drawn = self._drawn(trial, examples, edited)

    def _drawn(self, trial: Trial, examples: Examples, edited: np.ndarray) -> dict:
        """How much of a change is there: by octave, by L1, by LPIPS."""
        before, wanted = examples.before, examples.after
        head = 1.0 - outside_head(before.shape[1])
        ratios = octave_ratios(before, edited, wanted, head)
        whole = trial.others[HELD_OUT].lpips.mean()
        left = self._instruments.lpips.distance(edited, wanted).mean()
        return {
            "octaves": {
                f"{octave} px": rounded(ratio)
                for octave, ratio in zip(OCTAVES, ratios, strict=True)
            },
            "missing_l1": rounded(missing(before, edited, wanted)),
            "left_lpips": rounded(left / whole if whole > 0 else np.nan),
        }

    def _photos_of(self, goals: list[Goal]) -> Iterator[Trial]:
        """A trial for each edit that there are photos for, with nothing tried yet."""
        photos = self._photos
        sources = [photos.sources(goal, self._count) for goal in goals]
        targets = [photos.targets(goal) for goal in goals]
        # A photo is a source of one edit and a target of another: it is read once.
        compared = targets if photos.real else []
        wanted = np.unique(np.concatenate([*sources, *compared]))
        features = {}
        for start in tqdm(range(0, len(wanted), _BATCH), "photos", unit=" batches"):
            rows = wanted[start : start + _BATCH]
            read = self._instruments.space.features(photos.faces[rows])
            features |= dict(zip(rows.tolist(), read, strict=True))
        for goal, source, target in zip(goals, sources, targets, strict=True):
            if len(source):
                before = photos.faces[source]
                yield Trial(
                    goal,
                    before,
                    self._instruments.read(before),
                    np.stack([features[index] for index in source.tolist()]),
                    photos.faces[target],
                    np.stack([features[index] for index in target.tolist()])
                    if photos.real and len(target)
                    else None,
                )

    def _kept(self, trial: Trial, translator: Translator, count: int) -> dict:
        """How many of those who have what the edit brings are turned back by it."""
        faces, goal = trial.have[:count], trial.goal
        if not len(faces):
            return {}
        edited = translator.translate(faces, {goal.edit: FULL})
        before, after = (
            goal.effect(self._instruments.read(images)) for images in (faces, edited)
        )
        shares = goal.unit == "probability"
        return {
            "turned_back": share_with_interval(after < 0.5) if shares else None,
            "turned_back_before": share_with_interval(before < 0.5) if shares else None,
            "moved_of_those_who_have_it": mean_with_interval(after - before),
        }

    def _try(
        self,
        trial: Trial,
        translator: Translator,
        strength: float,
        count: int,
        bar: tqdm,
    ) -> tuple[Change, np.ndarray]:
        size = trial.before.shape[1]
        changes, outputs = [], []
        for start in range(0, min(count, len(trial.before)), _BATCH):
            rows = np.arange(start, min(start + _BATCH, count, len(trial.before)))
            faces = trial.before[rows]
            edited = translator.translate(faces, {trial.goal.edit: strength})
            # Another run may be of another size: its pictures are read at this one's.
            edited = resized(edited, size)
            changes.append(
                self._instruments.compare(faces, edited, trial.reading.of(rows))
            )
            outputs.append(edited)
            bar.update(len(rows))
        return Change.joined(changes), np.concatenate(outputs)
