"""One face in the colours of another: `edit_generator`'s network, told what by a photo.

    style = encoder(C) - encoder(A)
    output = A + gate(s style) * change(A, s style)

* An edit's strengths are numbers that the user gives; here an encoder reads them off
  the second photo, and they modulate the same blocks. As there, strengths of 0 are the
  photo itself, exactly: at a share s of 0, and between two photos of one style.
* The encoder is the same for both, so that what the two have in common (the light, the
  camera) does not count. It keeps a coarse grid of places: in FFHQ's framing the hair
  is at the top and the skin in the middle, and their colours are two things.
* Where things are the change decides, which never sees C. So nothing of its outlines,
  of its background or of its place can come through.
"""

import keras
from keras import layers, ops

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.blend import Face
from tf_fsgd.pix2pixhd.edit_generator import predicted_change
from tf_fsgd.pix2pixhd.layers import SpaceToDepth
from tf_fsgd.pix2pixhd.modulation import Ends, Gate

STYLES = 32  # numbers that describe a face's colours and texture
_PATCH = 4  # pixels of a side that become channels before the encoder's first layer
_FILTERS = (32, 64, 128)  # of its layers, each but the first at half the side
_GRID = 4  # places of a side


def mix_generator(config: GeneratorConfig, resolution: int) -> keras.Model:
    """The network of a mix.

    Args:
        config: As `edit_generator` takes it.
        resolution: Side of the image in pixels, a multiple of 4 patches.

    Returns:
        A model from `[image, strengths]`: A and C `[N, R, R, 6]` in [-1, 1] and the
        share s `[N, 1]` of C's style from 0 to 1, to an image `[N, R, R, 3]`, float32.

    Raises:
        UserError: As `GeneratorConfig.check`.
    """
    config.check(resolution)
    image = keras.Input((resolution, resolution, 6), name="image")
    share = keras.Input((1,), name="strengths")
    first, second = (
        Face(number, dtype="float32", name=f"face{number}")(image) for number in (0, 1)
    )
    encoder = style_encoder(resolution)
    style = layers.Subtract(name="style")([encoder(second), encoder(first)])
    strengths = Times(dtype="float32", name="asked")([style, share])
    change = predicted_change(first, [first], Ends(1.0, name="ends")(strengths), config)
    gate = Gate(dtype="float32", name="gate")(strengths)
    change = layers.Multiply(dtype="float32", name="gated")([change, gate])
    mixed = layers.Add(dtype="float32", name="translated")([first, change])
    return keras.Model([image, share], mixed, name="mix_generator")


def style_encoder(resolution: int) -> keras.Model:
    """Reads the style of a face.

    Args:
        resolution: Side of the image in pixels.

    Returns:
        A model from images `[N, R, R, 3]` in [-1, 1] to `[N, STYLES]`.
    """
    image = keras.Input((resolution, resolution, 3))
    x = SpaceToDepth(_PATCH, name="unfold")(image)
    for number, filters in enumerate(_FILTERS):
        x = layers.Conv2D(
            filters,
            3,
            1 if number == 0 else 2,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"encoder{number + 1}",
        )(x)
    x = layers.AveragePooling2D(max(x.shape[1] // _GRID, 1), name="places")(x)
    x = layers.Flatten(name="flat")(x)
    return keras.Model(
        image, layers.Dense(STYLES, name="encoder_styles")(x), name="encoder"
    )


@keras.saving.register_keras_serializable("tf_fsgd")
class Times(layers.Layer):
    """Every style by the share that is asked for.

    Call arguments:
        inputs: `[style, share]`, `[N, K]` and `[N, 1]`; the result is `[N, K]`.
    """

    def call(self, inputs):
        style, share = inputs
        return ops.cast(style, self.compute_dtype) * share

    def compute_output_shape(self, input_shape):
        return input_shape[0]
