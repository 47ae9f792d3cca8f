"""`python -m tf_fsgd evaluate RUN|shipped`: measures a translator."""

import argparse
import dataclasses
from pathlib import Path

from tf_fsgd.attributes.celeba import aligned_faces, find_celeba
from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.at_hand import company_of, find_photos, load_instruments
from tf_fsgd.evaluation.edit_report import DEFAULT_PHOTOS, Beside, report_edits
from tf_fsgd.evaluation.report import DEFAULT_PHOTOS as DEFAULT_FIXED_PHOTOS
from tf_fsgd.evaluation.report import evaluate, format_summary
from tf_fsgd.evaluation.rows import console_table
from tf_fsgd.files import read_json
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.pairs.source import pictures
from tf_fsgd.training.runfolder import RunFolder, open_run
from tf_fsgd.training.translator import Translator, load_translator, run_named


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
        "shipped one that only judges",
    )
    conditional.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="RUN",
        help="another run or shipped translator to show next to it; may be repeated",
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
    if arguments.faces and arguments.data_dir:
        raise UserError("--faces stands in for CelebA, which --data-dir names")
    run_folder = run_named(arguments.run)
    if run_folder is not None and not run_folder.config.axes:
        for name in ("faces", "beside", "pairs", "projection"):
            if getattr(arguments, name):
                raise UserError(
                    f"--{name} is for translators of several edits, {arguments.run} "
                    "has one"
                )
    translator = load_translator(arguments.run)
    if run_folder is not None and not run_folder.config.axes:
        _evaluate_fixed(translator, run_folder, arguments)
        return
    _evaluate_conditional(translator, run_folder, arguments)


def _evaluate_fixed(
    translator: Translator, run_folder: RunFolder, arguments: argparse.Namespace
) -> None:
    config = run_folder.config
    celeba = None
    if find_celeba(arguments.data_dir):
        celeba = aligned_faces("test", arguments.data_dir, config.pairs.resolution)
    out = arguments.out or run_folder.path
    held_out = run_folder.open_pairs("held_out")
    report = evaluate(
        translator,
        config,
        held_out=(pictures(held_out, 0), pictures(held_out, 1)),
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
    instruments, notes = load_instruments(arguments.classifier)
    photos = find_photos(
        translator.resolution,
        instruments.classifier,
        folder=arguments.faces,
        data_dir=arguments.data_dir,
        families=beside.families,
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
        notes=notes,
    )
    print(console_table(report))
    print(f"report: {out / 'report.html'}  {out / 'report.json'}")


def _beside(run_folder: RunFolder | None, arguments: argparse.Namespace) -> Beside:
    company = company_of(run_folder) if run_folder else Beside()
    families = company.families
    if arguments.pairs:
        teacher = open_run(arguments.pairs)
        if not teacher.config.axes:
            raise UserError(
                f"--pairs must be a run of several edits, {teacher.path} has one"
            )
        families = teacher.open_pairs("held_out")
    return dataclasses.replace(
        company,
        translators=[load_translator(path) for path in arguments.beside],
        families=families,
        projection=_projection(arguments.projection),
    )


def _projection(path: Path | None) -> dict | None:
    if path is None:
        return None
    values = read_json(path)
    if not isinstance(values, dict) or not isinstance(values.get("table"), dict):
        raise UserError(f"{path}: not a table of benchmarks/projection.py")
    return values
