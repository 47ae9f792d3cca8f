"""Layers of StyleGAN2 that know no style; `modulated_convolutions` has the others."""

import math

import keras
import numpy as np
from keras import layers, ops

GAIN = math.sqrt(2)
SLOPE = 0.2


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
        return clip(ops.leaky_relu(x, SLOPE) * self.gain, self.clamp)


def clip(x, clamp: float | None):
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
        # One pass of 4x4 taps over memory costs less than two passes of 4.
        taps = lowpass_taps(self.resample_filter)
        kernel = self.gain * np.outer(taps, taps)[:, :, None, None]
        kernel = np.repeat(kernel, x.shape[-1], axis=2)
        kernel = ops.convert_to_tensor(kernel, x.dtype)
        return ops.depthwise_conv(x, kernel, strides=self.stride)


@keras.saving.register_keras_serializable("tf_fsgd")
class UpsampleImage(layers.Layer):
    """Doubles the size of `[N, H, W, 3]`: zeros between pixels, then the low-pass.

    Neither the zeros nor the products with them are made: each of the four pixels that
    come of one is a small convolution of its own.

    Args:
        resample_filter: Taps before normalisation.
        **kwargs: Passed on to `layers.Layer`.

    Call arguments:
        image: `[N, H, W, 3]`.
        bias: `[3]`, added to every pixel of the result, or `None`.
    """

    def __init__(self, resample_filter: tuple[float, ...], **kwargs):
        super().__init__(**kwargs)
        self.resample_filter = tuple(resample_filter)

    def call(self, image, bias=None):
        phases, padding = doubling_phases(self.resample_filter)
        channels = image.shape[-1]
        # kernel[u, v, c, (a, b, d)] = phases[u, a] phases[v, b] if c is d.
        kernel = np.einsum("ua,vb,cd->uvcabd", phases, phases, np.eye(channels))
        kernel = kernel.reshape(*kernel.shape[:3], 4 * channels)
        image = ops.pad(image, ((0, 0), padding, padding, (0, 0)))
        image = ops.conv(image, ops.convert_to_tensor(kernel, image.dtype))
        if bias is not None:
            image = ops.add(image, ops.tile(bias, 4))
        return ops.nn.depth_to_space(image, 2)


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
