"""`python -m tf_fsgd directions`: sample, classify, find, measure, draw."""

import argparse
import shlex
import sys
from pathlib import Path

import numpy as np

from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.discovery import from_labels
from tf_fsgd.discovery.gradient_search import GradientSearch
from tf_fsgd.discovery.survey import effects, logit, sweep
from tf_fsgd.edits import EDITS
from tf_fsgd.errors import UserError
from tf_fsgd.images.grid import image_grid
from tf_fsgd.images.io import to_float, to_uint8, write_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.latents.samples import read_samples, render_samples, sample_w
from tf_fsgd.storage.lease import lease
from tf_fsgd.stylegan2.loading import TEACHER_HELP, load_teacher

STRENGTHS = (-3, -2, -1, 0, 1, 2, 3)
PICTURED = range(900_000, 900_005)  # faces of the pictures, outside every sample
MEASURED = range(900_000, 900_040)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument("--out", type=Path, default=Path("directions"))
    parser.add_argument("--teacher", default="mobile-ffhq", help=TEACHER_HELP)
    parser.add_argument(
        "--edits", default="feminine,older,smile", help="comma-separated (%(default)s)"
    )
    parser.add_argument("--count", type=int, default=10_000, help="faces (%(default)s)")
    parser.add_argument("--truncation-psi", type=float, default=0.7)
    parser.add_argument(
        "--method",
        choices=(*from_labels.METHODS, "pure"),
        default="centres",
        help="of the classes' centres, logistic regression, or by gradients, with a "
        "vector for each row of W+ (%(default)s)",
    )
    parser.add_argument(
        "--confidence", type=float, default=0.9, help="of the faces used (%(default)s)"
    )
    parser.add_argument(
        "--orthogonal-to",
        default="",
        metavar="ATTRIBUTES",
        help="comma-separated CelebA attributes to take out of every direction",
    )
    parser.add_argument(
        "--layers", default="0-7", help="first and last row of W+ (%(default)s)"
    )
    parser.add_argument(
        "--gradients",
        type=int,
        default=20,
        metavar="FACES",
        help="faces whose gradients --method pure follows (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Finds, measures, draws and writes the directions.

    Raises:
        UserError: For an unknown edit or attribute, bad layers, or too few certain
        faces.
    """
    edits = arguments.edits.split(",")
    for edit in edits:
        if edit not in EDITS:
            raise UserError(
                f"--edits must be among {', '.join(EDITS)}, received {edit!r}"
            )
    others = [name for name in arguments.orthogonal_to.split(",") if name]
    for name in others:
        if name not in ATTRIBUTES:
            raise UserError(f"--orthogonal-to: {name!r} is not a CelebA attribute")
    pure = arguments.method == "pure"
    if pure and others:
        raise UserError("--orthogonal-to: --method pure already holds every attribute")
    if arguments.gradients < 5:
        raise UserError(
            f"--gradients must be at least 5, received {arguments.gradients}"
        )
    teacher = load_teacher(arguments.teacher)
    layers = _parse_layers(arguments.layers, teacher.num_ws)
    classifier = load_classifier()
    with lease(arguments.out, "directions"):
        _make(edits, others, layers, teacher, classifier, arguments)


def _make(edits, others, layers, teacher, classifier, arguments) -> None:
    samples = arguments.out / "samples"
    render_samples(teacher, samples, arguments.count, arguments.truncation_psi)
    faces = read_samples(samples, arguments.count)
    probabilities = np.concatenate(
        [
            classifier.probabilities(to_float(faces[start : start + 250]))
            for start in range(0, len(faces), 250)
        ]
    )
    w = sample_w(teacher, range(arguments.count), arguments.truncation_psi)
    whole = sample_w(teacher, range(arguments.count), psi=1.0)
    score_std = logit(probabilities).std(axis=0)
    search = None
    if arguments.method == "pure":
        search = GradientSearch(
            teacher,
            classifier,
            score_std,
            np.cov(whole.T),
            arguments.out / "gradients",
            faces=arguments.gradients,
            psi=arguments.truncation_psi,
        )
    for edit in edits:
        direction = _find(edit, w, whole, probabilities, others, layers, arguments)
        if search:
            direction = search.pure_direction(direction)
        direction.facts |= {"teacher": teacher.name, "command": _command()}
        images = sweep(
            direction, teacher, MEASURED, STRENGTHS, arguments.truncation_psi
        )
        scores = np.stack([classifier.probabilities(row) for row in images])
        direction.facts |= effects(
            scores, STRENGTHS, ATTRIBUTES, direction.attribute, score_std
        )
        direction.facts["measured_on_faces"] = len(MEASURED)
        direction.save(arguments.out / f"{edit}.npz")
        shown = images[:, : len(PICTURED)].swapaxes(0, 1).reshape(-1, *images.shape[2:])
        labels = [f"{strength:+d}" for strength in STRENGTHS]
        grid = image_grid(to_uint8(shown), len(STRENGTHS), column_labels=labels)
        write_image(arguments.out / f"{edit}.jpg", grid)
        print(f"{edit}: {arguments.out / edit}.npz, .json and .jpg")


def _find(edit, w, whole, probabilities, others, layers, arguments) -> Direction:
    attribute, sign = EDITS[edit].attribute, EDITS[edit].sign
    pure = arguments.method == "pure"
    masks = {
        # A pure direction needs the classes for its reading alone, which may be of an
        # attribute that the classifier is never certain of.
        name: from_labels.extremes(probabilities[:, ATTRIBUTES.index(name)])
        if pure
        else from_labels.certain(
            probabilities[:, ATTRIBUTES.index(name)], arguments.confidence
        )
        for name in [attribute, *others]
    }
    find = from_labels.METHODS.get(arguments.method, from_labels.logistic_direction)
    vectors = {name: find(w, *classes) for name, classes in masks.items()}
    vector = from_labels.orthogonalised(
        sign * vectors[attribute],
        [vectors[name] for name in others if name != attribute],
    )
    present, absent = masks[attribute]
    # A fifth of the faces is kept out of the fit that the accuracy is measured with.
    fitted = np.arange(len(w)) % 5 != 0
    vector_fit, bias_fit = from_labels.fit_reading(w, present & fitted, absent & fitted)
    rest = (present | absent) & ~fitted
    right = (w[rest] @ vector_fit + bias_fit > 0) == present[rest]
    reading_vector, reading_bias = from_labels.fit_reading(w, present, absent)
    facts = {
        "edit": edit,
        "attribute": attribute,
        "sign": sign,
        "method": arguments.method,
        "orthogonal_to": others,
        "layers": layers,
        "samples": len(w),
        "truncation_psi": arguments.truncation_psi,
        **({} if pure else {"confidence": arguments.confidence}),
        f"{'most' if pure else 'certain'}_with_attribute": int(present.sum()),
        f"{'most' if pure else 'certain'}_without_attribute": int(absent.sum()),
        "linear_reading_accuracy": round(float(right.mean()), 4),
    }
    return Direction(
        name=edit,
        vector=vector,
        std=float((whole @ vector).std()),
        layers=layers,
        attribute=attribute,
        sign=sign,
        reading_vector=reading_vector,
        reading_bias=reading_bias,
        facts=facts,
    )


def _parse_layers(text: str, num_ws: int) -> list[int]:
    first, _, last = text.partition("-")
    if not (first.isdigit() and (last or first).isdigit()):
        raise UserError(f"--layers must look like 0-7, received {text!r}")
    layers = list(range(int(first), int(last or first) + 1))
    if not layers or layers[-1] >= num_ws:
        raise UserError(f"--layers must lie in 0-{num_ws - 1}, received {text!r}")
    return layers


def _command() -> str:
    return "python -m tf_fsgd " + shlex.join(sys.argv[1:])
