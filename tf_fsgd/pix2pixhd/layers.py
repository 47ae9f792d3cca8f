"""Layers with PyTorch's geometry, so that networks equal the reference value by value.

TensorFlow's `padding="same"` pads a strided window on the right and bottom only,
PyTorch on all sides; on even sizes the two sample different pixels. Hence explicit
paddings here. Every layer works in rank 4 and turns into TFLite's built-in operators.
"""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("tf_fsgd")
class InstanceNormalization(layers.Layer):
    """Zero mean and unit variance over each image's channel, without weights.

    Equals PyTorch's `InstanceNorm2d(affine=False)` (biased variance). Computed in
    float32 whatever the precision policy, centred before squaring and averaged over
    rows first and columns second: mobile GPUs sum in float16, which overflows at 65504
    when a whole map of squares is summed at once (LiteRT#9249).

    Call arguments:
        x: `[N, H, W, C]`; the result has the same shape, in the layer's compute dtype.

    Args:
        epsilon: Added to the variance.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, x):
        x = ops.cast(x, "float32")
        centred = x - _spatial_mean(x)
        variance = _spatial_mean(ops.square(centred))
        normalised = centred * ops.rsqrt(variance + self.epsilon)
        return ops.cast(normalised, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


def _spatial_mean(x):
    return ops.mean(ops.mean(x, axis=1, keepdims=True), axis=2, keepdims=True)


@keras.saving.register_keras_serializable("tf_fsgd")
class ReflectionPadding2D(layers.Layer):
    """Mirrors the border without repeating the edge: H and W grow by 2 `padding`.

    Reflection instead of zeros is also what alleviates pix2pixHD's blobs at image
    borders (NVIDIA/pix2pixHD#46).

    Args:
        padding: Pixels on each side; less than the height and the width.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, padding: int, **kwargs):
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, x):
        side = (self.padding, self.padding)
        return ops.pad(x, ((0, 0), side, side, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        return (n, h + 2 * self.padding, w + 2 * self.padding, c)


@keras.saving.register_keras_serializable("tf_fsgd")
class HalvingAveragePooling2D(layers.Layer):
    """Mean of 3x3 windows at stride 2 that leaves the padding out of the mean.

    Equals PyTorch's `AvgPool2d(3, stride=2, padding=1, count_include_pad=False)`:
    `[N, H, W, C]` becomes `[N, ceil(H / 2), ceil(W / 2), C]`. Needs static H and W.
    """

    def call(self, x):
        ones = ops.ones((1, *x.shape[1:3], 1), dtype=x.dtype)
        return self._mean_with_zeros(x) / self._mean_with_zeros(ones)

    def _mean_with_zeros(self, x):
        padded = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return ops.average_pool(padded, pool_size=3, strides=2, padding="valid")

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        return (n, (h + 1) // 2, (w + 1) // 2, c)


@keras.saving.register_keras_serializable("tf_fsgd")
class DepthToSpace(layers.Layer):
    """Moves channels into space: `[N, H, W, s * s * C]` to `[N, s * H, s * W, C]`.

    Args:
        size: s, the factor by which each side grows.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        return ops.nn.depth_to_space(inputs, self.size)


@keras.saving.register_keras_serializable("tf_fsgd")
class SpaceToDepth(layers.Layer):
    """Moves space into channels: `[N, s * H, s * W, C]` to `[N, H, W, s * s * C]`.

    Args:
        size: s, the factor by which each side shrinks.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        return ops.nn.space_to_depth(inputs, self.size)


@keras.saving.register_keras_serializable("tf_fsgd")
class Spread(layers.Layer):
    """Numbers as maps that are constant: `[N, C]` to `[N, R, R, C]`.

    Args:
        resolution: R.
        **kwargs: Passed on to `layers.Layer`.
    """

    def __init__(self, resolution: int, **kwargs):
        super().__init__(**kwargs)
        self.resolution = resolution

    def call(self, inputs):
        side, channels = self.resolution, inputs.shape[-1]
        maps = ops.reshape(inputs, (-1, 1, 1, channels))
        return maps * ops.ones((1, side, side, 1), dtype=maps.dtype)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.resolution, self.resolution, input_shape[1])
