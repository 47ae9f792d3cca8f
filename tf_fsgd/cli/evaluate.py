"""`python -m tf_fsgd evaluate RUN|shipped`: measures a translator."""

import argparse
import dataclasses
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.inputs import report_on, supplement_of
from tf_fsgd.evaluation.report import Supplement, default_photos
from tf_fsgd.evaluation.tables import console_table
from tf_fsgd.runs import RunFolder, open_run
from tf_fsgd.storage.files import read_json
from tf_fsgd.translator.translator import Translator, load_translator, run_named


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
        help="to try each edit on, at most (of one edit "
        f"{default_photos(1)}, of six {default_photos(6)} each, five minutes)",
    )
    parser.add_argument(
        "--data-dir", help="where CelebA is; by default TFDS_DATA_DIR, as tfds has it"
    )
    parser.add_argument(
        "--faces",
        type=Path,
        metavar="DIR",
        help="aligned photos to try the edits on instead of CelebA's",
    )
    parser.add_argument(
        "--classifier",
        type=Path,
        metavar="FILE",
        help="weights of another attribute classifier (attributes train) than the "
        "shipped one that only judges",
    )
    parser.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="RUN",
        help="another run or shipped translator to show next to it; may be repeated",
    )
    parser.add_argument(
        "--pairs",
        metavar="RUN",
        help="run with the teacher's held-out faces, for a shipped translator",
    )
    parser.add_argument(
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
    translator = load_translator(arguments.run)
    # What the user has to change is found before anything takes time.
    supplement = _supplement(translator, run_folder, arguments)
    out = arguments.out or (
        run_folder.path if run_folder else Path(f"evaluation-{translator.name}")
    )
    report = report_on(
        translator,
        run_folder,
        supplement,
        out=out,
        faces=arguments.faces,
        data_dir=arguments.data_dir,
        classifier=arguments.classifier,
        count=arguments.photos,
    )
    print(console_table(report))
    print(f"report: {out / 'report.html'}  {out / 'report.json'}")


def _supplement(
    translator: Translator,
    run_folder: RunFolder | None,
    arguments: argparse.Namespace,
) -> Supplement:
    found = supplement_of(run_folder)
    families = found.families
    if arguments.pairs:
        other = open_run(arguments.pairs)
        if tuple(other.config.units) != translator.edits:
            raise UserError(
                f"--pairs must be a run of {', '.join(translator.edits)}, received "
                f"one of {', '.join(other.config.units)}"
            )
        families = other.open_pairs("held_out")
    return dataclasses.replace(
        found,
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
