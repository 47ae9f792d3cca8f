"""The whole job of a run: pairs, training, report, exports and the page with sliders.

    config = preset("quick")
    origin = origin_of(config)
    check(config, origin)
    made = make(unfinished_or_new("runs", config), origin)

Each phase skips what an earlier call has finished.
"""

import json
from functools import partial
from pathlib import Path

import numpy as np

from tf_fsgd.attributes.celeba import HOW_TO_GET, celeba_split, find_celeba
from tf_fsgd.attributes.model import (
    FEATURE_WEIGHTS,
    LOGIT_WEIGHT,
    AttributeClassifier,
    feature_model,
    load_classifier,
)
from tf_fsgd.backend import workers
from tf_fsgd.backend.disk import check_temporary
from tf_fsgd.config import MORPH, Config
from tf_fsgd.edits import one_ended
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.inputs import find_photos, load_instruments, supplement_of
from tf_fsgd.evaluation.mixes import evaluate_mix
from tf_fsgd.evaluation.morphs import evaluate_morph
from tf_fsgd.evaluation.report import evaluate
from tf_fsgd.evaluation.tables import console_table
from tf_fsgd.exporting.bundle import export_translator
from tf_fsgd.exporting.web.site import write_site
from tf_fsgd.features.lpips import load_lpips
from tf_fsgd.features.vgg19 import VGG19_WEIGHTS, find_vgg19, vgg19_features
from tf_fsgd.pairs.origin import Origin
from tf_fsgd.pairs.source import pictures
from tf_fsgd.pix2pixhd.losses import perceptual_loss
from tf_fsgd.runs import RunFolder
from tf_fsgd.storage.lease import lease
from tf_fsgd.training.loop import train
from tf_fsgd.training.samples import write_training_animation
from tf_fsgd.training.state import check_shares
from tf_fsgd.training.step import Perceptual
from tf_fsgd.translator.translator import Translator, load_translator, of_run

_SHOWN = 8  # faces in the grids that show training


def check(
    config: Config,
    origin: Origin,
    *,
    data_dir: str | None = None,
    vgg19: str | None = None,
) -> str:
    """Finds in seconds what the user has to change, before a run folder is made.

    Args:
        config: A strength of the pairs that is left open is filled in.
        origin: Of its pairs; what it opens for this, `make` need not open again.
        data_dir: As for `make`.
        vgg19: As for `make`.

    Returns:
        What the user is to know, a line; empty when there is nothing.

    Raises:
        UserError: At the first thing that is wrong.
    """
    replicas = workers.strategy().num_replicas_in_sync
    check_temporary()  # which the export needs, after a whole training
    if find_celeba(data_dir) is not None:
        celeba_split("test", data_dir)
    config.check()
    check_shares(config.training, replicas)
    note = origin.check()
    if config.training.start_from:
        start = load_translator(config.training.start_from, task=None)
        fixed = start.faces == 1 and one_ended(start.axes[0], start.units)
        other = start.faces > 1 and start.axes != config.axes
        if not config.axes or fixed or other:
            raise UserError(
                "training.start_from must be a modulated generator, of two faces only "
                f"for a run of the same kind, received {start.name} of "
                f"{', '.join(start.edits)} for a run of generator.kind "
                f"{config.generator.kind}"
            )
        if Path(config.training.start_from).exists():
            # A resumed run may be called from another folder.
            path = Path(config.training.start_from).resolve()
            config.training.start_from = str(path)
    find_perceptual(config, vgg19)
    return note


def make(
    run: RunFolder,
    origin: Origin,
    *,
    data_dir: str | None = None,
    vgg19: str | None = None,
) -> dict[str, Path]:
    """Makes all of a run, or what is missing of it, and prints how it goes.

    Of several workers (`backend.workers`) the chief does it, and the others come back
    when the training in which they take part is done.

    Args:
        run: A new one, or one to go on with.
        origin: Of its pairs, as `check` has it.
        data_dir: Where CelebA is, as for `attributes.celeba.find_celeba`.
        vgg19: VGG19's weights, as for `find_perceptual`.

    Returns:
        What there is to look at, by what it is; nothing but for the chief.

    Raises:
        UserError: If another command works in the run, or what it needs is not there.
        WorkerLost: If another worker is gone.
    """
    if not workers.is_chief():
        _help(run, vgg19)
        return {}
    with lease(run.path):
        print(f"run: {run.path}  (preset {run.config.preset}, edit {run.config.edit})")
        classifier = load_classifier()
        if not run.translator.exists():
            origin.make(run.pairs, classifier)
        if run.config.generator.faces > 1:
            return _make_of_two(run, classifier, vgg19)
        instruments, notes = load_instruments()
        supplement = supplement_of(run)
        photos = find_photos(
            run.config.pairs.resolution,
            instruments.classifier,
            data_dir=data_dir,
            families=supplement.families,
        )
        print(f"photos: {photos.note}")
        if not photos.real:
            print(f"to include CelebA: {HOW_TO_GET}")
        if not workers.chiefs(run.translator.exists()):
            generated = pictures(run.open_pairs("held_out"), 0, _SHOWN)
            half = _SHOWN // 2 if photos.real else _SHOWN
            train(
                run.config,
                run=run,
                source=run.open_pairs("train"),
                perceptual=_perceptual(run.config, classifier, vgg19),
                faces=np.concatenate([generated[:half], photos.faces])[:_SHOWN],
            )
        translator = of_run(run, run.load_translator())
        print("evaluation: reading what the translator makes of every face")
        report = evaluate(
            translator,
            photos,
            instruments,
            out=run.path,
            directions=origin.directions(),
            supplement=supplement,
            notes=notes,
        )
        print(console_table(report))
        print("export: converting, and comparing with the Keras model")
        export_translator(translator, run.export, photos.faces)
        made = {
            "training, step by step": run.animation,
            "before and after": run.path / "before_after.jpg",
            "the same as GIF": run.path / "before_after.gif",
            "report": run.report,
            "SavedModel": run.export / "saved_model",
            "TFLite": run.export / "tflite",
            "page with sliders": run.site,
        }
        _write_page(run, translator)
        # Last, because nothing else needs it.
        write_training_animation(run.animation, run.samples)
        run.finish()
    return {what: path for what, path in made.items() if path.exists()}


def _make_of_two(
    run: RunFolder, classifier: AttributeClassifier, vgg19: str | None
) -> dict[str, Path]:
    """What `make` does of a morph or a mix when its families are there."""
    held_out = run.open_pairs("held_out")
    if not workers.chiefs(run.translator.exists()):
        ends = [pictures(held_out, member, _SHOWN) for member in (0, 1)]
        train(
            run.config,
            run=run,
            source=run.open_pairs("train"),
            perceptual=_perceptual(run.config, classifier, vgg19),
            faces=np.concatenate(ends, axis=-1),
        )
    print("evaluation: pairs of people that training never saw")
    morph = run.config.generator.kind == MORPH
    measure = evaluate_morph if morph else evaluate_mix
    report = measure(of_run(run, run.load_translator()), held_out, run.path)
    for what, numbers in report.items():
        print(what, json.dumps(numbers))
    write_training_animation(run.animation, run.samples)
    run.finish()
    return {
        "training, step by step": run.animation,
        "of both": run.path / ("between.jpg" if morph else "mixed.jpg"),
        "report": run.path / "report.json",
    }


def _help(run: RunFolder, vgg19: str | None) -> None:
    """What a worker does that is not the chief: its share of the training."""
    with lease(run.path, workers.role()):
        if workers.chiefs(0, patient=True):  # meanwhile the chief renders
            return
        train(
            run.config,
            run=run,
            source=run.open_pairs("train"),
            perceptual=_perceptual(run.config, load_classifier(), vgg19),
        )


def _write_page(run: RunFolder, translator: Translator) -> None:
    """The page with sliders, where LiteRT.js can be had."""
    try:
        write_site(translator, run.site)
    except UserError as error:
        print(f"no page with sliders: {error}; later: tf-fsgd web {run.path}")
    else:
        print(f"page with sliders: python -m http.server --directory {run.site}")


def find_perceptual(config: Config, vgg19: str | None) -> Path | None:
    """VGG19's weights, if the config wants them for its perceptual loss.

    Args:
        config: Of the run.
        vgg19: The file, or a folder that holds it; `None`: where it usually is.

    Raises:
        UserError: If they are wanted and not there, or there and not wanted.
    """
    wanted = config.loss.perceptual_network
    if vgg19 is not None and wanted not in ("vgg19", "auto"):
        raise UserError(
            f"vgg19 needs loss.perceptual_network vgg19 or auto, received {wanted}"
        )
    weights = find_vgg19(vgg19) if wanted in ("vgg19", "auto") else None
    if wanted == "vgg19" and weights is None:
        raise UserError(
            "loss.perceptual_network is vgg19, but its weights were not found; "
            "name the file (vgg19) or set loss.perceptual_network=attributes"
        )
    return weights


def _perceptual(
    config: Config, classifier: AttributeClassifier, vgg19: str | None
) -> Perceptual:
    """The network of the perceptual loss, and how its maps are compared."""
    if config.loss.perceptual_network == "lpips":
        lpips = load_lpips()
        return Perceptual(lpips.trunk, lpips.distance_of_maps)
    if (weights := find_perceptual(config, vgg19)) is not None:
        network = vgg19_features(weights)
        map_weights = VGG19_WEIGHTS[: len(network.outputs)]
    elif config.loss.perceptual_network == "readings":
        network = feature_model(classifier, logits=True)
        map_weights = (*FEATURE_WEIGHTS, LOGIT_WEIGHT)
    else:
        side = max(config.pairs.resolution, classifier.size)
        network = feature_model(classifier, side=side)
        map_weights = FEATURE_WEIGHTS
    return Perceptual(network, partial(perceptual_loss, weights=map_weights))
