"""The faces between two people: `edit_generator`'s network, which looks at two photos.

    output = (1 - t) A + t C + 4 t (1 - t) * change(A, C, t)

* At t = 0 and t = 1 the last term is exactly 0: both ends are the photos themselves.
* A new network's change is 0, so it begins as the cross-fade. What is left to learn is
  one contour where a cross-fade has two.
* The two faces lie side by side in channels, as in the paper (arXiv 2003.03581, 6 input
  channels), and the blocks are modulated by how much of each is asked for, 1 - t and t.
* The finest part has gains for the texture of either face: where both have hair, one's
  can be taken and the other's left out, which no gain of their sum can do.
"""

import keras
from keras import layers, ops

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.blend import CrossFade, Face
from tf_fsgd.pix2pixhd.edit_generator import predicted_change


def morph_generator(config: GeneratorConfig, resolution: int) -> keras.Model:
    """The network of a morph.

    Args:
        config: As `edit_generator` takes it.
        resolution: Side of the image in pixels, a multiple of 4 patches.

    Returns:
        A model from `[image, strengths]`: A and C `[N, R, R, 6]` in [-1, 1] and t
        `[N, 1]` from 0 to 1, to an image `[N, R, R, 3]`, float32.

    Raises:
        UserError: As `GeneratorConfig.check`.
    """
    config.check(resolution)
    image = keras.Input((resolution, resolution, 6), name="image")
    times = keras.Input((1,), name="strengths")
    faces = [
        Face(number, dtype="float32", name=f"face{number}")(image) for number in (0, 1)
    ]
    change = predicted_change(image, faces, Shares(name="shares")(times), config)
    gate = Midway(dtype="float32", name="gate")(times)
    change = layers.Multiply(dtype="float32", name="gated")([change, gate])
    faded = CrossFade(dtype="float32", name="cross_fade")([image, times])
    between = layers.Add(dtype="float32", name="translated")([faded, change])
    return keras.Model([image, times], between, name="morph_generator")


@keras.saving.register_keras_serializable("tf_fsgd")
class Shares(layers.Layer):
    """How much of either face is asked for: 1 - t and t.

    Call arguments:
        times: t, `[N, 1]`; the result is `[N, 2]`.
    """

    def call(self, times):
        return ops.concatenate([1 - times, times], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 2)


@keras.saving.register_keras_serializable("tf_fsgd")
class Midway(layers.Layer):
    """4 t (1 - t): exactly 0 at both ends, 1 in the middle.

    Call arguments:
        times: t, `[N, 1]`; the result is `[N, 1, 1, 1]`.
    """

    def call(self, times):
        return ops.reshape(4 * times * (1 - times), (-1, 1, 1, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 1)
