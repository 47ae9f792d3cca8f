"""Before a run: what the user has to change is found here, in the first seconds.

Rendering and training take minutes to days, and a mistake must leave no run folder.
"""

import os
import sys
from pathlib import Path

from tf_fsgd.attributes.model import (
    FEATURE_WEIGHTS,
    LOGIT_WEIGHT,
    AttributeClassifier,
    feature_model,
)
from tf_fsgd.config import Config
from tf_fsgd.errors import UserError
from tf_fsgd.images.finding import print_left_out
from tf_fsgd.pairs.folder import check_folder
from tf_fsgd.pairs.render import check_rendering, settle_axes
from tf_fsgd.pix2pixhd.perceptual import VGG19_WEIGHTS, find_vgg19, vgg19_features
from tf_fsgd.stylegan2.loading import load_teacher
from tf_fsgd.training.runfolder import RunFolder, unfinished_or_new
from tf_fsgd.training.step import Perceptual
from tf_fsgd.training.translator import default_units, load_translator


def begin(
    config: Config,
    runs: str | os.PathLike,
    vgg19: str | os.PathLike | None = None,
) -> RunFolder:
    """The run of a config to go on with, or a new one.

    Args:
        config: What it leaves open is filled in, and its paths become absolute.
        runs: The folder of all runs.
        vgg19: As for `find_perceptual`.

    Raises:
        UserError: If no run could come of the config.
    """
    pairs = config.pairs
    config.check()
    if pairs.folder:
        pairs.folder = str(Path(pairs.folder).resolve())
        note = check_folder(
            pairs.folder, pairs.resolution, pairs.held_out, left_out=print_left_out
        )
        if note:
            print(f"warning: {note}", file=sys.stderr)
    else:
        axes = settle_axes(config)
        check_rendering(config, load_teacher(config.teacher.checkpoint), axes)
    if config.training.start_from:
        _check_start(config)
    find_perceptual(config, vgg19)
    return unfinished_or_new(runs, config)


def _check_start(config: Config) -> None:
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


def find_perceptual(config: Config, vgg19: str | os.PathLike | None) -> Path | None:
    """VGG19's weights, if the config wants them for its perceptual loss.

    Args:
        config: Its `loss`.
        vgg19: As `find_vgg19` takes it.

    Raises:
        UserError: If they are wanted and not found, or given and not wanted.
    """
    wanted = config.loss.perceptual_network
    if vgg19 is not None and wanted not in ("vgg19", "auto"):
        raise UserError(
            f"--vgg19 needs loss.perceptual_network vgg19 or auto, received {wanted}"
        )
    weights = find_vgg19(vgg19) if wanted in ("vgg19", "auto") else None
    if wanted == "vgg19" and weights is None:
        raise UserError(
            "loss.perceptual_network is vgg19, but its weights were not found; "
            "name the file by --vgg19 or set loss.perceptual_network=attributes"
        )
    return weights


def perceptual_of(
    config: Config, classifier: AttributeClassifier, vgg19: str | os.PathLike | None
) -> Perceptual:
    """The network of the perceptual loss and the weight of each of its maps.

    Args:
        config: Its `loss`.
        classifier: Whose features are the loss where VGG19's are not.
        vgg19: As for `find_perceptual`.

    Raises:
        UserError: As `find_perceptual`.
    """
    if (weights := find_perceptual(config, vgg19)) is not None:
        features = vgg19_features(weights)
        return features, VGG19_WEIGHTS[: len(features.outputs)]
    if config.loss.perceptual_network == "readings":
        weights = (*FEATURE_WEIGHTS, LOGIT_WEIGHT)
        return feature_model(classifier, logits=True), weights
    return feature_model(classifier), FEATURE_WEIGHTS
