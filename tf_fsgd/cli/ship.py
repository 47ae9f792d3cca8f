"""`tf-fsgd ship RUN NAME`: keeps a run's translator with the code."""

import math
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tf_fsgd.cli.options import Run
from tf_fsgd.errors import UserError

if TYPE_CHECKING:
    from tf_fsgd.translator.translator import Translator


def ship(
    run: Run,
    name: Annotated[str, Parameter(name="NAME")],
    /,
    *,
    units: str | None = None,
    halve: bool = False,
) -> None:
    """Keeps a run's translator with the package.

    Args:
        run: A finished run.
        name: Such as mobile-256.
        units: EDIT=STD,...: standard deviations of w that strength 1 of an edit stands
            for, at most the largest in training (sliders: two thirds of it; a fixed
            edit: all of it).
        halve: Ship it for pictures of half the side, without further training.

    Raises:
        UserError: If the run is not finished, `--units` names an edit that it has not
            or goes beyond what it has learnt, or its side cannot be halved.
    """
    import dataclasses

    from tf_fsgd.exporting import shipping
    from tf_fsgd.runs import open_run
    from tf_fsgd.translator.translator import SHIPPED, of_run

    folder = open_run(run)
    translator = of_run(folder, folder.load_translator())
    generator = folder.config.generator
    if halve:
        translator, generator = shipping.halve(translator, generator)
    asked = translator.units | (_units(units, translator) if units else {})
    translator = dataclasses.replace(translator, name=name, units=asked)
    shipping.ship(translator, generator, SHIPPED)
    print(f"{SHIPPED / name}.tflite")


def _units(text: str, translator: "Translator") -> dict[str, float]:
    from tf_fsgd.edits import family_range, parse_edits

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
