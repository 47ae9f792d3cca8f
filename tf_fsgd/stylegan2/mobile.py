"""MobileStyleGAN (Belousov 2021, arXiv 2104.04767): a distilled student of StyleGAN2.

The mapping network is StyleGAN2-FFHQ config-f's own, so its W is shared: directions
found here work there. The synthesis network replaces convolutions by depthwise and
pointwise ones and upsampling by an inverse Haar wavelet transform, knows no
demodulation, and draws the picture once, at the end, from the features of half its
size.

Rows of W+ are numbered as in StyleGAN2, so that "layers 0 to 7" means the same for
both: the block that doubles the size for the i-th time takes row 2i+1 for its
upsampling and first convolution and row 2i+2 for its second; the image head takes the
row after.

Both functions return plain Keras models with the weights' names as layer names;
`mobile_weights.py` fills them.
"""

import math

import keras
from keras import layers, ops

from tf_fsgd.stylegan2.layers import ConstantInput

CHANNELS = (512, 512, 512, 512, 512, 256, 128, 64)  # from 4x4 up
W_DIM = 512


def mapping_network(depth: int = 8) -> keras.Model:
    """StyleGAN2's mapping network: z `[N, 512]` to w `[N, 512]`.

    z is normalised to a root mean square of 1; each layer is dense, leaky ReLU of slope
    0.2, gain sqrt(2) (Karras et al. 2020, and the reference's `lrmul` folded in).
    """
    z = keras.Input([W_DIM], name="z")
    x = z * ops.rsqrt(ops.mean(ops.square(z), axis=-1, keepdims=True) + 1e-8)
    for index in range(depth):
        x = layers.Dense(W_DIM, name=f"dense{index}")(x)
        x = layers.LeakyReLU(0.2)(x) * math.sqrt(2)
    return keras.Model(z, x, name="mapping")


def synthesis_network(
    channels: tuple[int, ...] = CHANNELS, dtype: str = "float32", half: bool = False
) -> keras.Model:
    """The synthesis network.

    Args:
        channels: Width at 4x4, 8x8, and so on; every one divisible by 4.
        dtype: Keras policy; `mixed_bfloat16` is about twice as fast on CPUs that have
            bfloat16 instructions.
        half: Leave out the last wavelet transform. Its low band is twice the picture
            reduced to half its size by averaging, exactly, so a smaller picture need
            not pay for the full one.

    Returns:
        A model from ws `[N, 2 * len(channels), 512]` to images `[N, R, R, 3]` float32,
        about [-1, 1]; R = 4 * 2**len(channels), half of that if `half`.
    """
    ws = keras.Input([2 * len(channels), W_DIM], name="ws")
    x = ConstantInput(channels[0], dtype=dtype, name="input")(ws)
    style = _affine(ws, 0, channels[0], "conv1.style")
    x = ModulatedConv(channels[0], 3, dtype=dtype, name="conv1")([x, style])
    x = _noise_bias_activation(x, dtype, "conv1")
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
    head = ModulatedConv(
        3 if half else 12, 1, use_bias=True, dtype=dtype, name="to_img"
    )
    image = layers.Activation("linear", dtype="float32")(head([x, style]))
    if half:
        image = 0.5 * image
    else:
        image = HaarUpsample(name="to_img.up")([image, ops.ones_like(image[:, 0, 0])])
    return keras.Model(ws, image, name="synthesis")


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
    return _noise_bias_activation(x, dtype, name)


def _noise_bias_activation(x, dtype: str, name: str):
    x = NoiseBias(dtype=dtype, name=f"{name}.noise_bias")(x)
    return layers.LeakyReLU(0.2, dtype=dtype)(x)


@keras.saving.register_keras_serializable("tf_fsgd")
class ModulatedConv(layers.Layer):
    """Convolution of channels scaled by a style, without demodulation.

    Takes `[x, style]`, `[N, H, W, C]` and `[N, C]`. A 1x1 kernel is scaled instead of
    the activations and applied as one matrix product a sample: it saves a pass over
    memory, which is what high resolutions wait for.
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
            batch, height, width, channels = ops.shape(x)
            kernel = style[:, :, None] * ops.cast(self.kernel[0], self.compute_dtype)
            x = ops.matmul(ops.reshape(x, (batch, height * width, channels)), kernel)
            x = ops.reshape(x, (batch, height, width, self.filters))
        else:
            x = ops.conv(x * style[:, None, None], self.kernel, padding="same")
        return x + self.bias if self.use_bias else x

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "use_bias": self.use_bias,
        }


@keras.saving.register_keras_serializable("tf_fsgd")
class NoiseBias(layers.Layer):
    """Adds the constant noise (its strength folded in) and the bias: `[N, H, W, C]`."""

    def build(self, input_shape):
        _, height, width, channels = input_shape
        self.noise = self.add_weight(shape=(1, height, width, 1), name="noise")
        self.bias = self.add_weight(shape=(channels,), name="bias")

    def call(self, x):
        return (x + self.bias) + self.noise


@keras.saving.register_keras_serializable("tf_fsgd")
class HaarUpsample(layers.Layer):
    """Inverse Haar wavelet transform of style-scaled sub-bands.

    Takes `[x, style]`, `[N, H, W, 4C]` and `[N, 4C]`; the channels are the sub-bands
    LL, LH, HL, HH one after the other. Returns `[N, 2H, 2W, C]`:
    y[2i+a, 2j+b] = (LL + (-1)^a LH + (-1)^b HL + (-1)^(a+b) HH)[i, j] / 2.
    """

    def call(self, inputs):
        x, style = inputs
        # The halving goes into the style, where it costs nothing.
        x = x * ops.cast(style * 0.5, self.compute_dtype)[:, None, None]
        ll, lh, hl, hh = ops.split(x, 4, axis=-1)
        top, bottom = ll + lh, ll - lh
        top_step, bottom_step = hl + hh, hl - hh
        x = ops.concatenate(
            [
                top + top_step,
                top - top_step,
                bottom + bottom_step,
                bottom - bottom_step,
            ],
            axis=-1,
        )
        return ops.nn.depth_to_space(x, 2)
