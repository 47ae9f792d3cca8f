"""MultiscaleDiscriminator: PatchGANs on ever smaller images (arXiv 1711.11585, 3.1).

Each scale has weights of its own and sees source and image side by side in channels.
All its layers are outputs, for feature matching compares them. Two forms of one
geometry, chosen by `DiscriminatorConfig`:

* `norm="instance", sees="image"` (presets `paper` and `quick`) is the reference.
* `norm="none", sees="change"` (`mobile-*`) is for a residual translator, whose change
  is a small part of an image's values. The reference's form stayed at chance there
  (0.5 and 0.5 of the least squares) from the first thousand images on: instance
  normalisation divides the amplitude of a change away, so that half a change looks like
  a whole one, and with it strengths, which are constant in space; and strengths of up
  to 3.6 drowned a change of 0.05. So the change takes the image's place, eight times as
  large, the strengths are scaled down, nothing is normalised, and weights are He's.
"""

import keras
from keras import initializers, layers

from tf_fsgd.config import DiscriminatorConfig
from tf_fsgd.pix2pixhd.blend import CrossFade, Face
from tf_fsgd.pix2pixhd.layers import (
    HalvingAveragePooling2D,
    InstanceNormalization,
    SpaceToDepth,
    Spread,
)

CHANGE_SCALE = 8.0  # brings a change of pixels to the order of 1
STRENGTH_SCALE = 0.3  # and strengths, in standard deviations
MAX_FILTERS = 512
KERNEL = 4
PADDING = 2  # ceil((KERNEL - 1) / 2): as in the reference, maps grow by a pixel


@keras.saving.register_keras_serializable("tf_fsgd")
class MultiscaleDiscriminator(keras.Model):
    """A functional model whose output is a list of scales even when there is but one.

    Keras unpacks lists of length 1, and losses would take maps for scales.
    """

    def call(self, inputs, training=None, mask=None):
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if isinstance(outputs[0], list) else [outputs]


def multiscale_discriminator(
    config: DiscriminatorConfig,
    resolution: int,
    edits: int = 0,
    faces: int = 1,
    *,
    between: bool = False,
) -> keras.Model:
    """PatchGANs on the image, the image halved, and so on.

    Args:
        config: `layers` strided convolutions for each of `scales` PatchGANs; `filters`
            in the first, doubled in each further one up to 512; `patch` x `patch`
            pixels become channels before the first.
        resolution: Side of the image in pixels.
        edits: E, how many strengths the translation was asked for; 0: none.
        faces: F, how many faces are in the channels of the source.
        between: Whether a change is one of the cross-fade of both faces; else it is one
            of the first.

    Returns:
        A model from `[source, image]`, `[N, R, R, 3 F]` and `[N, R, R, 3]` in [-1, 1],
        or from `[source, strengths, image]` with strengths `[N, E]`, to a list over
        scales (full resolution first) of lists of `layers + 2` feature maps; the last
        map of each is the logit map `[N, h, w, 1]`, trained towards 1 for real, 0 for
        fake.

    Raises:
        UserError: As `DiscriminatorConfig.check`.
    """
    config.check(resolution)
    source = keras.Input((resolution, resolution, 3 * faces), name="source")
    strengths = keras.Input((edits,), name="strengths")
    image = keras.Input((resolution, resolution, 3), name="image")
    inputs = [source, image]
    seen = [source, image]
    if config.sees == "change":
        before = source
        if between:
            before = CrossFade(dtype="float32", name="cross_fade")([source, strengths])
        elif faces > 1:
            before = Face(0, dtype="float32", name="before")(source)
        # In float32: two bfloat16 images differ by noise as large as a change.
        change = layers.Subtract(dtype="float32", name="change")([image, before])
        seen[1] = layers.Rescaling(CHANGE_SCALE, dtype="float32", name="louder")(change)
    if edits:
        inputs = [source, strengths, image]
        scaled = layers.Rescaling(STRENGTH_SCALE, name="quieter")(strengths)
        seen.append(Spread(resolution, name="spread")(scaled))
    x = layers.Concatenate(name="pair")(seen)
    outputs = []
    for scale in range(1, config.scales + 1):
        if scale > 1:
            # Pooled as pixels: of patches it would be a comb of every so many.
            x = HalvingAveragePooling2D(name=f"halve{scale - 1}")(x)
        outputs.append(_patch_discriminator(x, config, f"scale{scale}"))
    return MultiscaleDiscriminator(inputs, outputs, name="multiscale_discriminator")


def _patch_discriminator(x, config: DiscriminatorConfig, name: str) -> list:
    """`layers` strided convolutions, one dense one, and the logit map; all of them."""
    maps = []
    if config.patch > 1:
        x = SpaceToDepth(config.patch, name=f"{name}_unfold")(x)
    for number in range(1, config.layers + 2):
        filters = min(config.filters * 2 ** (number - 1), MAX_FILTERS)
        stride = 2 if number <= config.layers else 1
        x = _convolve(x, config, filters, stride, f"{name}_layer{number}")
        if number > 1 and config.norm == "instance":
            x = InstanceNormalization(name=f"{name}_layer{number}_norm")(x)
        x = layers.LeakyReLU(0.2, name=f"{name}_layer{number}_relu")(x)
        maps.append(x)
    return [*maps, _convolve(x, config, 1, 1, f"{name}_logits")]


def _convolve(x, config: DiscriminatorConfig, filters: int, stride: int, name: str):
    reference = config.norm == "instance"
    x = layers.ZeroPadding2D(PADDING, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters,
        KERNEL,
        strides=stride,
        kernel_initializer=(
            initializers.RandomNormal(stddev=0.02)
            if reference
            else initializers.HeNormal()
        ),
        name=f"{name}_conv",
    )(x)
