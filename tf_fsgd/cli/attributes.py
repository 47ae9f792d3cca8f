"""`tf-fsgd attributes`: train, evaluate, score."""

import json
import os
import platform
import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from tf_fsgd.cli.options import AlignedPhotos, DataDir, Int

attributes = App(name="attributes", help="Trains, tests or uses the face classifier.")
Weights = Annotated[str | None, Parameter(help="An npz file (the shipped one)")]


@attributes.command
def train(
    *,
    data_dir: DataDir = None,
    out: Path = Path("attributes"),
    epochs: Int = 12,
    batch_size: Int = 64,
    learning_rate: float = 2e-3,
    seed: Int = 0,
    note: str | None = None,
) -> None:
    """Trains on CelebA, or goes on with it.

    Args:
        note: A line about the data, for the card.
    """
    from tf_fsgd.attributes.evaluate import evaluate_classifier, write_card
    from tf_fsgd.attributes.model import load_classifier
    from tf_fsgd.attributes.train import train_classifier
    from tf_fsgd.storage.lease import lease

    with lease(out):
        weights = train_classifier(
            out,
            data_dir,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
        )
        report = evaluate_classifier(load_classifier(weights), data_dir)
        card = weights.with_suffix(".md")
        write_card(card, report, _facts(out) | ({"Note": note} if note else {}))
    print(_summary(report))
    print(f"weights: {weights}\ncard: {card}")


@attributes.command
def evaluate(
    *,
    data_dir: DataDir = None,
    weights: Weights = None,
    split: Literal["train", "validation", "test"] = "test",
) -> None:
    """Measures on a split of CelebA."""
    from tf_fsgd.attributes.evaluate import card, evaluate_classifier
    from tf_fsgd.attributes.model import load_classifier

    report = evaluate_classifier(load_classifier(weights), data_dir, split)
    print(card(report, {"Weights": weights or "as shipped"}))
    print(_summary(report))


@attributes.command
def score(photos: AlignedPhotos, /, *, weights: Weights = None) -> None:
    """Reads the attributes of photos."""
    from tf_fsgd.attributes.model import load_classifier
    from tf_fsgd.attributes.names import ATTRIBUTES
    from tf_fsgd.images.finding import find_images
    from tf_fsgd.images.io import read_image, resize, to_float

    classifier = load_classifier(weights)
    for path in find_images(photos):
        face = to_float(resize(read_image(path), classifier.size))
        scores = classifier.probabilities(face[None])[0]
        present = [i for i in scores.argsort()[::-1] if scores[i] > 0.5]
        words = [f"{ATTRIBUTES[i]} {100 * scores[i]:.0f} %" for i in present]
        print(f"{path}: {', '.join(words) or 'nothing above 50 %'}")


def _facts(out: Path) -> dict[str, str]:
    """What the card says about a finished training."""
    log = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(log[-1])
    return {
        "Data": f"CelebA's train split, {last['faces']:,} of its 162,770 faces",
        "Command": f"`tf-fsgd {shlex.join(sys.argv[1:])}`",
        "Time": f"{last['seconds'] / 60:.0f} minutes for {last['epoch']} epochs on "
        f"{os.cpu_count()} cores ({platform.machine()})",
    }


def _summary(report: dict) -> str:
    from tf_fsgd.attributes.evaluate import BARS

    rows = report["attributes"]
    parts = [
        f"{name} {100 * rows[name]['accuracy']:.1f} % (bar {100 * bar:.0f} %)"
        for name, bar in BARS.items()
    ]
    mean = f"mean of 40: {100 * report['mean']['accuracy']:.1f} %"
    return f"{report['split']}, {report['faces']} faces: " + ", ".join([*parts, mean])
