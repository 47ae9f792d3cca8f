"""What a run is made of: one dataclass a concern, saved as JSON in the run folder.

A run writes its `Config` to `config.json` before it does anything else; resume, export
and evaluation read it back, so that no flag has to be typed twice. Named ones are in
`presets.py`.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

from annotated_types import Interval

from tf_fsgd.config_formats import FORMAT, migrated
from tf_fsgd.edits import default_units, name_of, teacher_unit
from tf_fsgd.errors import UserError
from tf_fsgd.settings import (
    BelowOne,
    Count,
    Natural,
    Positive,
    Settings,
    Share,
    Weight,
    check_fields,
    from_dict,
)
from tf_fsgd.storage.files import read_json, write_json

SEEDS_A_RUN = 1_000_000  # candidate seeds that belong to one `Config.seed`
MORPH, MIX = "morph", "mix"  # generators of two faces; each the only "edit" of its kind
_SEEDS = 2**32  # that NumPy's RandomState takes
_LEAST_FOR_LPIPS = 32  # pixels; of less SqueezeNet's last maps are empty
Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
PRECISIONS = get_args(Precision)


@dataclass
class TeacherConfig(Settings):
    """The generator that renders both sides of a pair."""

    checkpoint: str = "mobile-ffhq"  # a name or a file, see stylegan2.loading
    truncation_psi: Positive = 0.7  # the official commands' value
    batch_size: Count = 4  # faces rendered at once


@dataclass
class PairsConfig(Settings):
    """How A/B pairs are made and chosen (paper, section 3).

    A modulated generator learns from whole families instead (`pairs.whole`): they are
    counted by `count` and `held_out` and are not chosen from, so that renders,
    confidence and preselect say nothing about them, and strength is the largest of a
    direction of the user's own; they are always head_only.
    """

    count: Count = 448  # pairs to keep for training
    # Further pairs, never trained on: sample grids, evaluation, export's comparison.
    held_out: Count = 32
    resolution: Annotated[int, Interval(ge=16)] = 128  # side in pixels, as stored
    # Of the edit, in standard deviations of w along the direction; 0: what suits it.
    strength: Weight = 0.0
    # Images a candidate: 2 (the ends) or 5 (the paper's).
    renders: Literal[2, 5] = 2
    # Probability that both ends must reach in their classes.
    confidence: Annotated[float, Interval(gt=0.5, lt=1)] = 0.8
    # Linear reading of w that a candidate must reach; 0: all.
    preselect: BelowOne = 0.9
    # B is the teacher's picture inside the head, A's own pixels elsewhere, and the edit
    # spares the coarsest rows of W+, which move pose and outline.
    head_only: bool = True
    # Share of whole families that show what truncation leaves out: rarer faces, turned
    # heads, other expressions.
    wide: Share = 0.0
    folder: str = ""  # a folder of A/B images to train on instead of rendering


@dataclass
class GeneratorConfig(Settings):
    """The translator."""

    # GlobalGenerator, LocalEnhancer, one network for several edits and strengths, one
    # for the faces between two people, or one for a face in the colours of another.
    kind: Literal["global", "local", "modulated", "morph", "mix"] = "global"
    filters: Count = 24  # channels at full resolution ("ngf")
    downsamplings: Natural = 3
    blocks: Natural = 5  # residual blocks at the lowest resolution
    # Modulated only: the same at twice that, on either side.
    side_blocks: Natural = 4
    # Modulated only: pixels of a side that become channels at both ends.
    patch: Count = 4
    # Modulated only: residual blocks on patches of half the side; 0: no such part.
    detail_blocks: Natural = 0
    # Modulated only: the same on patches of a quarter; needs the detail part.
    finest_blocks: Natural = 0
    norm: Literal["none", "instance"] = "none"
    residual: bool = True  # output = input + predicted change
    # The outermost convolutions halve and double by themselves.
    strided_ends: bool = True

    @property
    def faces(self) -> int:
        """How many faces it takes, side by side in channels."""
        return 2 if self.kind in (MORPH, MIX) else 1

    def check(self, resolution: int) -> None:
        """Refuses what no network can be built from.

        Args:
            resolution: Side in pixels of the images to translate.

        Raises:
            UserError: If a field breaks its rule, fields do not go together, or
                `resolution` cannot be halved as often as the network halves it.
        """
        check_fields(self, "generator")
        if self.kind == "modulated" or self.faces > 1:
            multiple = 4 * self.patch
            if resolution < 2 * multiple or resolution % multiple:
                raise UserError(
                    f"pairs.resolution must be a multiple of {multiple}, at least "
                    f"{2 * multiple}, for generator.patch {self.patch}, received "
                    f"{resolution}"
                )
            if self.detail_blocks and (self.patch % 2 or self.patch < 4):
                raise UserError(
                    "generator.patch must be even, at least 4, with "
                    f"generator.detail_blocks, received {self.patch}"
                )
            if self.finest_blocks and (self.patch % 4 or not self.detail_blocks):
                raise UserError(
                    "generator.finest_blocks needs generator.detail_blocks and a "
                    "generator.patch that is a multiple of 4, received "
                    f"{self.detail_blocks} and {self.patch}"
                )
            return
        if self.strided_ends and (self.kind == "local" or self.downsamplings < 1):
            raise UserError(
                "generator.strided_ends needs generator.kind global and at least one "
                f"of generator.downsamplings, received {self.kind} and "
                f"{self.downsamplings}"
            )
        if self.strided_ends and self.filters % 2:
            raise UserError(
                "generator.filters must be even with generator.strided_ends, "
                f"received {self.filters}"
            )
        halvings = self.downsamplings + (self.kind == "local")
        multiple = _power_of_two(halvings, resolution)
        # A mirrored border needs more pixels than it adds: 1 at the lowest resolution,
        # 3 at the highest (of the halved image in a LocalEnhancer).
        least = max(2 * multiple, 8)
        if resolution < least or resolution % multiple:
            raise UserError(
                f"pairs.resolution must be a multiple of {multiple}, at least {least}, "
                f"for {halvings} halvings, received {resolution}"
            )


def _power_of_two(exponent: int, resolution: int) -> int:
    """2 to this power; of one with hundreds of digits, one beyond `resolution`."""
    return 2 ** min(exponent, max(resolution.bit_length(), 64))


@dataclass
class DiscriminatorConfig(Settings):
    """The multiscale PatchGAN discriminator."""

    filters: Count = 32  # "ndf"
    # Strided convolutions of each PatchGAN ("n_layers_D").
    layers: Count = 3
    scales: Count = 2  # "num_D"
    # Pixels of a side that become channels first. Small maps: a third of the time.
    patch: Count = 1
    norm: Literal["none", "instance"] = "instance"
    # What it is shown beside the source.
    sees: Literal["change", "image"] = "image"

    def check(self, resolution: int) -> None:
        """Refuses what no network can be built from.

        Args:
            resolution: Side in pixels of the images to judge.

        Raises:
            UserError: If a field breaks its rule or `resolution` is too small for the
                scales.
        """
        check_fields(self, "discriminator")
        side = _power_of_two(self.scales - 1, resolution) * self.patch
        least = 4 * side
        if resolution < least:
            raise UserError(
                f"pairs.resolution must be at least {least} for {self.scales} "
                f"discriminator scales, received {resolution}"
            )
        multiple = side if self.patch > 1 else 1
        if resolution % multiple:
            raise UserError(
                f"pairs.resolution must be a multiple of {multiple} for "
                f"discriminator.patch {self.patch} at {self.scales} scales, received "
                f"{resolution}"
            )


@dataclass
class LossConfig(Settings):
    """Weights of the generator's losses; 0 leaves a loss out."""

    adversarial: Weight = 1.0
    feature_matching: Weight = 4.0
    perceptual: Weight = 10.0
    # Features of the attribute classifier at full size, the same at its own size with
    # its logits, LPIPS's, or VGG19's.
    perceptual_network: Literal["attributes", "readings", "lpips", "vgg19", "auto"] = (
        "readings"
    )
    pixel: Weight = 10.0  # L1
    # L1 once more where source and target agree: what the edit should leave alone.
    unchanged: Weight = 20.0
    # L1 between the output moved and the output of the photo moved, by some pixels.
    equivariance: Weight = 0.0


@dataclass
class AugmentationConfig(Settings):
    """What closes the gap between generated and real faces; one draw for A and B."""

    flip: bool = True
    rotation: Annotated[float, Interval(ge=0, le=180)] = 4.0  # largest angle in degrees
    # Largest share of the side that a crop removes.
    crop: BelowOne = 0.08
    # Largest change of brightness, contrast and saturation.
    colour: Share = 0.15
    blur: Share = 0.3  # probability of a blur of both sides
    # Probability of noise and JPEG artefacts of both sides.
    jpeg: Share = 0.3
    # Probability of a hand, a microphone, sunglasses... in front of both faces.
    cover: Share = 0.0


@dataclass
class TrainingConfig(Settings):
    """The loop. Work is counted in images of type A shown to the network."""

    # A run or a shipped translator whose weights a modulated generator starts from.
    start_from: str = ""
    images: Count = 8_500  # in all
    # Share of `images`, at the end, over which the rate falls linearly to 0.
    decay: Share = 0.5
    batch_size: Count = 4
    learning_rate: Positive = 3e-4  # of the generator
    discriminator_learning_rate: Positive = 5e-5
    beta_1: BelowOne = 0.5
    ema_decay: Share = 0.995  # per step
    # Longest gradient of a network, where longer ones are scaled down; 0: any.
    largest_norm: Weight = 0.0
    precision: Precision = "auto"
    sample_every: Count = 1_000  # images between two sample grids
    checkpoint_every: Count = 1_000  # between two checkpoints
    log_every: Count = 200  # between two log lines


@dataclass
class Config(Settings):
    """All of a run."""

    preset: str = "quick"
    # One edit; for a modulated generator one or several with commas between; with
    # `pairs.folder` only a name, by default the folder's.
    edit: str = "feminine"
    seed: Annotated[int, Interval(ge=0, le=_SEEDS // SEEDS_A_RUN - 1)] = 0
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    pairs: PairsConfig = field(default_factory=PairsConfig)
    generator: GeneratorConfig = field(default_factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @property
    def edits(self) -> tuple[str, ...]:
        """The edits of `edit`: names, or directions' files."""
        if self.generator.kind != "modulated":
            return (self.edit,)
        return tuple(edit.strip() for edit in self.edit.split(","))

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of what the translator takes strengths of; none if its edit is fixed.

        Each is an axis of W with two ends: "smile" at a negative strength frowns.
        """
        if self.generator.kind != "modulated" and self.generator.faces == 1:
            return ()
        return tuple(map(name_of, self.edits))

    @property
    def units(self) -> dict[str, float]:
        """What can be asked of the translator: strength 1 of each edit.

        In standard deviations of w: of both ends of every axis two thirds of the most
        that families show, of one fixed edit all of it.
        """
        if self.pairs.folder:
            # Nobody knows what these pairs show, whatever the config calls its edit.
            return {Path(self.pairs.folder).name: 1.0}
        if self.generator.faces > 1:
            return {self.edit: 1.0}
        if not self.axes:
            unit = self.pairs.strength or teacher_unit(self.edit, self.pairs.head_only)
            return {name_of(self.edit): unit}
        return default_units(self.edits, self.pairs.strength)

    @property
    def choice(self) -> str:
        """How faces to train on are chosen: "certain" pairs or "whole" families.

        Or "two" people and the faces between them, a "mix" of two, or those of the
        user's own "folder".
        """
        if self.pairs.folder:
            return "folder"
        if self.generator.faces > 1:
            return "two" if self.generator.kind == MORPH else MIX
        return "whole" if self.axes else "certain"

    def check(self) -> None:
        """Refuses values that would fail later, or train something else.

        Raises:
            UserError: If a field breaks its rule, or fields do not go together.
        """
        check_fields(self)
        if self.axes and self.pairs.folder:
            raise UserError(
                "pairs.folder has one edit at one strength, generator.kind "
                f"{self.generator.kind} needs rendered families"
            )
        if self.generator.faces > 1:
            self._check_two_faces()
        if len(set(self.axes)) < len(self.axes) or "" in self.axes:
            raise UserError(f"edit must name different edits, received {self.edit!r}")
        self.generator.check(self.pairs.resolution)
        self.discriminator.check(self.pairs.resolution)
        lpips = self.loss.perceptual and self.loss.perceptual_network == "lpips"
        if lpips and self.pairs.resolution < _LEAST_FOR_LPIPS:
            raise UserError(
                f"pairs.resolution must be at least {_LEAST_FOR_LPIPS} for "
                f"loss.perceptual_network lpips, received {self.pairs.resolution}"
            )

    def _check_two_faces(self) -> None:
        """Refuses what means something for an edit of one face only."""
        kind = self.generator.kind
        if self.edit != kind:
            raise UserError(
                f"edit must be {kind} for generator.kind {kind}, received {self.edit!r}"
            )
        for name, value in (
            ("loss.unchanged", self.loss.unchanged),
            ("augmentation.cover", self.augmentation.cover),
        ):
            if value:
                raise UserError(
                    f"{name} must be 0 for generator.kind {kind}, received {value:g}"
                )

    def save(self, path: str | Path) -> None:
        """Writes the config as JSON, with the version of its format."""
        write_json(path, {"format": FORMAT, **dataclasses.asdict(self)})

    @classmethod
    def load(cls, path: str | Path) -> "Config":
        """Reads a config that `save` wrote, in this version or an earlier one.

        Raises:
            UserError: If the file is missing, no JSON, of an unknown format, or has a
                field that is unknown, of the wrong type, or refused by `check`.
        """
        config = from_dict(cls, migrated(read_json(path), str(path)), str(path))
        try:
            config.check()
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        return config
