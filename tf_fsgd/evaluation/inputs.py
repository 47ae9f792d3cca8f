"""What there is to measure with, to measure on, and to show, on this machine.

A missing network or data set leaves its rows out of the report, and a note says so.
`report_on` takes what there is and writes the report.
"""

from pathlib import Path

import numpy as np

from tf_fsgd.attributes.celeba import HOW_TO_GET as HOW_TO_GET_CELEBA
from tf_fsgd.attributes.celeba import aligned_faces, find_celeba
from tf_fsgd.attributes.model import (
    JUDGE_WEIGHTS,
    AttributeClassifier,
    load_classifier,
)
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.distribution import feature_space
from tf_fsgd.evaluation.face_recognition import HOW_TO_GET as HOW_TO_GET_IDENTITY
from tf_fsgd.evaluation.face_recognition import load_identity
from tf_fsgd.evaluation.instruments import SAME_PERSON, Instruments
from tf_fsgd.evaluation.judge import GenderJudge
from tf_fsgd.evaluation.report import Supplement, evaluate
from tf_fsgd.evaluation.study import Photos
from tf_fsgd.features.lpips import load_lpips
from tf_fsgd.images.finding import find_images
from tf_fsgd.images.io import read_image, resize, resized, to_float
from tf_fsgd.pairs.origin import origin_of
from tf_fsgd.pairs.source import FamilySource, pictures
from tf_fsgd.runs import RunFolder
from tf_fsgd.translator.translator import Translator

_GENERATED = 400  # faces at most


def load_instruments(
    classifier: Path | None = None,
) -> tuple[Instruments, dict[str, str]]:
    """The networks of the report, and what is to be known about them.

    Args:
        classifier: Weights of an attribute classifier; `None`: the shipped one that
            takes no part in training.

    Returns:
        The instruments, and notes for `report.evaluate`.

    Raises:
        UserError: If a file of weights is something else.
    """
    attributes = load_classifier(classifier or JUDGE_WEIGHTS)
    lpips, identity = load_lpips(), load_identity()
    instruments = Instruments(
        attributes, GenderJudge(), feature_space(lpips), lpips, identity
    )
    notes = {"classifier": _about(classifier)}
    if identity is None:
        notes["identity"] = (
            f"Not measured: dlib is not installed ({HOW_TO_GET_IDENTITY})."
        )
    else:
        notes["identity"] = (
            "dlib's face recognition network, which takes no part in training. Of its "
            "descriptors the part that everybody shares is taken out before the "
            "cosine: strangers are at 0 on average, two photos of one person at 0.63. "
            f"The same person: a distance of {SAME_PERSON} or less, dlib's own limit."
        )
    return instruments, notes


def _about(classifier: Path | None) -> str:
    if classifier is None:
        return (
            f"{JUDGE_WEIGHTS.name}, shipped with tf_fsgd: it chose no pair, found no "
            "direction and took part in no loss. The classifier that did has the same "
            "architecture and data, from another seed."
        )
    return (
        f"{classifier.name}, which the user named; whether it took part in training "
        "is for whoever trained both to say."
    )


def find_photos(
    size: int,
    classifier: AttributeClassifier,
    *,
    folder: Path | None = None,
    data_dir: str | None = None,
    families: FamilySource | None = None,
) -> Photos:
    """A folder's photos, else CelebA's test split, else generated faces.

    Args:
        size: R, side of the translator's pictures in pixels.
        classifier: Says who is what where there are no labels.
        folder: Of aligned photos.
        data_dir: Where CelebA is, as for `attributes.celeba.find_celeba`.
        families: Whose first pictures stand in where CelebA is not at hand.

    Raises:
        UserError: If the folder has no image, CelebA is not where `data_dir` or
            `$TFDS_DATA_DIR` says, or there is none of the three.
    """
    if folder is not None:
        paths = find_images([folder])
        faces = np.stack([resize(read_image(path), size) for path in paths])
        note = f"{len(faces)} photos of {folder.name}"
    elif find_celeba(data_dir) is not None:
        faces, attributes = aligned_faces("test", data_dir, size)
        note = (
            f"CelebA's test split as found here, {len(faces)} photos, which may be a "
            "subset; cut as FFHQ cuts faces; labels are CelebA's own."
        )
        return Photos(faces, attributes, True, note)
    elif families is not None:
        faces = resized(pictures(families, 0, _GENERATED), size)
        note = (
            f"{len(faces)} held-out faces that training never saw; CelebA is not here"
        )
    else:
        raise UserError(
            "no faces to try the edits on: name a folder (faces), a run with "
            f"generated ones (pairs), or get CelebA: {HOW_TO_GET_CELEBA}"
        )
    attributes = classifier.probabilities(to_float(faces)) >= 0.5
    note += "; who is what is as the attribute classifier reads it."
    return Photos(faces, attributes, folder is not None, note)


def supplement_of(run: RunFolder | None) -> Supplement:
    """What a run itself has to show with its translator; nothing without a run.

    Returns:
        Held-out pairs, the grids of training, exported files: those that are there.

    Raises:
        UserError: If the pairs are damaged.
    """
    if run is None:
        return Supplement()
    return Supplement(
        families=run.open_pairs("held_out") if run.pairs.is_dir() else None,
        samples=run.samples,
        tflite=sorted(run.export.glob("tflite/tf_fsgd_*.tflite")),
    )


def report_on(
    translator: Translator,
    run: RunFolder | None,
    supplement: Supplement,
    *,
    out: Path,
    faces: Path | None = None,
    data_dir: str | None = None,
    classifier: Path | None = None,
    count: int | None = None,
) -> dict:
    """Measures a translator by what there is on this machine.

    Args:
        translator: What to measure.
        run: That has made it, if it is known: says what its edits are for.
        supplement: What to show with it, as `supplement_of` the run or more.
        out: Folder of the report, as for `report.evaluate`.
        faces: As the folder of `find_photos`.
        data_dir: As for `find_photos`.
        classifier: As for `load_instruments`.
        count: Photos of each edit at most, as for `report.evaluate`.

    Returns:
        The report, as `report.json` has it.

    Raises:
        UserError: As `load_instruments`, `find_photos` and `report.evaluate`.
    """
    instruments, notes = load_instruments(classifier)
    photos = find_photos(
        translator.resolution,
        instruments.classifier,
        folder=faces,
        data_dir=data_dir,
        families=supplement.families,
    )
    return evaluate(
        translator,
        photos,
        instruments,
        out=out,
        directions=origin_of(run.config).directions() if run else None,
        count=count,
        supplement=supplement,
        notes=notes,
    )
