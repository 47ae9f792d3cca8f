"""What a run is made of: one dataclass a concern, presets, and JSON in the run folder.

`preset("quick")` is the default of `python train.py`; `preset("paper")` holds the
settings of the paper (arXiv 2003.03581: pix2pixHD's own defaults at 512 px, batch 8). A
run writes its `Config` to `config.json` before it does anything else; resume, export
and evaluation read it back, so that no flag has to be typed twice.
"""

import dataclasses
import typing
from dataclasses import dataclass, field
from pathlib import Path

from tf_fsgd.errors import UserError
from tf_fsgd.files import read_json, write_json


@dataclass
class TeacherConfig:
    """The generator that renders both sides of a pair."""

    checkpoint: str = "mobile-ffhq"  # the embedded MobileStyleGAN
    truncation_psi: float = 0.7  # the official commands' value
    batch_size: int = 4  # faces rendered at once


@dataclass
class PairsConfig:
    """How A/B pairs are made and chosen (paper, section 3)."""

    count: int = 640  # pairs to keep for training
    held_out: int = 32  # further pairs, never trained on: sample grids, evaluation
    resolution: int = 128  # side in pixels at which pairs are stored
    strength: float = 3.0  # edit, in standard deviations of w along the direction
    renders: int = 2  # images a candidate: 2 (the ends) or 5 (the paper's)
    confidence: float = 0.9  # probability that both ends must reach in their classes
    preselect: float = 0.9  # linear reading of w that a candidate must reach; 0: all
    folder: str = ""  # a folder of A/B images to train on instead of rendering


@dataclass
class GeneratorConfig:
    """The translator."""

    kind: str = "global"  # "global" or "local" (GlobalGenerator, LocalEnhancer)
    filters: int = 24  # channels at full resolution ("ngf")
    downsamplings: int = 3
    blocks: int = 5  # residual blocks at the lowest resolution
    norm: str = "none"  # "none" or "instance"
    residual: bool = True  # output = input + predicted change
    strided_ends: bool = (
        True  # the outermost convolutions halve and double by themselves
    )


@dataclass
class DiscriminatorConfig:
    """The multiscale PatchGAN discriminator."""

    filters: int = 32  # "ndf"
    layers: int = 3  # strided convolutions of each PatchGAN ("n_layers_D")
    scales: int = 2  # "num_D"


@dataclass
class LossConfig:
    """Weights of the generator's losses; 0 leaves a loss out."""

    adversarial: float = 1.0
    feature_matching: float = 10.0
    perceptual: float = 10.0
    perceptual_network: str = "attributes"  # "attributes", "vgg19", or "auto"
    pixel: float = 0.0  # L1


@dataclass
class AugmentationConfig:
    """What closes the gap between generated and real faces; one draw for A and B."""

    flip: bool = True
    rotation: float = 4.0  # largest angle in degrees
    crop: float = 0.08  # largest share of the side that a crop removes
    colour: float = 0.15  # largest change of brightness, contrast and saturation
    blur: float = 0.3  # probability of a blur of both sides
    jpeg: float = 0.3  # probability of JPEG artefacts in A


@dataclass
class TrainingConfig:
    """The loop. Work is counted in images of type A shown to the network."""

    images: int = 12_000  # in all; the last `decay` of them with falling learning rate
    decay: float = 0.5  # share of `images` over which the rate falls linearly to 0
    batch_size: int = 8
    learning_rate: float = 2e-4
    beta_1: float = 0.5
    ema_decay: float = 0.995  # per step
    precision: str = "auto"  # "auto", "float32", "mixed_bfloat16", "mixed_float16"
    sample_every: int = 1_000  # images between two sample grids
    checkpoint_every: int = 1_000  # images between two checkpoints
    log_every: int = 200  # images between two log lines


@dataclass
class Config:
    """All of a run."""

    preset: str = "quick"
    edit: str = "feminine"
    seed: int = 0
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def save(self, path: str | Path) -> None:
        """Writes the config as JSON."""
        write_json(path, dataclasses.asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> "Config":
        """Reads a config that `save` wrote.

        Raises:
            UserError: If the file is missing, no JSON, or has a field that is unknown
                or of the wrong type.
        """
        return _from_dict(cls, read_json(path), str(path))


def override(config: Config, assignment: str) -> None:
    """Sets one field in place.

    Args:
        config: What to change.
        assignment: Such as `training.images=4000` or `edit=smile`.

    Raises:
        UserError: If it is no assignment, the field is unknown, or the value does not
            fit its type.
    """
    key, equals, text = assignment.partition("=")
    *path, name = key.strip().split(".")
    owner: typing.Any = config
    for part in path:
        owner = getattr(owner, part, None)
    known = dataclasses.is_dataclass(owner)
    types = typing.get_type_hints(type(owner)) if known else {}
    if not equals or name not in types or dataclasses.is_dataclass(types[name]):
        raise UserError(
            f"--set must look like training.images=4000, received {assignment!r}"
        )
    parse = _parse_bool if types[name] is bool else types[name]
    try:
        setattr(owner, name, parse(text.strip()))
    except ValueError:
        raise UserError(
            f"--set {key}: must be {types[name].__name__}, received {text!r}"
        ) from None


def _parse_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _from_dict(cls: type, values: typing.Any, where: str) -> typing.Any:
    if not isinstance(values, dict):
        raise UserError(f"{where}: expected an object, received {values!r}")
    types = typing.get_type_hints(cls)
    arguments = {}
    for name, value in values.items():
        if name not in types:
            raise UserError(
                f"{where}: unknown field {name!r}; known: {', '.join(types)}"
            )
        if dataclasses.is_dataclass(types[name]):
            value = _from_dict(types[name], value, f"{where}: {name}")
        elif types[name] is float and type(value) is int:
            value = float(value)
        elif type(value) is not types[name]:
            raise UserError(
                f"{where}: {name} must be {types[name].__name__}, received {value!r}"
            )
        arguments[name] = value
    return cls(**arguments)


def _paper() -> Config:
    return Config(
        preset="paper",
        teacher=TeacherConfig(),
        pairs=PairsConfig(
            count=50_000, held_out=200, resolution=512, renders=5, preselect=0.0
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
        loss=LossConfig(perceptual_network="vgg19", pixel=0.0),
        augmentation=AugmentationConfig(
            flip=True, rotation=0.0, crop=0.0, colour=0.0, blur=0.0, jpeg=0.0
        ),
        training=TrainingConfig(
            images=200 * 50_000,  # 100 epochs at a constant rate, 100 falling to 0
            ema_decay=0.0,
            sample_every=50_000,
            checkpoint_every=10_000,
            log_every=1_000,
        ),
    )


PRESETS = {"quick": Config, "paper": _paper}


def preset(name: str) -> Config:
    """A fresh config.

    Args:
        name: A key of `PRESETS`.

    Raises:
        UserError: If there is no such preset.
    """
    if name not in PRESETS:
        raise UserError(
            f"--preset must be one of {', '.join(PRESETS)}, received {name!r}"
        )
    return PRESETS[name]()
