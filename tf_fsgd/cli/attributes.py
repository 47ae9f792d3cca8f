"""`python -m tf_fsgd attributes`: train, evaluate, score."""

import argparse
import json
import os
import platform
import shlex
import sys
from pathlib import Path

from tf_fsgd.attributes.evaluate import BARS, card, evaluate_classifier, write_card
from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.io import read_image, resize, to_float
from tf_fsgd.storage.lease import lease


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's commands and their flags."""
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train on CelebA, or go on with it")
    _add_data_dir(train)
    train.add_argument("--out", type=Path, default=Path("attributes"))
    train.add_argument("--epochs", type=int, default=12, help="default %(default)s")
    train.add_argument("--batch-size", type=int, default=64, help="default %(default)s")
    train.add_argument(
        "--learning-rate", type=float, default=2e-3, help="default %(default)s"
    )
    train.add_argument("--seed", type=int, default=0, help="default %(default)s")
    train.add_argument("--note", help="a line about the data, for the card")
    train.set_defaults(function=_train)

    evaluate = commands.add_parser("evaluate", help="measure on a split of CelebA")
    _add_data_dir(evaluate)
    _add_weights(evaluate)
    evaluate.add_argument(
        "--split", choices=("train", "validation", "test"), default="test"
    )
    evaluate.set_defaults(function=_evaluate)

    score = commands.add_parser("score", help="read the attributes of photos")
    _add_weights(score)
    score.add_argument(
        "photos",
        nargs="+",
        metavar="PHOTO",
        help="faces in FFHQ framing: files, or folders of them",
    )
    score.set_defaults(function=_score)


def run(arguments: argparse.Namespace) -> None:
    """Runs the chosen command.

    Raises:
        UserError: For anything that the user has to change.
    """
    arguments.function(arguments)


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir",
        help="CelebA: tfds' data folder, or a folder in CelebA's own layout "
        "(default: $TFDS_DATA_DIR)",
    )


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--weights", help="an npz file (default: the shipped one)")


def _train(arguments: argparse.Namespace) -> None:
    # TensorFlow's data and training parts load only where they are used.
    from tf_fsgd.attributes.train import train_classifier

    with lease(arguments.out):
        weights = train_classifier(
            arguments.out,
            arguments.data_dir,
            epochs=arguments.epochs,
            batch_size=arguments.batch_size,
            learning_rate=arguments.learning_rate,
            seed=arguments.seed,
        )
        report = evaluate_classifier(load_classifier(weights), arguments.data_dir)
        about = weights.with_suffix(".md")
        write_card(about, report, _facts(arguments))
    print(_summary(report))
    print(f"weights: {weights}\ncard: {about}")


def _facts(arguments: argparse.Namespace) -> dict[str, str]:
    """What the card says about a finished training."""
    log = (arguments.out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(log[-1])
    facts = {
        "Data": f"CelebA's train split, {last['faces']:,} of its 162,770 faces",
        "Command": f"`python -m tf_fsgd {shlex.join(sys.argv[1:])}`",
        "Time": f"{last['seconds'] / 60:.0f} minutes for {last['epoch']} epochs on "
        f"{os.cpu_count()} cores ({platform.machine()})",
    }
    if arguments.note:
        facts["Note"] = arguments.note
    return facts


def _evaluate(arguments: argparse.Namespace) -> None:
    report = evaluate_classifier(
        load_classifier(arguments.weights), arguments.data_dir, arguments.split
    )
    print(card(report, {"Weights": arguments.weights or "as shipped"}))
    print(_summary(report))


def _summary(report: dict) -> str:
    rows = report["attributes"]
    parts = [
        f"{name} {100 * rows[name]['accuracy']:.1f} % (bar {100 * bar:.0f} %)"
        for name, bar in BARS.items()
    ]
    mean = f"mean of 40: {100 * report['mean']['accuracy']:.1f} %"
    return f"{report['split']}, {report['faces']} faces: " + ", ".join([*parts, mean])


def _score(arguments: argparse.Namespace) -> None:
    classifier = load_classifier(arguments.weights)
    for path in find_images(arguments.photos):
        face = to_float(resize(read_image(path), classifier.size))
        scores = classifier.probabilities(face[None])[0]
        present = [i for i in scores.argsort()[::-1] if scores[i] > 0.5]
        words = [f"{ATTRIBUTES[i]} {100 * scores[i]:.0f} %" for i in present]
        print(f"{path}: {', '.join(words) or 'nothing above 50 %'}")
