"""StyleGAN2's modulated convolutions (Karras et al. 2020, arXiv 1912.04958, 2.2).

Modulation scales activations and not kernels, which is the same: one kernel serves
every picture of a batch, and all tensors have rank 4 or less.

Beside the convolutions, the time goes into passes over activations. So these travel as
a pair, `x` `[N, H, W, C]` and `scale` `[N, C]`, and stand for its product: demodulation
and the gain of the leaky ReLU, which is homogeneous, stay in `scale` until the next
layer puts them into its style. Styles and scales are float32 whatever x is.
"""

import math
from typing import NamedTuple

import keras
from keras import layers, ops

from tf_fsgd.stylegan2 import winograd
from tf_fsgd.stylegan2.layers import GAIN, SLOPE, Lowpass, UpsampleImage, clip

NOISE_MODES = ("const", "random", "none")


class _Modulated(layers.Layer):
    """What both layers share: float32 weights and styles, whatever they compute in."""

    def __init__(self, clamp: float | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.clamp = clamp

    def weight(self, shape, name: str, initializer="random_normal", trainable=True):
        return self.add_weight(
            shape=shape,
            initializer=initializer,
            trainable=trainable,
            name=name,
            autocast=False,
        )

    def cast(self, x):
        return ops.cast(x, self.compute_dtype)


@keras.saving.register_keras_serializable("tf_fsgd")
class StyledConv(_Modulated):
    """Modulated and demodulated 3x3 convolution, noise, bias, leaky ReLU.

    Args:
        filters: Channels of the result.
        up: Whether to double the size, by a transposed convolution and a low-pass.
        resample_filter: Taps of the low-pass before normalisation.
        clamp: Largest magnitude of the result, or `None`.
        **kwargs: Passed on to `layers.Layer`.

    Call arguments:
        inputs: `[x, scale, style]`: the activations `[N, H, W, C]` and `[N, C]`, and
            the style `[N, C]`, the last two float32.
        noise_mode: "const" adds the layer's own noise, "random" new noise to every
            picture, "none" none.

    Returns:
        Activations: `[N, H, W, filters]`, or twice the size if `up`, and
        `[N, filters]`.
    """

    def __init__(
        self,
        filters: int,
        up: bool = False,
        resample_filter: tuple[float, ...] = (1, 3, 3, 1),
        clamp: float | None = None,
        **kwargs,
    ):
        super().__init__(clamp, **kwargs)
        self.filters = filters
        self.up = up
        self.resample_filter = tuple(resample_filter)
        self.seed_generator = keras.random.SeedGenerator()
        if up:
            length = len(self.resample_filter)
            self.lowpass = Lowpass(
                self.resample_filter,
                padding=((length - 1) // 2, (length - 2) // 2),
                gain=4,
                dtype=self.dtype_policy,
            )

    def build(self, input_shape):
        _, height, width, channels = input_shape[0]
        out_in = (self.filters, channels) if self.up else (channels, self.filters)
        factor = 2 if self.up else 1
        self.kernel = self.weight((3, 3, *out_in), "kernel")
        self.bias = self.weight((self.filters,), "bias", "zeros")
        self.noise = self.weight(
            (factor * height, factor * width), "noise", trainable=False
        )
        self.noise_strength = self.weight((), "noise_strength", "zeros")
        self._small_kernel = 9 * self.filters < height * width
        self._winograd = (
            not self.up
            and self.compute_dtype == "float32"
            and winograd.pays(height, channels)
        )
        self._frozen = None

    def freeze(self):
        """Computes what depends on the weights alone once: they must not change."""
        self._frozen = self._prepared(transform=self._winograd)

    def call(self, inputs, noise_mode: str = "const"):
        x, scale, style = inputs
        prepared = self._frozen or self._prepared()
        power = ops.matmul(ops.square(style), prepared.power)
        demodulation = ops.rsqrt(power + 1e-8)
        if self.compute_dtype == "float16":
            style, factor = _unit_style(style)
            demodulation = demodulation * factor * prepared.divisor
        before = x = self.cast(x)
        x = self._convolve(x, prepared, style * scale)
        fuses = not (self.up or prepared.transformed)
        nothing = _zero_known_after(before if fuses else x)
        noise = self._noise(x, prepared, noise_mode)
        x = self._add(x, 1 / demodulation + nothing, noise, fuses)
        x = ops.leaky_relu(x, SLOPE)
        scale = GAIN * demodulation
        if self.clamp is None:
            return x, scale
        x = clip(x * self.cast(scale)[:, None, None], self.clamp)
        return x, ops.ones_like(scale)

    def _prepared(self, transform: bool = False) -> "_Prepared":
        kernel = ops.convert_to_tensor(self.kernel)
        power = ops.sum(ops.square(kernel), axis=(0, 1))
        divisor = None
        if self.compute_dtype == "float16":
            # Its product with an activation must stay below 65,504.
            axis = 3 if self.up else 2
            divisor = ops.max(ops.abs(kernel), axis=(0, 1, axis))
            divisor = ops.maximum(divisor, 1e-4) * math.sqrt(9 * kernel.shape[axis])
            kernel = kernel / (divisor[:, None] if self.up else divisor)
        if transform:
            kernel = winograd.transform_kernel(kernel)
        return _Prepared(
            kernel=kernel if self._small_kernel else self.cast(kernel),
            transformed=transform,
            divisor=divisor,
            power=ops.transpose(power) if self.up else power,
            noise=self.cast(ops.reshape(self.noise, (1, -1))),
        )

    def _convolve(self, x, prepared: "_Prepared", style):
        """Scales the kernel if it is small and there is but one picture, or else x."""
        _, height, width, channels = x.shape
        kernel = prepared.kernel
        if self._small_kernel and x.shape[0] == 1:
            kernel = kernel * (style[0] if self.up else style[0][:, None])
        else:
            # Long rows are scaled faster than short ones.
            style = ops.tile(self.cast(style)[:, None], (1, 1, width))
            x = ops.reshape(x, (-1, height, width * channels)) * style
            x = ops.reshape(x, (-1, height, width, channels))
        kernel = self.cast(kernel)
        if prepared.transformed:
            return winograd.convolve(x, kernel)
        if not self.up:
            return ops.conv(x, kernel, padding="same")
        return self.lowpass(ops.conv_transpose(x, kernel, strides=2, padding="valid"))

    def _add(self, x, inverse, noise, fuses: bool):
        """Adds bias and noise, both times `inverse` `[N, C]`: x is not yet demodulated.

        TensorFlow does convolution, bias, a summand of x's shape and leaky ReLU in one
        pass over memory, provided that there is a bias, a vector, and `ops.add` adds
        it: it gets the mean over the batch. Where x comes of anything else (`fuses` is
        false), all of the bias is in the summand. After a low-pass, a depthwise
        convolution, it must be: TensorFlow 2.21 breaks the pattern there, and with it
        all optimisation of the graph.
        """
        biases = self.bias * inverse
        rows, columns = [noise], [inverse * self.noise_strength]
        if fuses:
            bias = ops.mean(biases, axis=0)
            x = ops.add(x, self.cast(bias))
            biases = biases - bias
        if not fuses or x.shape[0] != 1:
            rows.append(ops.ones_like(noise))
            columns.append(biases)
        # A product of matrices is the fastest way to spread noise over channels.
        rows = ops.transpose(ops.stack(rows, axis=1), (0, 2, 1))
        summand = ops.matmul(rows, self.cast(ops.stack(columns, axis=1)))
        return x + ops.reshape(summand, (-1, *x.shape[1:]))

    def _noise(self, x, prepared: "_Prepared", noise_mode: str):
        """`[N or 1, H * W]`."""
        if noise_mode == "const":
            return prepared.noise
        size = math.prod(x.shape[1:3])
        if noise_mode == "none":
            return ops.zeros((1, size), dtype=self.compute_dtype)
        shape = (ops.shape(x)[0], size)
        return keras.random.normal(
            shape, dtype=self.compute_dtype, seed=self.seed_generator
        )


@keras.saving.register_keras_serializable("tf_fsgd")
class ToRGB(_Modulated):
    """Modulated 1x1 convolution to the three colours, without demodulation.

    The kernel is scaled instead of the activations and applied as one matrix product a
    picture: it is small, and a pass over the activations is not.

    Args:
        resample_filter: Taps of the low-pass before normalisation.
        clamp: Largest magnitude of what the convolution adds, or `None`.
        **kwargs: Passed on to `layers.Layer`.

    Call arguments:
        inputs: `[x, scale, style]` as for `StyledConv`, and the image so far, of half
            the size, if there is one.

    Returns:
        The image `[N, H, W, 3]`, float32.
    """

    def __init__(
        self,
        resample_filter: tuple[float, ...] = (1, 3, 3, 1),
        clamp: float | None = None,
        **kwargs,
    ):
        super().__init__(clamp, **kwargs)
        self.resample_filter = tuple(resample_filter)
        self.upsample = UpsampleImage(self.resample_filter, dtype="float32")

    def build(self, input_shape):
        self.kernel = self.weight((1, 1, input_shape[0][-1], 3), "kernel")
        self.bias = self.weight((3,), "bias", "zeros")

    def call(self, inputs):
        x, scale, style, *image = inputs
        _, height, width, channels = x.shape
        style, factor = style * scale, None
        if self.compute_dtype == "float16":
            style, factor = _unit_style(style)
            factor = factor[:, None]
        x = ops.reshape(self.cast(x), (-1, height * width, channels))
        x = ops.matmul(x, self.cast(style[:, :, None] * self.kernel[0]))
        x = ops.cast(x, "float32")
        x = x if factor is None else x * factor
        x = ops.reshape(x, (-1, height, width, 3))
        if image and self.clamp is None:
            # It takes a pass over memory here, but none in a convolution.
            return x + self.upsample(image[0], bias=self.bias)
        x = clip(ops.add(x, self.bias), self.clamp)
        return x + self.upsample(image[0]) if image else x


class _Prepared(NamedTuple):
    """What a `StyledConv` makes of its weights before it sees any input.

    Attributes:
        kernel: In the precision of x, unless it will be scaled first.
        transformed: Whether the kernel is as `winograd.py` takes it.
        divisor: `[filters]`, what float16's kernel was divided by.
        power: `[C, filters]`, the sum of squares of the kernel over its taps.
        noise: `[1, H * W]`, the constant noise.
    """

    kernel: keras.KerasTensor
    transformed: bool
    divisor: keras.KerasTensor | None
    power: keras.KerasTensor
    noise: keras.KerasTensor


def _zero_known_after(x):
    """`[N, 1]` float32: what is added to it waits for x.

    TensorFlow would make the noise of all layers first, and hold it until its turn. A
    convolution that adds it needs it at the start, and puts its result in its place.
    """
    return ops.minimum(ops.abs(ops.cast(x[:, 0, 0, :1], "float32")), 0)


def _unit_style(style):
    """A style as numbers of at most 1, and a factor `[N, 1]` for each picture."""
    factor = ops.max(ops.abs(style), axis=1, keepdims=True)
    factor = ops.maximum(factor, 1e-20)
    return style / factor, factor
