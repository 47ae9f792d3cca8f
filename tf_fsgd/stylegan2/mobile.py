"""MobileStyleGAN (Belousov 2021, arXiv 2104.04767): a distilled student of StyleGAN2.

The mapping network is StyleGAN2-FFHQ config-f's own (`synthesis.mapping_network`), so
its W is shared: directions found here work there. The synthesis network replaces
convolutions by depthwise and pointwise ones and upsampling by an inverse Haar wavelet
transform, knows no demodulation, and draws the picture once, at the end, from the
features of half its size.

Rows of W+ are numbered as in StyleGAN2, so that "layers 0 to 7" means the same for
both: the block that doubles the size for the i-th time takes row 2i+1 for its
upsampling and first convolution and row 2i+2 for its second; the image head takes the
row after.

Layers are named as their weights; `mobile_weights.py` fills them.

On a CPU every pass over the features takes as long as a good part of a convolution, so
the synthesis network is written for few of them. A convolution, its bias, its noise and
its activation are one: TensorFlow fuses them when they come in this order and there is
one kernel, so one face, at a time. `benchmarks/embedded_teacher.py` measures it.
"""

import keras
import numpy as np
from keras import layers, ops

from tf_fsgd.stylegan2.layers import ConstantInput

CHANNELS = (512, 512, 512, 512, 512, 256, 128, 64)  # from 4x4 up
W_DIM = 512

# The inverse Haar transform: the four pixels of a square (0 0, 0 1, 1 0, 1 1) from the
# sub-bands LL, LH, HL, HH.
HAAR = 0.5 * np.array(
    [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], np.float32
)


def synthesis_network(
    channels: tuple[int, ...] = CHANNELS, dtype: str = "float32", factor: int = 1
) -> keras.Model:
    """The synthesis network of one face; `one_by_one` makes it one of many.

    Args:
        channels: Width at 4x4, 8x8, and so on; every one divisible by 4.
        dtype: Keras policy; `mixed_bfloat16` is about twice as fast on CPUs that have
            bfloat16 instructions.
        factor: Draw the picture smaller by this power of two, each pixel the mean of
            `factor` by `factor`. The image head is linear, so the mean is taken of the
            features before it, which saves most of it.

    Returns:
        A model from ws `[1, 2 * len(channels), 512]` to images `[1, R, R, 3]` float32,
        about [-1, 1]; R = 4 * 2**len(channels) / factor.
    """
    ws = keras.Input(batch_shape=[1, 2 * len(channels), W_DIM], name="ws")
    x = ConstantInput(channels[0], dtype=dtype, name="input")(ws)
    style = _affine(ws, 0, channels[0], "conv1.style")
    x = ModulatedConv(channels[0], 3, dtype=dtype, name="conv1")([x, style])
    x = _bias_noise_activation(x, dtype, "conv1")
    for index, width in enumerate(channels[1:]):
        block = f"layers.{index}"
        row = 2 * index + 1
        inner = channels[index] // 4
        style = _affine(ws, row, channels[index], f"{block}.up.style")
        x = HaarUpsample(dtype=dtype, name=f"{block}.up")([x, style])
        style = _affine(ws, row, inner, f"{block}.conv1.style")
        x = _separable(x, style, width, dtype, f"{block}.conv1")
        style = _affine(ws, row + 1, width, f"{block}.conv2.style")
        x = _separable(x, style, width, dtype, f"{block}.conv2")
    style = _affine(ws, 2 * len(channels) - 1, channels[-1], "to_img.style")
    if factor > 2:
        x = layers.AveragePooling2D(factor // 2, dtype=dtype)(x)
    # A pixel of features makes the four pixels of a square, or their mean.
    filters = 3 if factor > 1 else 12
    head = ModulatedConv(filters, 1, use_bias=True, dtype=dtype, name="to_img")
    image = head([x, style])
    if factor == 1:
        image = ops.nn.depth_to_space(image, 2)
    image = layers.Activation("linear", dtype="float32")(image)
    return keras.Model(ws, image, name="synthesis")


def one_by_one(network: keras.Model) -> keras.Model:
    """The network of one face as one of any number; a face is the same in each."""
    ws = keras.Input(network.input.shape[1:], name="ws")
    return keras.Model(ws, OneByOne(network, dtype="float32")(ws))


def _affine(ws, row: int, width: int, name: str):
    """The learned affine map from a row of W+ to a style; float32, it is small."""
    return layers.Dense(width, dtype="float32", name=name)(ws[:, row])


def _separable(x, style, width: int, dtype: str, name: str):
    x = layers.DepthwiseConv2D(
        3, padding="same", use_bias=False, dtype=dtype, name=f"{name}.depthwise"
    )(x)
    # The style scales channels, and a depthwise convolution keeps channels apart, so
    # scaling may come after it: there it costs nothing, see ModulatedConv.
    x = ModulatedConv(width, 1, dtype=dtype, name=name)([x, style])
    return _bias_noise_activation(x, dtype, name)


def _bias_noise_activation(x, dtype: str, name: str):
    x = NoiseBias(dtype=dtype, name=f"{name}.noise_bias")(x)
    return layers.LeakyReLU(0.2, dtype=dtype)(x)


@keras.saving.register_keras_serializable("tf_fsgd")
class OneByOne(layers.Wrapper):
    """Applies a network of batch size 1 to each sample of a batch."""

    def call(self, inputs):
        if inputs.shape[0] == 1:
            return self.layer(inputs)
        return ops.map(lambda sample: self.layer(sample[None])[0], inputs)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.layer.output.shape[1:])


@keras.saving.register_keras_serializable("tf_fsgd")
class ModulatedConv(layers.Layer):
    """Convolution of channels scaled by a style, without demodulation.

    Takes `[x, style]`, `[1, H, W, C]` and `[1, C]`. The style scales a 1x1 kernel
    instead of the activations, which saves a pass over them.
    """

    def __init__(
        self, filters: int, kernel_size: int, use_bias: bool = False, **kwargs
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.use_bias = use_bias

    def build(self, input_shape):
        channels = input_shape[0][-1]
        size = self.kernel_size
        self.kernel = self.add_weight(
            shape=(size, size, channels, self.filters), name="kernel"
        )
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.filters,), name="bias")

    def call(self, inputs):
        x, style = inputs
        style = ops.cast(style, self.compute_dtype)
        if self.kernel_size == 1:
            x = ops.conv(x, style[:, None, :, None] * self.kernel)
        else:
            x = ops.conv(x * style[:, None, None], self.kernel, padding="same")
        return ops.add(x, self.bias) if self.use_bias else x


@keras.saving.register_keras_serializable("tf_fsgd")
class NoiseBias(layers.Layer):
    """Adds the bias and the constant noise (its strength folded in): `[1, H, W, C]`."""

    def build(self, input_shape):
        _, height, width, channels = input_shape
        self.noise = self.add_weight(shape=(1, height, width, 1), name="noise")
        self.bias = self.add_weight(shape=(channels,), name="bias")

    def call(self, x):
        # In this form both join the convolution: `ops.add`, unlike `+`, becomes
        # TensorFlow's BiasAdd, and noise of the full shape is added while x is written.
        return ops.add(ops.add(x, self.bias), ops.broadcast_to(self.noise, x.shape))


@keras.saving.register_keras_serializable("tf_fsgd")
class HaarUpsample(layers.Layer):
    """Inverse Haar wavelet transform of style-scaled sub-bands.

    Takes `[x, style]`, `[1, H, W, 4C]` and `[1, 4C]`; the channels are the sub-bands
    LL, LH, HL, HH one after the other. Returns `[1, 2H, 2W, C]`:
    y[2i+a, 2j+b] = (LL + (-1)^a LH + (-1)^b HL + (-1)^(a+b) HH)[i, j] / 2.
    """

    def call(self, inputs):
        x, style = inputs
        return _inverse_haar(x, ops.cast(style, self.compute_dtype))


@ops.custom_gradient
def _inverse_haar(x, style):
    """The transform in one pass, where scaling, adding and subtracting take a dozen.

    With the bands of a pixel laid out as four neighbours, each pixel of the square is a
    depthwise convolution of stride 4 whose kernel holds signs, halving and style. Its
    own gradient would be slow; the transform's is the transform backwards.
    """
    _, height, width, channels = x.shape
    channels //= 4
    neighbours = ops.reshape(x, (1, 1, 4 * height * width, channels))
    scale = ops.reshape(style, (1, 4, channels, 1))
    kernels = [scale * ops.cast(row[:, None, None], x.dtype) for row in HAAR]
    pixels = [ops.depthwise_conv(neighbours, kernel, strides=4) for kernel in kernels]
    rows = [
        ops.reshape(ops.concatenate(row, axis=-1), (1, height, 2 * width * channels))
        for row in (pixels[:2], pixels[2:])
    ]
    square = (1, 2 * height, 2 * width, channels)
    image = ops.reshape(ops.concatenate(rows, axis=-1), square)

    def gradient(*args, upstream=None):
        upstream = args[0] if upstream is None else upstream
        rows = ops.reshape(upstream, (height, 2, width, 2 * channels))
        sums = ops.split(rows[:, 0] + rows[:, 1], 2, axis=-1)
        steps = ops.split(rows[:, 0] - rows[:, 1], 2, axis=-1)
        bands = (sum(sums), sum(steps), sums[0] - sums[1], steps[0] - steps[1])
        scaled = 0.5 * ops.concatenate(bands, axis=-1)[None]
        return scaled * style[:, None, None], ops.sum(scaled * x, axis=(1, 2))

    return image, gradient
