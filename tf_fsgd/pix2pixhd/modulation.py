"""Layers whose channels are scaled by what an edit asks for, without normalisation.

Instance normalisation divides a map by its own magnitude, so a network that wants to
keep a magnitude hides a spike in the map: the blob (StyleGAN2, arXiv 1912.04958, 2.1).
StyleGAN2's cure is to scale the kernels by a style and to divide by the magnitude that
this is *expected* to give, which no spike can influence. Here the same is done to the
activations, which TFLite takes at every precision and which needs no kernel a sample.
"""

import keras
import numpy as np
from keras import layers, ops

_EPSILON = 1e-6


@keras.saving.register_keras_serializable("tf_fsgd")
class ModulatedConv2D(layers.Layer):
    """A convolution of scaled channels whose output keeps unit variance.

    y = K * (x s) + b, with every output channel's kernel K at unit norm and every style
    s at unit root mean square; s and b are linear in the embedding. For inputs of unit
    variance that are not correlated the output has unit variance whatever the style.
    StyleGAN2's demodulation divides by sqrt(sum (K s)^2) instead; both agree when
    kernel and style are not correlated, and this one needs no second copy of the kernel
    (its squares) on a phone.

    Call arguments:
        inputs: `[x, embedding]`: `[N, H, W, C]` and `[N, D]`.

    Args:
        filters: Output channels.
        kernel_size: Side of the kernel, with zeros around the border.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, filters: int, kernel_size: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size

    def build(self, input_shape):
        (*_, channels), (_, width) = input_shape
        size = self.kernel_size
        self.kernel = self.add_weight(
            shape=(size, size, channels, self.filters),
            # Of unit norm from the start: Adam's steps are absolute, so that larger
            # kernels would turn more slowly than those of other layers.
            initializer=keras.initializers.VarianceScaling(1.0, "fan_in"),
            name="kernel",
        )
        # Edits shift and scale from the first step on; weights that began at 0 behind
        # residual branches that begin at 0 took thousands of images to stir.
        self.style_kernel = self.add_weight(
            shape=(width, channels), initializer=_linear(), name="style_kernel"
        )
        self.style_bias = self.add_weight(
            shape=(channels,), initializer="ones", name="style_bias"
        )
        self.shift_kernel = self.add_weight(
            shape=(width, self.filters), initializer=_linear(), name="shift_kernel"
        )
        self.shift_bias = self.add_weight(
            shape=(self.filters,), initializer="zeros", name="shift_bias"
        )

    def call(self, inputs):
        x, embedding = inputs
        style = ops.matmul(embedding, self.style_kernel) + self.style_bias
        shift = ops.matmul(embedding, self.shift_kernel) + self.shift_bias
        mean_square = ops.mean(ops.square(style), axis=-1, keepdims=True)
        style = style * ops.rsqrt(mean_square + _EPSILON)
        x = x * ops.reshape(style, (-1, 1, 1, x.shape[-1]))
        x = ops.conv(x, unit_norm(self.kernel), padding="same")
        return x + ops.reshape(shift, (-1, 1, 1, self.filters))

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.filters)


def _linear():
    # A new one for each weight: an initializer repeats its values.
    return keras.initializers.VarianceScaling(0.25, "fan_in")


def unit_norm(kernel):
    """A kernel `[k, k, in, out]` with every output channel's part at length 1."""
    square = ops.sum(ops.square(kernel), axis=(0, 1, 2), keepdims=True)
    return kernel * ops.rsqrt(square + _EPSILON)


@keras.saving.register_keras_serializable("tf_fsgd")
class Ends(layers.Layer):
    """Both ends of every axis as numbers of their own: relu(s) and relu(-s).

    Call arguments:
        strengths: `[N, E]` in standard deviations; the result is `[N, 2 E]`.

    Args:
        scale: What the strengths are multiplied by.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, scale: float, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, strengths):
        strengths = strengths * self.scale
        return ops.concatenate([ops.relu(strengths), ops.relu(-strengths)], axis=-1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 2 * input_shape[1])


@keras.saving.register_keras_serializable("tf_fsgd")
class EndScale(layers.Layer):
    """Scales channels by the ends that are asked for.

    A new layer leaves half of the channels as they are and gives every end an equal
    part of the others, which is silent unless that end is asked for. Without these
    parts opposite edits pull the same weights to opposite sides, and under an L1 loss
    the first thousands of images teach nothing.

    Call arguments:
        inputs: `[x, ends]`: `[N, H, W, C]` and `[N, K]`, not negative.
    """

    def build(self, input_shape):
        (*_, channels), (_, ends) = input_shape
        kernel = np.zeros((ends, channels), np.float32)
        bias = np.ones(channels, np.float32)
        own = np.arange(channels // 2, channels)
        kernel[np.arange(len(own)) % ends, own] = 1.0
        bias[own] = 0.0
        self.kernel = self.add_weight(
            shape=kernel.shape, initializer=_constant(kernel), name="kernel"
        )
        self.bias = self.add_weight(
            shape=bias.shape, initializer=_constant(bias), name="bias"
        )

    def call(self, inputs):
        x, ends = inputs
        scale = ops.matmul(ends, self.kernel) + self.bias
        return x * ops.reshape(scale, (-1, 1, 1, x.shape[-1]))

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def _constant(values: np.ndarray):
    return lambda shape, dtype=None: ops.convert_to_tensor(values, dtype)


@keras.saving.register_keras_serializable("tf_fsgd")
class Gate(layers.Layer):
    """How far an edit is on: 1 - exp(-rate * sum |strength|), from 0 towards 1.

    Exactly 0 at strength 0, so that a translator that multiplies its change by it
    leaves the picture alone; of finite slope there, so that a slider moves at once.

    Call arguments:
        strengths: `[N, E]` in standard deviations of w; the result is `[N, 1, 1, 1]`.

    Args:
        rate: Per standard deviation.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, rate: float = 2.0, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def call(self, strengths):
        total = ops.sum(ops.abs(strengths), axis=-1)
        return ops.reshape(1.0 - ops.exp(-self.rate * total), (-1, 1, 1, 1))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1, 1, 1)


@keras.saving.register_keras_serializable("tf_fsgd")
class Texture(layers.Layer):
    """A change of pixels: paint, and the picture's own texture, more or less of it.

    change = paint + sum over bands of gain * (finer means - coarser means), where a
    band lies between the picture's means over two windows, the first of one pixel. A
    gain of -1 in every band leaves the coarsest mean: skin where a beard was. A gain
    above 0 deepens what is there: a wrinkle that was a hint.

    Call arguments:
        inputs: `[values, image]`: `[N, R, R, 3 + B]`, colours and then gains, and
            `[N, R, R, 3]`; the result is `[N, R, R, 3]`.

    Args:
        windows: Sides in pixels of the B windows, odd, rising.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, windows, **kwargs):
        super().__init__(**kwargs)
        self.windows = tuple(windows)

    def call(self, inputs):
        values, image = inputs
        change = values[..., :3]
        for band, window in enumerate(self.windows):
            # Each mean is taken of the one before: two small windows for a large one.
            side = window if not band else window - self.windows[band - 1] + 1
            coarser = image
            for size in ((side, 1), (1, side)):
                coarser = ops.average_pool(coarser, size, strides=1, padding="same")
            change = change + values[..., 3 + band : 4 + band] * (image - coarser)
            image = coarser
        return change

    def compute_output_shape(self, input_shape):
        return input_shape[1]
