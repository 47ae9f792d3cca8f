"""Configs with a name: what `train.py --preset` offers.

`slider` is the default of `python train.py`: one edit, learnt by the shipped network.
`quick` learns one from nothing, in the same quarter of an hour; `paper` holds the
settings of the paper (arXiv 2003.03581: pix2pixHD's own defaults at 512 px, batch 8);
`mobile-128` and `mobile-256` make one small network for several edits with sliders;
`morph` makes one for the faces between two people, `mix` one for a face in the colours
of another.
"""

from typing import Any

from tf_fsgd.config import MIX, MORPH, Config
from tf_fsgd.errors import UserError
from tf_fsgd.settings import from_dict

_PAPER: dict[str, Any] = {
    "pairs": dict(
        count=50_000,
        held_out=200,
        resolution=512,
        head_only=False,
        renders=5,
        confidence=0.9,
        preselect=0.0,
    ),
    "generator": dict(
        filters=64,
        downsamplings=4,
        blocks=9,
        norm="instance",
        residual=False,
        strided_ends=False,
    ),
    "discriminator": dict(filters=64),
    "loss": dict(
        feature_matching=10.0, perceptual_network="vgg19", pixel=0.0, unchanged=0.0
    ),
    "augmentation": dict(rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0),
    "training": dict(
        images=200 * 50_000,  # 100 epochs at a constant rate, 100 falling to 0
        batch_size=8,
        learning_rate=2e-4,
        discriminator_learning_rate=2e-4,
        ema_decay=0.0,
        sample_every=50_000,
        checkpoint_every=10_000,
        log_every=1_000,
    ),
}


def _mobile(resolution: int) -> dict[str, Any]:
    return {
        "edit": "feminine,older,smile",
        "teacher": dict(truncation_psi=0.75),
        "pairs": dict(count=1_984, held_out=64, resolution=resolution, wide=0.5),
        "generator": dict(
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
        "discriminator": dict(
            filters=48, patch=resolution // 128, norm="none", sees="change"
        ),
        # At full size: halved first, as for a classifier, a weave of two pixels costs
        # nothing.
        "loss": dict(perceptual=20.0, perceptual_network="lpips", equivariance=10.0),
        # Photos are lit and coloured in more ways than the teacher's faces.
        "augmentation": dict(rotation=8.0, crop=0.12, colour=0.25, cover=0.2),
        "training": dict(
            images=100_000,
            learning_rate=5e-4,
            discriminator_learning_rate=4e-4,
            ema_decay=0.999,
            largest_norm=10.0,  # three times what is usual
            sample_every=4_000,
            checkpoint_every=2_000,
        ),
    }


def _slider() -> dict[str, Any]:
    """A new edit on the shipped trunk, which knows faces already."""
    mobile = _mobile(128)
    return mobile | {
        "edit": "feminine",
        "pairs": mobile["pairs"] | dict(count=256, held_out=32, wide=0.0),
        "training": mobile["training"]
        | dict(
            start_from="mobile-128",
            images=5_000,
            learning_rate=3e-4,
            ema_decay=0.995,
            sample_every=1_000,
            checkpoint_every=1_000,
        ),
    }


def _morph() -> dict[str, Any]:
    """The shipped trunk, which learns to look at two faces at once."""
    mobile = _mobile(128)
    return mobile | {
        "edit": MORPH,
        "pairs": mobile["pairs"] | dict(count=768, held_out=48),
        "generator": mobile["generator"] | dict(kind="morph"),
        # All of the picture is the teacher's.
        "loss": mobile["loss"] | dict(unchanged=0.0, equivariance=0.0),
        "augmentation": mobile["augmentation"] | dict(cover=0.0),
        "training": mobile["training"]
        | dict(
            start_from="mobile-128",
            images=30_000,
            ema_decay=0.998,
            sample_every=2_000,
            checkpoint_every=1_000,
        ),
    }


def _mix() -> dict[str, Any]:
    """The same trunk, whose strengths an encoder reads off a second face."""
    morph = _morph()
    return morph | {
        "edit": MIX,
        "generator": morph["generator"] | dict(kind="mix"),
        "training": morph["training"] | dict(images=20_000),
    }


DEFAULT = "slider"
FROM_NOTHING = "quick"

PRESETS: dict[str, dict[str, Any]] = {
    "slider": _slider(),
    "quick": {},
    "paper": _PAPER,
    "mobile-128": _mobile(128),
    "mobile-256": _mobile(256),
    "morph": _morph(),
    "mix": _mix(),
}
"""What each has otherwise than `Config`'s defaults."""


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
    return from_dict(Config, {"preset": name, **PRESETS[name]}, f"preset {name}")
