"""MultiscaleDiscriminator: PatchGANs on ever smaller images (arXiv 1711.11585, 3.1).

Each scale has weights of its own and sees source and image side by side in channels.
All its layers are outputs, for feature matching compares them. The same network serves
both presets: instance normalisation does no harm here, for nobody sees these maps.
"""

import keras
from keras import initializers, layers

from tf_fsgd.config import DiscriminatorConfig
from tf_fsgd.pix2pixhd.layers import (
    HalvingAveragePooling2D,
    InstanceNormalization,
    SpaceToDepth,
    Spread,
)

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
    config: DiscriminatorConfig, resolution: int, edits: int = 0
) -> keras.Model:
    """PatchGANs on the image, the image halved, and so on.

    Args:
        config: `layers` strided convolutions for each of `scales` PatchGANs; `filters`
            in the first, doubled in each further one up to 512; `patch` x `patch`
            pixels become channels before the first.
        resolution: Side of the image in pixels.
        edits: E, how many strengths the translation was asked for; 0: none.

    Returns:
        A model from `[source, image]`, both `[N, R, R, 3]` in [-1, 1], or from
        `[source, strengths, image]` with strengths `[N, E]`, to a list over
        scales (full resolution first) of lists of `layers + 2` feature maps; the last
        map of each is the logit map `[N, h, w, 1]`, trained towards 1 for real, 0 for
        fake.

    Raises:
        UserError: As `DiscriminatorConfig.check`.
    """
    config.check(resolution)
    source = keras.Input((resolution, resolution, 3), name="source")
    image = keras.Input((resolution, resolution, 3), name="image")
    inputs = [source, image]
    seen = [source, image]
    if edits:
        # What an edit did is a small part of an image's values; shown by itself it is
        # a large one.
        seen[1] = layers.Subtract(name="change")([image, source])
        strengths = keras.Input((edits,), name="strengths")
        inputs = [source, strengths, image]
        seen.append(Spread(resolution, name="spread")(strengths))
    x = layers.Concatenate(name="pair")(seen)
    if config.patch > 1:
        # After the strengths have joined, for whole patches of channels: with 387 of
        # them oneDNN's bfloat16 convolutions were seen to give NaN for sound inputs.
        x = SpaceToDepth(config.patch, name="unfold")(x)
    outputs = []
    for scale in range(1, config.scales + 1):
        if scale > 1:
            x = HalvingAveragePooling2D(name=f"halve{scale - 1}")(x)
        outputs.append(_patch_discriminator(x, config, f"scale{scale}"))
    return MultiscaleDiscriminator(inputs, outputs, name="multiscale_discriminator")


def _patch_discriminator(x, config: DiscriminatorConfig, name: str) -> list:
    """`layers` strided convolutions, one dense one, and the logit map; all of them."""
    maps = []
    for number in range(1, config.layers + 2):
        filters = min(config.filters * 2 ** (number - 1), MAX_FILTERS)
        stride = 2 if number <= config.layers else 1
        x = _convolve(x, filters, stride, f"{name}_layer{number}")
        if number > 1:
            x = InstanceNormalization(name=f"{name}_layer{number}_norm")(x)
        x = layers.LeakyReLU(0.2, name=f"{name}_layer{number}_relu")(x)
        maps.append(x)
    return [*maps, _convolve(x, 1, 1, f"{name}_logits")]


def _convolve(x, filters: int, stride: int, name: str):
    x = layers.ZeroPadding2D(PADDING, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters,
        KERNEL,
        strides=stride,
        kernel_initializer=initializers.RandomNormal(stddev=0.02),
        name=f"{name}_conv",
    )(x)
