"""`python -m tf_fsgd evaluate RUN`: measures a finished run again."""

import argparse
from pathlib import Path

from tf_fsgd.attributes.celeba import aligned_faces, find_celeba
from tf_fsgd.attributes.model import load_classifier
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.report import DEFAULT_PHOTOS, evaluate, format_summary
from tf_fsgd.latents.directions import load_direction
from tf_fsgd.training.runfolder import open_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument(
        "--out", type=Path, help="folder for the report; by default the run folder"
    )
    parser.add_argument(
        "--photos",
        type=int,
        default=DEFAULT_PHOTOS,
        help="of CelebA's test split at most (%(default)s)",
    )
    parser.add_argument(
        "--data-dir", help="where CelebA is; by default TFDS_DATA_DIR, as tfds has it"
    )


def run(arguments: argparse.Namespace) -> None:
    """Evaluates, and prints the summary.

    Raises:
        UserError: If the folder is no finished run, or `--photos` is below 1.
    """
    if arguments.photos < 1:
        raise UserError(f"--photos must be 1 or more, received {arguments.photos}")
    run_folder = open_run(arguments.run)
    config = run_folder.config
    celeba = None
    if find_celeba(arguments.data_dir):
        celeba = aligned_faces("test", arguments.data_dir, config.pairs.resolution)
    out = arguments.out or run_folder.path
    report = evaluate(
        run_folder.load_translator(),
        config,
        held_out=run_folder.open_pairs("held_out").images(),
        classifier=load_classifier(),
        # The user's own pairs may show any edit.
        direction=None if config.pairs.folder else load_direction(config.edit),
        celeba=celeba,
        photos=arguments.photos,
        out=out,
    )
    print(format_summary(report))
    print(f"report: {out / 'report.json'}")
