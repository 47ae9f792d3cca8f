"""How well the classifier reads CelebA, and the card that says so."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from tf_fsgd.attributes.celeba import aligned_faces
from tf_fsgd.attributes.model import AttributeClassifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.storage.files import write_json, write_text

BARS = {"Male": 0.95, "Smiling": 0.90, "Eyeglasses": 0.97}

# Plain accuracy, mean of the 40 attributes, on the whole test split (19,962 photos).
PUBLISHED = (
    ("LNets+ANet (Liu et al. 2015, arXiv 1411.7766)", 0.873),
    ("MOON, VGG-16 (Rudd et al. 2016, arXiv 1603.07027)", 0.9094),
    ("ResNet-101 (github.com/Hawaii0821/FaceAttr-Analysis)", 0.9153),
)


def evaluate_classifier(
    classifier: AttributeClassifier,
    data_dir: str | os.PathLike | None = None,
    split: str = "test",
) -> dict[str, Any]:
    """Reads a split of CelebA and compares with its labels.

    Args:
        classifier: What to measure.
        data_dir: As for `tf_fsgd.attributes.celeba.find_celeba`.
        split: "train", "validation" or "test".

    Returns:
        `split`, `faces` (count), `attributes` (name to the numbers of `agreement`) and
        `mean` (of each number over the attributes).

    Raises:
        UserError: If CelebA is not there.
    """
    faces, labels = aligned_faces(split, data_dir, classifier.size)
    probabilities = classifier.probabilities(faces)
    rows = {
        name: agreement(probabilities[:, i], labels[:, i], classifier.train_share[i])
        for i, name in enumerate(ATTRIBUTES)
    }
    keys = next(iter(rows.values()))
    known = {
        key: [value for row in rows.values() if (value := row[key]) is not None]
        for key in keys
    }
    return {
        "split": split,
        "faces": len(faces),
        "attributes": rows,
        "mean": {k: float(np.mean(v)) if v else None for k, v in known.items()},
    }


def agreement(
    probabilities: np.ndarray, labels: np.ndarray, train_share: float
) -> dict[str, float | None]:
    """Numbers for one attribute.

    Args:
        probabilities: `[N]` in [0, 1].
        labels: `[N]` bool.
        train_share: Share of the attribute in the train split.

    Returns:
        `share` (of the attribute among the labels), `accuracy` (plain, threshold 0.5),
        `balanced` (mean of the accuracies among those with and those without,
        threshold 0.5) and `balanced_at_share` (the same with the threshold at
        `train_share`: a rare attribute rarely reaches 0.5). The balanced ones are
        `None` where one of the classes has no face.
    """

    def balanced(threshold: float) -> float | None:
        if labels.all() or not labels.any():
            return None
        right = (probabilities > threshold) == labels
        return float((right[labels].mean() + right[~labels].mean()) / 2)

    return {
        "share": float(labels.mean()),
        "accuracy": float(((probabilities > 0.5) == labels).mean()),
        "balanced": balanced(0.5),
        "balanced_at_share": balanced(train_share),
    }


def write_card(path: str | os.PathLike, report: dict[str, Any], made: dict) -> None:
    """Writes the card of a set of weights as Markdown, and as JSON beside it.

    Args:
        path: The Markdown file; the JSON file has the suffix `.json`.
        report: As `evaluate_classifier` returns it.
        made: Facts of the training, name to value.
    """
    path = Path(path)
    write_text(path, card(report, made))
    write_json(path.with_suffix(".json"), {"made": made, "report": report})


def card(report: dict[str, Any], made: dict) -> str:
    """The card as Markdown; arguments as for `write_card`."""
    rows, mean = report["attributes"], report["mean"]
    bars = [
        f"| {name} | {_percent(bar)} | {_percent(rows[name]['accuracy'])} |"
        for name, bar in BARS.items()
    ]
    published = [f"| {name} | {_percent(value)} |" for name, value in PUBLISHED]
    table = [_row(*item) for item in [*rows.items(), ("**mean**", mean)]]
    return "\n".join(
        [
            "# Face attributes, CelebA's 40",
            "",
            "Reads a 128 px face in FFHQ framing; "
            "`tf_fsgd.attributes.model.load_classifier` loads it.",
            "",
            *(f"* {name}: {value}" for name, value in made.items()),
            "* Licence: CelebA is for non-commercial research; so are these weights.",
            "",
            f"## Plain accuracy, {report['split']} split, {report['faces']} faces",
            "",
            "| attribute | bar | this network |",
            "| --- | --- | --- |",
            *bars,
            "",
            "| mean of 40 attributes | |",
            "| --- | --- |",
            f"| this network | {_percent(mean['accuracy'])} |",
            *published,
            "",
            "The published networks read all 19,962 photos of the test split and "
            "learnt from all 162,770 of the train split: a rough comparison wherever "
            "the counts on this card are smaller.",
            "",
            "## Every attribute",
            "",
            "Balanced accuracy is the mean over faces with and faces without the "
            "attribute: threshold at 0.5, then at its share of the train split.",
            "",
            "| attribute | share | accuracy | balanced | balanced at share |",
            "| --- | --- | --- | --- | --- |",
            *table,
            "",
        ]
    )


def _row(name: str, numbers: dict[str, float | None]) -> str:
    return f"| {name} | {' | '.join(map(_percent, numbers.values()))} |"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"
