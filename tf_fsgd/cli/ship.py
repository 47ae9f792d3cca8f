"""`python -m tf_fsgd ship RUN NAME`: keeps a run's translator with the code."""

import argparse
import dataclasses
import math

from tf_fsgd.edits import family_range, parse_edits
from tf_fsgd.errors import UserError
from tf_fsgd.exporting.shipping import halve, ship
from tf_fsgd.runs import open_run
from tf_fsgd.translator.translator import SHIPPED, Translator, of_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's flags."""
    parser.add_argument("run", metavar="RUN", help="a finished run")
    parser.add_argument("name", metavar="NAME", help="such as mobile-256")
    parser.add_argument(
        "--units",
        metavar="EDIT=STD,...",
        help="standard deviations of w that strength 1 of an edit stands for, at most "
        "the largest in training (sliders: two thirds of it; a fixed edit: all of it)",
    )
    parser.add_argument(
        "--halve",
        action="store_true",
        help="ship it for pictures of half the side, without further training",
    )


def run(arguments: argparse.Namespace) -> None:
    """Writes the weights and facts among those that come with the package.

    Raises:
        UserError: If the run is not finished, `--units` names an edit that it has not
            or goes beyond what it has learnt, or its side cannot be halved.
    """
    run_folder = open_run(arguments.run)
    translator = of_run(run_folder, run_folder.load_translator())
    generator = run_folder.config.generator
    if arguments.halve:
        translator, generator = halve(translator, generator)
    units = dict(translator.units)
    if arguments.units:
        units |= _units(arguments.units, translator)
    translator = dataclasses.replace(translator, name=arguments.name, units=units)
    ship(translator, generator, SHIPPED)
    print(f"{SHIPPED / arguments.name}.tflite")


def _units(text: str, translator: Translator) -> dict[str, float]:
    units = parse_edits(text, argument="--units", largest=math.inf)
    for edit, unit in units.items():
        if edit not in translator.edits:
            raise UserError(
                f"--units must be of {', '.join(translator.edits)}, received {edit!r}"
            )
        # More is extrapolation: what strength 1 promises must have been learnt.
        largest = max(family_range(edit), translator.units[edit])
        if not 0 < unit <= largest:
            raise UserError(
                f"--units: {edit} must be above 0 and at most {largest:g}, the largest "
                f"of its training, received {unit:g}"
            )
    return units
