"""The main job: from a latent edit to a translator of photos.

    python train.py                        # preset quick: two cores, 15 minutes
    python train.py --edit smile
    python train.py --preset mobile-128    # six edits with sliders in one small network
    python train.py --preset paper         # the settings of 2003.03581; wants a GPU
    python train.py --pairs DIR            # on your own A/B images
    python train.py --resume runs/00003-feminine-quick-r128

Renders pairs with the teacher, trains pix2pixHD on them, evaluates on generated faces
and on CelebA where it is prepared, and exports SavedModel and TFLite. Stopped at any
point, the same command goes on where it was.
"""

import argparse
import os
import sys
from pathlib import Path

from tf_fsgd.quiet import output_to

# TensorFlow reads this when it is imported, and greets from C++ all the same.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with output_to(os.devnull):
    import tensorflow  # noqa: F401

import numpy as np

from export.bundle import export_translator
from tf_fsgd.attributes.celeba import (
    HOW_TO_GET,
    aligned_faces,
    celeba_split,
    find_celeba,
)
from tf_fsgd.attributes.model import (
    FEATURE_WEIGHTS,
    LOGIT_WEIGHT,
    AttributeClassifier,
    feature_model,
    load_classifier,
)
from tf_fsgd.config import Config
from tf_fsgd.disk import check_temporary
from tf_fsgd.errors import UserError, guarded
from tf_fsgd.evaluation.at_hand import company_of, find_photos, load_instruments
from tf_fsgd.evaluation.edit_report import report_edits
from tf_fsgd.evaluation.lpips import load_lpips
from tf_fsgd.evaluation.report import evaluate, format_summary
from tf_fsgd.evaluation.rows import console_table
from tf_fsgd.images.finding import print_left_out
from tf_fsgd.lease import lease
from tf_fsgd.pairs.folder import check_folder, name_of
from tf_fsgd.pairs.render import check_rendering, render_pairs, settle_axes
from tf_fsgd.pairs.source import pictures
from tf_fsgd.pix2pixhd.perceptual import VGG19_WEIGHTS, find_vgg19, vgg19_features
from tf_fsgd.presets import PRESETS, preset
from tf_fsgd.settings import override
from tf_fsgd.stylegan2.loading import TEACHER_HELP, load_teacher
from tf_fsgd.training.loop import train
from tf_fsgd.training.runfolder import (
    RunFolder,
    open_run,
    unfinished_or_new,
)
from tf_fsgd.training.samples import write_training_animation
from tf_fsgd.training.translator import default_units, load_translator, of_run

SHOWN = 8  # faces of each kind in the grids that show training


def main(arguments: argparse.Namespace) -> None:
    """Runs every phase in order; each skips what an earlier call has finished."""
    check_temporary()  # which the export needs, after a whole training
    run = _open(arguments)
    with lease(run.path):
        print(f"run: {run.path}  (preset {run.config.preset}, edit {run.config.edit})")
        make = _make_sliders if run.config.axes else _make_one_edit
        made = make(run, arguments)
        # Last, because nothing else needs it.
        write_training_animation(run.animation, run.samples)
        run.finish()
    for what, path in {
        "training, step by step": run.animation,
        **made,
        "SavedModel": run.export / "saved_model",
        "TFLite": run.export / "tflite",
    }.items():
        print(f"{what + ':':24}{path}")


def _make_one_edit(run: RunFolder, arguments: argparse.Namespace) -> dict[str, Path]:
    """Pairs, training, evaluation and export of a translator with one fixed edit."""
    config = run.config
    classifier = load_classifier()
    # Of a folder of images nobody knows the edit.
    direction = None if config.pairs.folder else settle_axes(config)[0][0]
    _render(run, classifier)
    source = run.open_pairs("held_out")
    held_out = pictures(source, 0), pictures(source, 1)
    celeba = _celeba(arguments.data_dir, config.pairs.resolution)

    if not run.translator.exists():
        train(
            config,
            run=run,
            source=run.open_pairs("train"),
            perceptual=_perceptual(config, classifier, arguments.vgg19),
            faces=_shown(held_out[0][:SHOWN], celeba),
        )
    translator = of_run(run, run.load_translator())

    print("evaluation: reading what the translator makes of every face")
    report = evaluate(
        translator,
        config,
        held_out=held_out,
        classifier=classifier,
        direction=direction,
        celeba=celeba,
        out=run.path,
    )
    print(format_summary(report))
    print("export: converting, and comparing with the Keras model")
    photos = held_out[0] if celeba is None else celeba[0]
    export_translator(translator, run.export, photos)
    return {
        "before and after": run.path / "before_after.jpg",
        "the same as GIF": run.path / "before_after.gif",
        "report": run.report,
    }


def _make_sliders(run: RunFolder, arguments: argparse.Namespace) -> dict[str, Path]:
    """The same of a translator of several edits and strengths, which takes families."""
    config = run.config
    classifier = load_classifier()
    _render(run, classifier)
    plain = pictures(run.open_pairs("held_out"), 0, SHOWN)
    celeba = _celeba(arguments.data_dir, config.pairs.resolution)
    if not run.translator.exists():
        train(
            config,
            run=run,
            source=run.open_pairs("train"),
            perceptual=_perceptual(config, classifier, arguments.vgg19),
            faces=_shown(plain, celeba, SHOWN // 2),
        )
    translator = of_run(run, run.load_translator())

    print("evaluation: reading what the translator makes of every face")
    instruments, notes = load_instruments()
    beside = company_of(run)
    photos = find_photos(
        translator.resolution,
        instruments.classifier,
        data_dir=arguments.data_dir,
        families=beside.families,
    )
    report = report_edits(
        translator, photos, instruments, out=run.path, beside=beside, notes=notes
    )
    print(console_table(report))
    print("export: converting, and comparing with the Keras model")
    export_translator(translator, run.export, plain if celeba is None else celeba[0])
    return {"report": run.path / "report.html"}


def _render(run: RunFolder, classifier: AttributeClassifier) -> None:
    """Renders the pairs of a run that does not learn from the user's own."""
    config = run.config
    if config.pairs.folder:
        return
    stats = render_pairs(
        config,
        run.pairs,
        # Held by nobody else: training can use its gigabyte.
        teacher=load_teacher(config.teacher.checkpoint),
        axes=settle_axes(config),
        classifier=classifier,
    )
    print(f"pairs: {stats.kept} of {stats.candidates} candidates, {run.pairs}")


def _open(arguments: argparse.Namespace) -> RunFolder:
    """The run to go on with, or a new one.

    What the user has to change is found here, in the first seconds, and leaves no run
    folder behind.
    """
    if find_celeba(arguments.data_dir) is not None:
        celeba_split("test", arguments.data_dir)
    load_lpips()
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
    pairs = config.pairs
    if pairs.folder:
        pairs.folder = str(Path(pairs.folder).resolve())
        config.edit = config.edit or name_of(pairs.folder)
    config.edit = config.edit or usual
    config.check()
    if pairs.folder:
        note = check_folder(
            pairs.folder, pairs.resolution, pairs.held_out, left_out=print_left_out
        )
        if note:
            print(f"warning: {note}", file=sys.stderr)
    else:
        axes = settle_axes(config)
        check_rendering(config, load_teacher(config.teacher.checkpoint), axes)
    if config.training.start_from:
        start = load_translator(config.training.start_from)
        if start.edits != tuple(default_units(config.axes)):
            raise UserError(
                "training.start_from must be a modulated generator of the same edits, "
                f"{', '.join(config.axes) or 'which this run has not'}, received "
                f"{start.name} of {', '.join(start.edits)}"
            )
        if Path(config.training.start_from).exists():
            # A resumed run may be called from another folder.
            path = Path(config.training.start_from).resolve()
            config.training.start_from = str(path)
    _vgg19(config, arguments.vgg19)
    return unfinished_or_new(arguments.runs, config)


def _resumed(arguments: argparse.Namespace) -> RunFolder:
    for name in ("preset", "edit", "teacher", "seed", "pairs", "set"):
        if getattr(arguments, name) not in (None, []):
            raise UserError(
                f"--resume goes on with a run as its config.json has it; --{name} "
                "belongs to a new run"
            )
    run = open_run(arguments.resume)
    _vgg19(run.config, arguments.vgg19)
    return run


def _celeba(data_dir: str | None, resolution: int):
    """CelebA's test faces and attributes, or None and a line on how to get it."""
    if find_celeba(data_dir) is None:
        print(f"CelebA: not found, so it takes no part. To include it: {HOW_TO_GET}")
        return None
    return aligned_faces("test", data_dir, resolution)


def _shown(generated: np.ndarray, celeba, each: int = SHOWN) -> np.ndarray:
    """The faces of the training grids: generated ones, and CelebA's after them."""
    if celeba is None:
        return generated
    return np.concatenate([generated[:each], celeba[0][:each]])


def _vgg19(config: Config, path: str | None) -> Path | None:
    """VGG19's weights, if the config wants them for its perceptual loss."""
    wanted = config.loss.perceptual_network
    if path is not None and wanted not in ("vgg19", "auto"):
        raise UserError(
            f"--vgg19 needs loss.perceptual_network vgg19 or auto, received {wanted}"
        )
    weights = find_vgg19(path) if wanted in ("vgg19", "auto") else None
    if wanted == "vgg19" and weights is None:
        raise UserError(
            "loss.perceptual_network is vgg19, but its weights were not found; "
            "name the file by --vgg19 or set loss.perceptual_network=attributes"
        )
    return weights


def _perceptual(config: Config, classifier, vgg19: str | None):
    """The network of the perceptual loss and the weight of each of its maps."""
    if (weights := _vgg19(config, vgg19)) is not None:
        features = vgg19_features(weights)
        return features, VGG19_WEIGHTS[: len(features.outputs)]
    if config.loss.perceptual_network == "readings":
        weights = (*FEATURE_WEIGHTS, LOGIT_WEIGHT)
        return feature_model(classifier, logits=True), weights
    return feature_model(classifier), FEATURE_WEIGHTS


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
