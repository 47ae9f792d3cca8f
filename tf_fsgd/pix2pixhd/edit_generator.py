"""The conditional translator: several edits, each with a strength, in one network.

    image ─ patches ─ 1/2 ─ blocks ─ 1/4 ─ blocks ─ 1/2 ─ blocks ─ patches ─ change
      │        └──────┴────────────── added ─────────┴─────────┬───┘
      ├─ patches of half the side ─ added ─ blocks ─ detail    │
      │                               └─────────┬──────────────┘
      └─ patches of a quarter ───────── added ─ blocks ─ fine
    output = image + gate(strengths) * (change + detail + fine)

* Every block is modulated by an embedding of the strengths (`modulation.py`), and half
  of its channels belong to one end of one axis each; nothing is normalised by its own
  statistics, so there is nothing to smuggle past in a blob.
* The gate is exactly 0 at strength 0: the slider's rest is the photo itself.
* Patches of pixels become channels at both ends (space to depth), so that no map is
  larger than 64 x 64 in the mobile presets: on a phone's CPU large maps cost more time
  than their few multiplications suggest.
* A patch of 8 x 8 pixels has 192 values and `filters` channels: enough to say what
  should be there, too few to take a beard away, which needs every hair's place. So the
  last blocks see patches of half the side, and of a quarter, with more channels than
  values.
* What is fine in a face is mostly there already. So the finest part does not only paint
  (three values of colour a pixel); it also says how much of the photo's own texture to
  take away or to deepen (`modulation.Texture`): a beard goes, a wrinkle comes, sharp.

Blocks are depthwise-separable and start close to identity. The output is not clipped
(see `generator.py`).
"""

import keras
from keras import layers

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.layers import DepthToSpace, SpaceToDepth
from tf_fsgd.pix2pixhd.modulation import (
    Ends,
    EndScale,
    Gate,
    ModulatedConv2D,
    Texture,
)

_EMBEDDING = 48
_FINE_BLOCKS = 2  # at the end, where a position is a patch
_DETAIL = 0.75  # channels where a position is half a patch, of `filters`
_FINE = 0.5  # where it is a quarter
_BANDS = (2, 8)  # of texture, their coarser ends in sides of a quarter patch
PAINT_AND_GAINS = 3 + len(_BANDS)  # values of a pixel in the finest part
_EXPANSION = 2  # of channels inside a block
_TYPICAL_STRENGTH = 2.0  # standard deviations; brings the inputs to the order of 1
_SMALL = 0.1  # variance that a new branch adds
CHANGE = 0.2  # of a unit of the last layer, whose first steps would tear pictures up


def edit_generator(config: GeneratorConfig, resolution: int, edits: int) -> keras.Model:
    """The conditional translator.

    Args:
        config: `patch` pixels of a side become channels; `filters` for a patch, doubled
            at each of two halvings; `blocks` at the lowest resolution, `side_blocks` on
            the way down and on the way up; `detail_blocks` on half patches,
            `finest_blocks` on quarters.
        resolution: Side of the image in pixels, a multiple of 4 patches.
        edits: E, how many directions have a strength.

    Returns:
        A model from `[image, strengths]`, `[N, R, R, 3]` in [-1, 1] and `[N, E]` in
        standard deviations of w, to an image `[N, R, R, 3]`, float32.

    Raises:
        UserError: As `GeneratorConfig.check`.
    """
    config.check(resolution)
    image = keras.Input((resolution, resolution, 3), name="image")
    strengths = keras.Input((edits,), name="strengths")
    ends = Ends(1 / _TYPICAL_STRENGTH, name="ends")(strengths)
    change = predicted_change(image, [image], ends, config)
    gate = Gate(dtype="float32", name="gate")(strengths)
    change = layers.Multiply(dtype="float32", name="gated")([change, gate])
    translated = layers.Add(dtype="float32", name="translated")([image, change])
    return keras.Model([image, strengths], translated, name="edit_generator")


def predicted_change(image, faces, ends, config: GeneratorConfig):
    """The change that is asked for, not yet gated.

    Args:
        image: `[N, R, R, 3 F]`, what the network reads: the faces in channels.
        faces: F times `[N, R, R, 3]`, each of whose texture the finest part has gains.
        ends: `[N, K]`, not negative, what the blocks are modulated by.
        config: As `edit_generator` takes it.

    Returns:
        `[N, R, R, 3]`, 0 everywhere before training.
    """
    asked = (ends, _embed(ends))
    quarter = _convolve(
        SpaceToDepth(config.patch, name="unfold")(image), config.filters, 3, "stem"
    )
    eighth = _convolve(quarter, 2 * config.filters, 3, "down1", strides=2)
    for number in range(1, config.side_blocks + 1):
        eighth = _block(eighth, asked, f"down1_block{number}")
    x = _convolve(eighth, 4 * config.filters, 3, "down2", strides=2)
    for number in range(1, config.blocks + 1):
        x = _block(x, asked, f"block{number}")
    x = _double(x, 2 * config.filters, "up1")
    x = layers.Add(name="up1_join")([x, eighth])
    for number in range(1, config.side_blocks + 1):
        x = _block(x, asked, f"up1_block{number}")
    x = _double(x, config.filters, "up2")
    x = layers.Add(name="up2_join")([x, quarter])
    for number in range(1, _FINE_BLOCKS + 1):
        x = _block(x, asked, f"up2_block{number}")
    change = _pixels(x, config.patch, "change")
    if config.detail_blocks:
        x, detail = _detail(x, image, asked, config)
        change = layers.Add(dtype="float32", name="change_and_detail")([change, detail])
    if config.finest_blocks:
        finest = _finest(x, image, faces, asked, config)
        change = layers.Add(dtype="float32", name="change_and_finest")(
            [change, *finest]
        )
    return change


def _detail(x, image, asked, config: GeneratorConfig):
    """A change decided where a position is half a patch."""
    patch, filters = config.patch // 2, int(_DETAIL * config.filters)
    x = _double(x, filters, "detail_up")
    fine = _convolve(
        SpaceToDepth(patch, name="detail_unfold")(image), filters, 3, "detail_stem"
    )
    x = layers.Add(name="detail_join")([x, fine])
    for number in range(1, config.detail_blocks + 1):
        x = _block(x, asked, f"detail_block{number}")
    return x, _pixels(x, patch, "detail")


def _finest(x, image, faces, asked, config: GeneratorConfig):
    """Changes decided where a position is a quarter of a patch: paint and texture."""
    patch, filters = config.patch // 4, int(_FINE * config.filters)
    x = _double(x, filters, "finest_up")
    own = image
    if patch > 1:
        own = SpaceToDepth(patch, name="finest_unfold")(image)
    own = _convolve(own, filters, 3, "finest_stem")
    x = layers.Add(name="finest_join")([x, own])
    for number in range(1, config.finest_blocks + 1):
        x = _block(x, asked, f"finest_block{number}")
    windows = [patch * band + 1 for band in _BANDS]
    changes = []
    for name, face in zip(("finest", "finest_other"), faces, strict=False):
        values = _pixels(x, patch, name, PAINT_AND_GAINS)
        texture = Texture(windows, dtype="float32", name=f"{name}_texture")
        changes.append(texture([values, face]))
    return changes


def _embed(x):
    for number in (1, 2):
        x = layers.Dense(
            _EMBEDDING,
            activation="relu",
            kernel_initializer="he_normal",
            name=f"embed{number}",
        )(x)
    return x


def _convolve(x, filters: int, kernel: int, name: str, strides: int = 1):
    return layers.Conv2D(
        filters,
        kernel,
        strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _block(x, asked, name: str):
    """Depthwise, modulated expansion, projection; a small change before training."""
    filters = x.shape[-1]
    ends, embedding = asked
    change = layers.DepthwiseConv2D(
        3,
        padding="same",
        # Unit variance; Keras' own rule counts all channels as inputs of each.
        depthwise_initializer=keras.initializers.RandomNormal(stddev=1 / 3),
        name=f"{name}_depthwise",
    )(x)
    change = ModulatedConv2D(_EXPANSION * filters, name=f"{name}_expand")(
        [change, embedding]
    )
    change = layers.ReLU(name=f"{name}_relu")(change)
    change = EndScale(name=f"{name}_ends")([change, ends])
    change = layers.Conv2D(
        filters,
        1,
        kernel_initializer=keras.initializers.VarianceScaling(_SMALL, "fan_in"),
        name=f"{name}_project",
    )(change)
    return layers.Add(name=f"{name}_add")([x, change])


def _double(x, filters: int, name: str):
    x = layers.Conv2D(
        4 * filters, 1, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    return DepthToSpace(2, name=name)(x)


def _pixels(x, patch: int, name: str, values: int = 3):
    """A change of pixels, nothing before training."""
    change = layers.Conv2D(
        values * patch**2,
        3,
        padding="same",
        kernel_initializer="zeros",
        name=f"{name}_conv",
    )(x)
    change = layers.Rescaling(CHANGE, dtype="float32", name=f"{name}_scale")(change)
    if patch == 1:
        return change
    return DepthToSpace(patch, dtype="float32", name=name)(change)
