"""`python -m tf_fsgd ship RUN NAME`: keeps a run's translator with the code."""

import argparse
import dataclasses

from tf_fsgd.errors import UserError
from tf_fsgd.latents.edits import parse_edits
from tf_fsgd.training.runfolder import open_run
from tf_fsgd.training.translator import SHIPPED, halve, of_run, ship


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument("run", metavar="RUN", help="a finished run of several edits")
    parser.add_argument("name", metavar="NAME", help="such as mobile-256")
    parser.add_argument(
        "--units",
        metavar="EDIT=STD,...",
        help="standard deviations of w that strength 1 of an edit stands for (two "
        "thirds of the largest in training)",
    )
    parser.add_argument(
        "--halve",
        action="store_true",
        help="ship it for pictures of half the side, without further training",
    )


def run(arguments: argparse.Namespace) -> None:
    """Writes the weights and facts among those that come with the package.

    Raises:
        UserError: If the run is not finished, has one fixed edit, `--units` names an
            edit that it has not, or its side cannot be halved.
    """
    run_folder = open_run(arguments.run)
    if not run_folder.config.axes:
        raise UserError(f"{arguments.run}: its translator makes one edit only")
    translator = of_run(run_folder, run_folder.load_translator())
    generator = run_folder.config.generator
    if arguments.halve:
        translator, generator = halve(translator, generator)
    units = dict(translator.units)
    if arguments.units:
        given = parse_edits(arguments.units, largest=10.0)
        translator.strengths(given)  # refuses unknown edits
        units |= given
    translator = dataclasses.replace(translator, name=arguments.name, units=units)
    ship(translator, generator, SHIPPED)
    print(f"{SHIPPED / arguments.name}.npz")
