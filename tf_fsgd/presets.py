"""Configs with a name: what `train.py --preset` offers.

`quick` is the default of `python train.py`; `paper` holds the settings of the paper
(arXiv 2003.03581: pix2pixHD's own defaults at 512 px, batch 8); `mobile-128` and
`mobile-256` make one small network for several edits with sliders.
"""

import functools
from collections.abc import Callable

from tf_fsgd.config import (
    AugmentationConfig,
    Config,
    DiscriminatorConfig,
    GeneratorConfig,
    LossConfig,
    PairsConfig,
    TeacherConfig,
    TrainingConfig,
)
from tf_fsgd.errors import UserError


def _paper() -> Config:
    return Config(
        preset="paper",
        teacher=TeacherConfig(),
        pairs=PairsConfig(
            count=50_000,
            held_out=200,
            resolution=512,
            renders=5,
            confidence=0.9,
            preselect=0.0,
            head_only=False,
        ),
        generator=GeneratorConfig(
            filters=64,
            downsamplings=4,
            blocks=9,
            norm="instance",
            residual=False,
            strided_ends=False,
        ),
        discriminator=DiscriminatorConfig(filters=64, layers=3, scales=2),
        loss=LossConfig(
            feature_matching=10.0, perceptual_network="vgg19", pixel=0.0, unchanged=0.0
        ),
        augmentation=AugmentationConfig(
            flip=True, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0
        ),
        training=TrainingConfig(
            images=200 * 50_000,  # 100 epochs at a constant rate, 100 falling to 0
            batch_size=8,
            learning_rate=2e-4,
            discriminator_learning_rate=2e-4,
            ema_decay=0.0,
            sample_every=50_000,
            checkpoint_every=10_000,
            log_every=1_000,
        ),
    )


def _mobile(resolution: int) -> Config:
    return Config(
        preset=f"mobile-{resolution}",
        edit="feminine,older,smile",
        teacher=TeacherConfig(truncation_psi=0.75),
        pairs=PairsConfig(count=1_984, held_out=64, resolution=resolution, wide=0.5),
        generator=GeneratorConfig(
            kind="modulated",
            filters=64,
            blocks=4,
            side_blocks=3,
            detail_blocks=2,
            finest_blocks=3,
            # The trunk is the same at every resolution, so that 256 grows from 128.
            patch=resolution // 32,
            strided_ends=False,
        ),
        discriminator=DiscriminatorConfig(
            filters=48,
            layers=3,
            patch=resolution // 128,
            norm="none",
            sees="change",
        ),
        # Features at full size: halved first, as for the logits, a weave of two pixels
        # costs nothing.
        loss=LossConfig(
            perceptual=15.0, perceptual_network="attributes", equivariance=10.0
        ),
        # Photos are lit and coloured in more ways than the teacher's faces.
        augmentation=AugmentationConfig(
            rotation=8.0, crop=0.12, colour=0.25, cover=0.2
        ),
        training=TrainingConfig(
            images=100_000,
            learning_rate=5e-4,
            discriminator_learning_rate=4e-4,
            ema_decay=0.999,
            largest_norm=10.0,  # three times what is usual
            sample_every=4_000,
            checkpoint_every=2_000,
        ),
    )


PRESETS: dict[str, Callable[[], Config]] = {
    "quick": Config,
    "paper": _paper,
    "mobile-128": functools.partial(_mobile, 128),
    "mobile-256": functools.partial(_mobile, 256),
}


def preset(name: str) -> Config:
    """A fresh config.

    Args:
        name: A key of `PRESETS`.

    Raises:
        UserError: If there is no such preset.
    """
    if name not in PRESETS:
        raise UserError(
            f"preset must be one of {', '.join(PRESETS)}, received {name!r}"
        )
    return PRESETS[name]()
