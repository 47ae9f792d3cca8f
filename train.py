"""The main job: from a latent edit to a translator of photos.

    python train.py                        # preset quick: two cores, 15 minutes
    python train.py --edit smile
    python train.py --preset mobile-128    # six edits with sliders in one small network
    python train.py --preset paper         # the settings of 2003.03581; wants a GPU
    python train.py --pairs DIR            # on your own A/B images
    python train.py --resume runs/00003-feminine-quick-r128

Renders pairs with the teacher, trains pix2pixHD on them, writes a report of what it
does to faces (CelebA's where it is prepared), exports SavedModel and TFLite, and makes
a page with sliders. Stopped at any point, the same command goes on where it was.
"""

import argparse
import os
import sys
from pathlib import Path

from tf_fsgd.backend.quiet import output_to

# TensorFlow reads this when it is imported, and greets from C++ all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with output_to(os.devnull):
    import tensorflow  # noqa: F401

from tf_fsgd import job
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.pairs.origin import Origin, origin_of
from tf_fsgd.presets import PRESETS, preset
from tf_fsgd.runs import RunFolder, open_run, unfinished_or_new
from tf_fsgd.settings import override
from tf_fsgd.stylegan2.loading import TEACHER_HELP


def main(arguments: argparse.Namespace) -> None:
    """Opens the run, makes it, and says where everything is."""
    run, origin = _open(arguments)
    made = job.make(run, origin, data_dir=arguments.data_dir, vgg19=arguments.vgg19)
    for what, path in made.items():
        print(f"{what + ':':24}{path}")


def _open(arguments: argparse.Namespace) -> tuple[RunFolder, Origin]:
    """The run to go on with, or a new one, and where its pairs come from.

    What the user has to change is found here, in the first seconds, and leaves no run
    folder behind.
    """
    if arguments.resume:
        return _resumed(arguments)
    config = preset(arguments.preset or Config.preset)
    usual, config.edit = config.edit, arguments.edit or ""
    config.seed = arguments.seed or 0
    if arguments.pairs:
        if arguments.teacher:
            raise UserError("--teacher renders pairs, and --pairs brings its own")
        config.pairs.folder = arguments.pairs
    if arguments.teacher:
        is_file = Path(arguments.teacher).is_file()
        config.teacher.checkpoint = (
            str(Path(arguments.teacher).resolve()) if is_file else arguments.teacher
        )
    for assignment in arguments.set:
        override(config, assignment)
    origin = origin_of(config)
    origin.settle(usual)
    note = job.check(config, origin, data_dir=arguments.data_dir, vgg19=arguments.vgg19)
    if note:
        print(f"warning: {note}", file=sys.stderr)
    return unfinished_or_new(arguments.runs, config), origin


def _resumed(arguments: argparse.Namespace) -> tuple[RunFolder, Origin]:
    for name in ("preset", "edit", "teacher", "seed", "pairs", "set"):
        if getattr(arguments, name) not in (None, []):
            raise UserError(
                f"--resume goes on with a run as its config.json has it; --{name} "
                "belongs to a new run"
            )
    run = open_run(arguments.resume)
    run.check_version()
    origin = origin_of(run.config)
    job.check(run.config, origin, data_dir=arguments.data_dir, vgg19=arguments.vgg19)
    return run, origin


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # No defaults here: `_resumed` refuses what the user has named.
    parser.add_argument("--preset", help=f"{', '.join(PRESETS)} ({Config.preset})")
    parser.add_argument(
        "--edit",
        help="feminine, masculine, older, younger, smile, frown, mouth, bushy, or a "
        "direction's .npz; with --pairs what to call it (the folder's name)",
    )
    parser.add_argument("--teacher", help=TEACHER_HELP % {"default": "mobile-ffhq"})
    parser.add_argument("--seed", type=int, help="of pairs and training (0)")
    parser.add_argument("--runs", default="runs", help="folder of all runs")
    parser.add_argument("--resume", metavar="RUN", help="go on with this run folder")
    parser.add_argument("--pairs", metavar="DIR", help="folder with A/ and B/ images")
    parser.add_argument(
        "--data-dir", help="where CelebA is; by default TFDS_DATA_DIR, as tfds has it"
    )
    parser.add_argument("--vgg19", metavar="FILE", help="VGG19's ImageNet weights")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any field of the config, e.g. training.images=4000; may be repeated",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(guarded(lambda: main(_arguments()), resumes=True))
