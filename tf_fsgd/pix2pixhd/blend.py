"""Mixes of pictures: a fixed edit with a strength, x + s (f(x) - x); a cross-fade.

And one picture of several that lie side by side in channels.
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("tf_fsgd")
class Blend(layers.Layer):
    """Mixes an image with its edit.

    A clip to [0, 1] that the TFLite converter would fuse is an operator that not every
    delegate has (see `exporting/gate.py`), so it is made of two ReLUs here, exact at
    both ends: 1 - relu(1 - relu(s)).

    Call arguments:
        image: `[N, R, R, 3]`.
        edited: The same, f(image).
        strengths: `[N, 1]` in standard deviations of w.

    Args:
        unit: Standard deviations at which the result is `edited`; beyond, it stays.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, unit: float, **kwargs):
        super().__init__(**kwargs)
        self.unit = unit

    def call(self, image, edited, strengths):
        share = 1 - ops.relu(1 - ops.relu(strengths / self.unit))
        return image + ops.reshape(share, (-1, 1, 1, 1)) * (edited - image)

    def compute_output_shape(self, image_shape, edited_shape, strengths_shape):
        return image_shape


@keras.saving.register_keras_serializable("tf_fsgd")
class CrossFade(layers.Layer):
    """(1 - t) A + t C: exactly A at t = 0, exactly C at t = 1.

    Call arguments:
        inputs: `[faces, times]`: A and C in channels, `[N, R, R, 6]`, and t `[N, 1]`;
            the result is `[N, R, R, 3]`.
    """

    def call(self, inputs):
        faces, times = inputs
        times = ops.reshape(times, (-1, 1, 1, 1))
        return (1 - times) * faces[..., :3] + times * faces[..., 3:]

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], 3)


@keras.saving.register_keras_serializable("tf_fsgd")
class Face(layers.Layer):
    """One of the faces that lie side by side in channels.

    Call arguments:
        image: `[N, R, R, 3 F]`; the result is `[N, R, R, 3]`.

    Args:
        number: Which, from 0.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, number: int, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def call(self, image):
        return image[..., 3 * self.number : 3 * self.number + 3]

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 3)


def taking_strengths(network: keras.Model, resolution: int, unit: float) -> keras.Model:
    """A network that takes strengths as it is, any other by `with_strength`."""
    if len(network.inputs) > 1:
        return network
    return with_strength(network, resolution, unit)


def with_strength(network: keras.Model, resolution: int, unit: float) -> keras.Model:
    """Gives a network of one fixed edit a strength.

    Args:
        network: f, images `[N, R, R, 3]` in [-1, 1] to the same.
        resolution: R.
        unit: Standard deviations of w that f stands for.

    Returns:
        A model from `[image, strengths]`, `[N, R, R, 3]` and `[N, 1]`, to an image: the
        photo itself at strength 0 and below, f from `unit` on, between them in a line.
        Its weights are f's.
    """
    image = keras.Input((resolution, resolution, 3), name="image")
    strengths = keras.Input((1,), name="strengths")
    blend = Blend(unit, dtype="float32", name="blend")
    return keras.Model([image, strengths], blend(image, network(image), strengths))
