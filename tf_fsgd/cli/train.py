"""`python train.py`: from a latent edit to a translator of photos."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from tf_fsgd.cli.options import DataDir, Int, Teacher
from tf_fsgd.errors import UserError

if TYPE_CHECKING:
    from tf_fsgd.pairs.origin import Origin
    from tf_fsgd.runs import RunFolder

Assignments = Annotated[list[str] | None, Parameter(name="--set")]


def train(
    *,
    preset: str | None = None,
    edit: str | None = None,
    teacher: Teacher | None = None,
    seed: Int | None = None,
    runs: str = "runs",
    resume: str | None = None,
    pairs: str | None = None,
    data_dir: DataDir = None,
    vgg19: str | None = None,
    assignments: Assignments = None,
) -> None:
    """Makes a translator of your own: pairs, training, report, exports, a page.

    Renders pairs with the teacher, trains pix2pixHD on them, writes a report of what
    it does to faces (CelebA's where it is prepared), exports SavedModel and TFLite,
    and makes a page with sliders. Stopped at any point, the same command goes on where
    it was.

    Args:
        preset: slider, quick, paper, mobile-128, mobile-256, morph or mix (slider: one
            edit, by the shipped network, two cores, 15 minutes; quick: the same from
            nothing, at one strength, and what --pairs takes; mobile: several edits with
            sliders in one small network; morph: the faces between two people; mix: a
            face in the colours of another; paper: the settings of 2003.03581, wants a
            GPU).
        edit: feminine, masculine, older, younger, smile, frown, mouth, bushy, or a
            direction's .npz; with --pairs what to call it (the folder's name).
        seed: Of pairs and training (0).
        runs: Folder of all runs.
        resume: Go on with this run folder.
        pairs: Folder with A/ and B/ images of your own.
        vgg19: VGG19's ImageNet weights.
        assignments: Any field of the config, e.g. training.images=4000; may be
            repeated.

    Raises:
        UserError: For what the user has to change; found in the first seconds, it
            leaves no run folder behind.
    """
    from tf_fsgd import job

    # No defaults here: with --resume is refused what the user has named.
    new = {
        "preset": preset,
        "edit": edit,
        "teacher": teacher,
        "seed": seed,
        "pairs": pairs,
        "set": assignments,
    }
    places = {"data_dir": data_dir, "vgg19": vgg19}
    if resume:
        run, origin = _resumed(resume, new, places)
    else:
        run, origin = open_new(runs, new, places)
    for what, path in job.make(run, origin, **places).items():
        print(f"{what + ':':24}{path}")


def open_new(
    runs: str, asked: dict[str, Any], places: dict[str, Any]
) -> "tuple[RunFolder, Origin]":
    """A new run, or the same command's that was stopped; where its pairs come from.

    Args:
        runs: Folder of all runs.
        asked: What the user has named, by flag; `None`: nothing.
        places: Where data and weights are, for `job.check`.

    Raises:
        UserError: As `train`.
    """
    from tf_fsgd import job
    from tf_fsgd.pairs.origin import origin_of
    from tf_fsgd.presets import DEFAULT, FROM_NOTHING, preset
    from tf_fsgd.runs import unfinished_or_new
    from tf_fsgd.settings import override

    # Pairs of one's own show one strength, of which no slider can be learnt.
    usual_preset = FROM_NOTHING if asked["pairs"] else DEFAULT
    config = preset(asked["preset"] or usual_preset)
    usual, config.edit = config.edit, asked["edit"] or ""
    config.seed = asked["seed"] or 0
    if asked["pairs"]:
        if asked["teacher"]:
            raise UserError("--teacher renders pairs, and --pairs brings its own")
        config.pairs.folder = asked["pairs"]
    if teacher := asked["teacher"]:
        is_file = Path(teacher).is_file()
        config.teacher.checkpoint = str(Path(teacher).resolve()) if is_file else teacher
    for assignment in asked["set"] or ():
        override(config, assignment)
    origin = origin_of(config)
    origin.settle(usual)
    if note := job.check(config, origin, **places):
        print(f"warning: {note}", file=sys.stderr)
    return unfinished_or_new(runs, config), origin


def _resumed(
    path: str, asked: dict[str, Any], places: dict[str, Any]
) -> "tuple[RunFolder, Origin]":
    from tf_fsgd import job
    from tf_fsgd.pairs.origin import origin_of
    from tf_fsgd.runs import open_run

    for name, value in asked.items():
        if value is not None:
            raise UserError(
                f"--resume goes on with a run as its config.json has it; --{name} "
                "belongs to a new run"
            )
    run = open_run(path)
    run.check_version()
    origin = origin_of(run.config)
    job.check(run.config, origin, **places)
    return run, origin
