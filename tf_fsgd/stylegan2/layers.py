"""The layers of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958).

Modulation scales activations and not kernels, which is the same (section 2.2): one
kernel serves every picture of a batch, and all tensors have rank 4 or less. Scales are
computed in float32 whatever the precision of the activations.
"""

import math

import keras
import numpy as np
from keras import layers, ops

GAIN = math.sqrt(2)
SLOPE = 0.2
NOISE_MODES = ("const", "random", "none")


def lowpass_taps(resample_filter: tuple[float, ...]) -> np.ndarray:
    """Taps with a sum of 1, reversed: StyleGAN2 convolves, Keras correlates."""
    taps = np.asarray(resample_filter, np.float32)[::-1]
    return taps / taps.sum()


@keras.saving.register_keras_serializable("tf_fsgd")
class ScaledLeakyReLU(layers.Layer):
    """StyleGAN2's activation: slope 0.2, a gain, and a clamp if there is one.

    Args:
        gain: Factor of the result.
        clamp: Largest magnitude of the result, or `None`.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, gain: float = GAIN, clamp: float | None = None, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain
        self.clamp = clamp

    def call(self, x):
        return _clip(ops.leaky_relu(x, SLOPE) * self.gain, self.clamp)

    def get_config(self):
        return super().get_config() | {"gain": self.gain, "clamp": self.clamp}


def _clip(x, clamp: float | None):
    return x if clamp is None else ops.clip(x, -clamp, clamp)


@keras.saving.register_keras_serializable("tf_fsgd")
class ConstantInput(layers.Layer):
    """The learned 4x4 start, repeated for every sample of the batch.

    Args:
        channels: Width.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, channels: int, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape):
        self.constant = self.add_weight(
            shape=(1, 4, 4, self.channels), initializer="random_normal", name="constant"
        )

    def call(self, ws):
        return ops.repeat(self.constant, ops.shape(ws)[0], axis=0)

    def get_config(self):
        return super().get_config() | {"channels": self.channels}


@keras.saving.register_keras_serializable("tf_fsgd")
class Lowpass(layers.Layer):
    """Filters `[N, H, W, C]` along both dimensions, then keeps every `stride`-th pixel.

    Args:
        resample_filter: Taps before normalisation.
        padding: Zeros before and after each dimension; a negative number crops.
        gain: Factor of the result.
        stride: Step in both dimensions.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(
        self,
        resample_filter: tuple[float, ...],
        padding: tuple[int, int],
        gain: float = 1.0,
        stride: int = 1,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.resample_filter = tuple(resample_filter)
        self.padding = tuple(padding)
        self.gain = gain
        self.stride = stride

    def call(self, x):
        before, after = self.padding
        pads = (max(before, 0), max(after, 0))
        x = ops.pad(x, ((0, 0), pads, pads, (0, 0)))
        inside = slice(max(-before, 0), after if after < 0 else None)
        x = x[:, inside, inside]
        taps = lowpass_taps(self.resample_filter) * math.sqrt(self.gain)
        columns = np.repeat(taps[:, None, None, None], x.shape[-1], axis=2)
        rows = columns.transpose(1, 0, 2, 3)
        x = ops.depthwise_conv(x, ops.convert_to_tensor(columns, x.dtype))
        x = x[:, :: self.stride]
        x = ops.depthwise_conv(x, ops.convert_to_tensor(rows, x.dtype))
        return x[:, :, :: self.stride]

    def get_config(self):
        return super().get_config() | {
            "resample_filter": self.resample_filter,
            "padding": self.padding,
            "gain": self.gain,
            "stride": self.stride,
        }


@keras.saving.register_keras_serializable("tf_fsgd")
class UpsampleImage(layers.Layer):
    """Doubles the size of `[N, H, W, 3]`: zeros between pixels, then the low-pass.

    Neither the zeros nor the products with them are made: each of the four pixels that
    come of one is a small convolution of its own.

    Args:
        resample_filter: Taps before normalisation.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, resample_filter: tuple[float, ...], **kwargs):
        super().__init__(**kwargs)
        self.resample_filter = tuple(resample_filter)

    def call(self, image):
        phases, padding = doubling_phases(self.resample_filter)
        channels = image.shape[-1]
        # kernel[u, v, c, (a, b, d)] = phases[u, a] phases[v, b] if c is d.
        kernel = np.einsum("ua,vb,cd->uvcabd", phases, phases, np.eye(channels))
        kernel = kernel.reshape(*kernel.shape[:3], 4 * channels)
        image = ops.pad(image, ((0, 0), padding, padding, (0, 0)))
        image = ops.conv(image, ops.convert_to_tensor(kernel, image.dtype))
        return ops.nn.depth_to_space(image, 2)

    def get_config(self):
        return super().get_config() | {"resample_filter": self.resample_filter}


def doubling_phases(
    resample_filter: tuple[float, ...],
) -> tuple[np.ndarray, tuple[int, int]]:
    """The filters that make the even and the odd pixels of a doubled signal.

    Returns:
        `[k, 2]`, correlated with the signal, and the zeros to put before and after it.
    """
    taps = 2 * lowpass_taps(resample_filter)
    # Pixel i of the result reads the signal with zeros between from i - lead on.
    lead = (len(taps) + 1) // 2
    before, after = lead // 2, (len(taps) - lead) // 2
    phases = np.zeros((before + 1 + after, 2), np.float32)
    for phase in (0, 1):
        for index, tap in enumerate(taps, start=phase - lead):
            if index % 2 == 0:
                phases[before + index // 2, phase] = tap
    return phases, (before, after)


@keras.saving.register_keras_serializable("tf_fsgd")
class StyledConv(layers.Layer):
    """Modulated and demodulated 3x3 convolution, noise, bias, leaky ReLU.

    Takes `[x, style]`, `[N, H, W, C]` and `[N, C]` float32, and gives
    `[N, H, W, filters]`, or twice the size if `up`.

    Args:
        filters: Channels of the result.
        up: Whether to double the size, by a transposed convolution and a low-pass.
        resample_filter: Taps of the low-pass before normalisation.
        clamp: Largest magnitude of the result, or `None`.
        **kwargs: Passed on to `layers.Layer`.

    Call arguments:
        noise_mode: "const" adds the layer's own noise, "random" new noise to every
            picture, "none" none.
    """

    def __init__(
        self,
        filters: int,
        up: bool = False,
        resample_filter: tuple[float, ...] = (1, 3, 3, 1),
        clamp: float | None = None,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.up = up
        self.resample_filter = tuple(resample_filter)
        self.clamp = clamp
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        (_, height, width, channels), _ = input_shape
        out_in = (self.filters, channels) if self.up else (channels, self.filters)
        scale = 2 if self.up else 1
        self.kernel = _weight(self, (3, 3, *out_in), "kernel")
        self.bias = _weight(self, (self.filters,), "bias", "zeros")
        self.noise = _weight(self, (scale * height, scale * width), "noise")
        self.noise.trainable = False
        self.noise_strength = _weight(self, (), "noise_strength", "zeros")
        if self.up:
            length = len(self.resample_filter)
            self.lowpass = Lowpass(
                self.resample_filter,
                padding=((length - 1) // 2, (length - 2) // 2),
                gain=4,
                dtype=self.dtype_policy,
                autocast=False,
            )

    def call(self, inputs, noise_mode: str = "const"):
        x, style = inputs
        kernel, style, scale = self._modulation(style)
        x = x * _per_channel(style, self.compute_dtype)
        if self.up:
            x = ops.conv_transpose(x, kernel, strides=2, padding="valid")
            x = self.lowpass(x)
        else:
            x = ops.conv(x, kernel, padding="same")
        # The gain of the activation, which is homogeneous, is in all that goes into it.
        x = x * _per_channel(GAIN * scale, self.compute_dtype)
        if noise_mode != "none":
            noise = GAIN * self.noise_strength * self._noise(x, noise_mode)
            x = x + ops.cast(noise, self.compute_dtype)
        x = x + ops.cast(GAIN * self.bias, self.compute_dtype)
        return _clip(ops.leaky_relu(x, SLOPE), self.clamp)

    def _modulation(self, style):
        """The kernel, what to multiply its input by, and what its output.

        The output's scale makes the variance of each channel 1 under inputs of variance
        1. In float16 kernel and style are brought to a magnitude of at most 1 first,
        which the scale undoes: their product with an activation must stay below 65,504.
        """
        kernel = ops.convert_to_tensor(self.kernel)
        channels_in = 2 + int(self.up)
        if self.compute_dtype == "float16":
            axes = (0, 1, channels_in)
            fan_in = 9 * kernel.shape[channels_in]
            largest = ops.max(ops.abs(kernel), axis=axes, keepdims=True)
            kernel = kernel / (largest * math.sqrt(fan_in))
            style = style / ops.max(ops.abs(style), axis=1, keepdims=True)
        power = ops.sum(ops.square(kernel), axis=(0, 1))
        power = ops.transpose(power) if self.up else power
        scale = ops.rsqrt(ops.matmul(ops.square(style), power) + 1e-8)
        return ops.cast(kernel, self.compute_dtype), style, scale

    def _noise(self, x, noise_mode: str):
        if noise_mode == "const":
            return self.noise[:, :, None]
        shape = (ops.shape(x)[0], *self.noise.shape, 1)
        return keras.random.normal(shape, dtype="float32", seed=self.seed_generator)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "up": self.up,
            "resample_filter": self.resample_filter,
            "clamp": self.clamp,
        }


def _weight(layer: layers.Layer, shape, name: str, initializer="random_normal"):
    """A weight that stays float32 where the layer computes in less."""
    return layer.add_weight(
        shape=shape, initializer=initializer, name=name, autocast=False
    )


def _per_channel(scale, dtype: str):
    return ops.cast(scale, dtype)[:, None, None]


@keras.saving.register_keras_serializable("tf_fsgd")
class ToRGB(layers.Layer):
    """Modulated 1x1 convolution to the three colours, without demodulation.

    Takes `[x, style]`, `[N, H, W, C]` and `[N, C]` float32, and gives `[N, H, W, 3]`
    float32. The kernel is scaled instead of the activations and applied as one matrix
    product a sample: it is small, and a pass over the activations is not.

    Args:
        clamp: Largest magnitude of the result, or `None`.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, clamp: float | None = None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.clamp = clamp

    def build(self, input_shape):
        channels = input_shape[0][-1]
        self.kernel = _weight(self, (1, 1, channels, 3), "kernel")
        self.bias = _weight(self, (3,), "bias", "zeros")

    def call(self, inputs):
        x, style = inputs
        batch, height, width, channels = ops.shape(x)
        # What float16 cannot hold is multiplied in after it.
        largest = ops.max(ops.abs(style), axis=1)[:, None, None]
        kernel = style[:, :, None] / largest * self.kernel[0]
        x = ops.reshape(x, (batch, height * width, channels))
        x = ops.matmul(x, ops.cast(kernel, self.compute_dtype))
        x = ops.reshape(ops.cast(x, "float32") * largest, (batch, height, width, 3))
        x = x + self.bias
        return _clip(x, self.clamp)

    def get_config(self):
        return super().get_config() | {"clamp": self.clamp}


@keras.saving.register_keras_serializable("tf_fsgd")
class MinibatchStddev(layers.Layer):
    """Appends to each picture how much its group varies (Karras et al. 2018).

    The channels are split into `num_channels` parts; the standard deviation over the
    pictures of a group is averaged over a part and over all pixels. Picture i belongs
    to group i modulo N / group size.

    Args:
        group_size: Pictures of a group, at most N, which it must divide; `None` for N.
        num_channels: Channels that are appended.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, group_size: int | None, num_channels: int, **kwargs):
        super().__init__(**kwargs)
        self.group_size = group_size
        self.num_channels = num_channels

    def call(self, x):
        batch, height, width, channels = ops.shape(x)
        group = (
            batch if self.group_size is None else ops.minimum(self.group_size, batch)
        )
        part = channels // self.num_channels
        y = ops.reshape(x, (group, -1, height * width * channels))
        y = ops.square(y - ops.mean(y, axis=0))
        y = ops.sqrt(ops.mean(y, axis=0) + 1e-8)
        y = ops.reshape(y, (-1, height * width, self.num_channels, part))
        y = ops.mean(y, axis=(1, 3))[:, None, None]
        y = ops.tile(y, (group, height, width, 1))
        return ops.concatenate([x, y], axis=-1)

    def get_config(self):
        return super().get_config() | {
            "group_size": self.group_size,
            "num_channels": self.num_channels,
        }
