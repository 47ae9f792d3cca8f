"""`python -m tf_fsgd evaluate RUN|shipped`: measures a translator."""

import argparse
from pathlib import Path

import numpy as np

from tf_fsgd.attributes.celeba import HOW_TO_GET, aligned_faces, find_celeba
from tf_fsgd.attributes.model import (
    SHIPPED_WEIGHTS,
    AttributeClassifier,
    load_classifier,
)
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.distribution import feature_space
from tf_fsgd.evaluation.edit_report import DEFAULT_PHOTOS, Beside, report_edits
from tf_fsgd.evaluation.editors import editor_of, resized
from tf_fsgd.evaluation.identity import HOW_TO_GET as HOW_TO_GET_IDENTITY
from tf_fsgd.evaluation.identity import Identity, load_identity
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.evaluation.lpips import load_lpips
from tf_fsgd.evaluation.readings import SAME_PERSON, Instruments
from tf_fsgd.evaluation.report import DEFAULT_PHOTOS as DEFAULT_FIXED_PHOTOS
from tf_fsgd.evaluation.report import evaluate, format_summary
from tf_fsgd.evaluation.rows import console_table
from tf_fsgd.evaluation.study import Photos
from tf_fsgd.files import read_json
from tf_fsgd.images.io import find_images, read_image, resize, to_float
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.pairs.family_dataset import FamilyPairs
from tf_fsgd.training.runfolder import RunFolder, open_run
from tf_fsgd.training.translator import Translator, load_translator, of_run

_GENERATED = 400  # faces at most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument(
        "run",
        metavar="RUN",
        help="a run folder, or a shipped translator: shipped, mobile-256",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for report.html and report.json; by default the run folder, for a "
        "shipped translator evaluation-NAME",
    )
    parser.add_argument(
        "--photos",
        type=int,
        help=f"of CelebA's test split at most: of each edit by default "
        f"{DEFAULT_PHOTOS}, about five minutes on two cores; of a run of one fixed "
        f"edit {DEFAULT_FIXED_PHOTOS} in all",
    )
    parser.add_argument(
        "--data-dir", help="where CelebA is; by default TFDS_DATA_DIR, as tfds has it"
    )
    conditional = parser.add_argument_group("translators of several edits")
    conditional.add_argument(
        "--faces",
        type=Path,
        metavar="DIR",
        help="aligned photos to try the edits on instead of CelebA's",
    )
    conditional.add_argument(
        "--classifier",
        type=Path,
        metavar="FILE",
        help="weights of another attribute classifier (attributes train) than the "
        "shipped one, which takes part in training",
    )
    conditional.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="RUN",
        help="another run to show next to it; may be repeated",
    )
    conditional.add_argument(
        "--pairs",
        metavar="RUN",
        help="run with the teacher's held-out faces, for a shipped translator",
    )
    conditional.add_argument(
        "--projection",
        type=Path,
        metavar="FILE",
        help="table.json of benchmarks/projection.py",
    )


def run(arguments: argparse.Namespace) -> None:
    """Evaluates, and prints the summary.

    Raises:
        UserError: If the translator is none, a number is below 1, or there is no face
            to try it on.
    """
    if arguments.photos is not None and arguments.photos < 1:
        raise UserError(f"--photos must be 1 or more, received {arguments.photos}")
    run_folder = None
    if Path(arguments.run).is_dir():
        run_folder = open_run(arguments.run)
        if not run_folder.config.axes:
            _evaluate_fixed(run_folder, arguments)
            return
        translator = of_run(run_folder, run_folder.load_translator())
    else:
        translator = load_translator(arguments.run)
    _evaluate_conditional(translator, run_folder, arguments)


def _evaluate_fixed(run_folder: RunFolder, arguments: argparse.Namespace) -> None:
    config = run_folder.config
    celeba = None
    if find_celeba(arguments.data_dir):
        celeba = aligned_faces("test", arguments.data_dir, config.pairs.resolution)
    out = arguments.out or run_folder.path
    report = evaluate(
        run_folder.load_translator(),
        config,
        held_out=run_folder.open_pairs("held_out").images(),
        classifier=load_classifier(arguments.classifier),
        # The user's own pairs may show any edit.
        direction=None if config.pairs.folder else load_direction(config.edit),
        celeba=celeba,
        photos=arguments.photos or DEFAULT_FIXED_PHOTOS,
        out=out,
    )
    print(format_summary(report))
    print(f"report: {out / 'report.json'}")


def _evaluate_conditional(
    translator: Translator,
    run_folder: RunFolder | None,
    arguments: argparse.Namespace,
) -> None:
    # What the user has to change is found before anything takes time.
    beside = _beside(run_folder, arguments)
    classifier = load_classifier(arguments.classifier)
    photos = _photos(translator, classifier, beside.families, arguments)
    lpips, identity = load_lpips(), load_identity()
    instruments = Instruments(
        classifier,
        GenderJudge(),
        feature_space(lpips, classifier),
        lpips,
        identity,
    )
    out = arguments.out or (
        run_folder.path if run_folder else Path(f"evaluation-{translator.name}")
    )
    report = report_edits(
        translator,
        photos,
        instruments,
        out=out,
        count=arguments.photos or DEFAULT_PHOTOS,
        beside=beside,
        notes={
            "classifier": _about(arguments.classifier),
            "identity": _about_identity(identity),
        },
    )
    print(console_table(report))
    print(f"report: {out / 'report.html'}  {out / 'report.json'}")


def _beside(run_folder: RunFolder | None, arguments: argparse.Namespace) -> Beside:
    teacher = None
    if arguments.pairs:
        teacher = open_run(arguments.pairs)
        if not teacher.config.axes:
            raise UserError(
                f"--pairs must be a run of several edits, {teacher.path} has one"
            )
    elif run_folder and run_folder.pairs.is_dir():
        teacher = run_folder
    return Beside(
        editors=[editor_of(open_run(path)) for path in arguments.beside],
        families=teacher.open_pairs("held_out") if teacher else None,
        projection=_projection(arguments.projection),
        samples=run_folder.samples if run_folder else None,
        tflite=sorted(run_folder.export.glob("tflite/*.tflite")) if run_folder else (),
    )


def _projection(path: Path | None) -> dict | None:
    if path is None:
        return None
    values = read_json(path)
    if not isinstance(values, dict) or not isinstance(values.get("table"), dict):
        raise UserError(f"{path}: not a table of benchmarks/projection.py")
    return values


def _photos(
    translator: Translator,
    classifier: AttributeClassifier,
    families: FamilyPairs | None,
    arguments: argparse.Namespace,
) -> Photos:
    """The user's photos, CelebA's, or generated faces, whatever there is."""
    size = translator.resolution
    celeba = find_celeba(arguments.data_dir)
    if arguments.faces is None and celeba is not None:
        faces, attributes = aligned_faces("test", arguments.data_dir, size)
        note = (
            f"CelebA's test split as found here, {len(faces)} photos, which may be a "
            "subset; cut as FFHQ cuts faces; labels are CelebA's own."
        )
        return Photos(faces, attributes, True, note)
    if arguments.faces is not None:
        paths = find_images([arguments.faces])
        faces = np.stack([resize(read_image(path), size) for path in paths])
        note = f"{len(faces)} photos of {arguments.faces.name}"
    elif families is not None:
        count = min(families.count, _GENERATED)
        plain = [families.family(index, [0]).images[0] for index in range(count)]
        faces = resized(np.stack(plain), size)
        note = f"{count} generated faces that training never saw; CelebA is not here"
    else:
        raise UserError(
            "no faces to try the edits on: name a folder by --faces, a run with "
            f"generated ones by --pairs, or get CelebA: {HOW_TO_GET}"
        )
    attributes = classifier.probabilities(to_float(faces)) >= 0.5
    note += "; who is what is as the attribute classifier reads it."
    return Photos(faces, attributes, arguments.faces is not None, note)


def _about(classifier: Path | None) -> str:
    """Which classifier it is, and whether it may be trusted."""
    if classifier is None:
        return (
            f"{SHIPPED_WEIGHTS.name}, shipped with tf_fsgd: the directions were found "
            "with it, and its features are the perceptual loss of training unless "
            "VGG19 was. It is not independent, and what it reads may flatter."
        )
    return (
        f"{classifier.name}, named by --classifier; whether it took part in training "
        "is for whoever trained both to say."
    )


def _about_identity(identity: Identity | None) -> str:
    if identity is None:
        return f"Not measured: dlib is not installed ({HOW_TO_GET_IDENTITY})."
    return (
        "dlib's face recognition network, which takes no part in training. Of its "
        "descriptors the part that everybody shares is taken out before the cosine. "
        f"The same person: a distance of {SAME_PERSON} or less, dlib's own limit."
    )
