"""StyleGAN2's residual discriminator (Karras et al. 2020, figure 7c).

A checkpoint brings it along; its logit tells better pictures from worse ones.
"""

import math

from keras import Input, KerasTensor, Model, layers

from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.layers import GAIN, Lowpass, MinibatchStddev, ScaledLeakyReLU


def discriminator_network(architecture: Architecture, dtype: str = "float32") -> Model:
    """The discriminator.

    Args:
        architecture: Sizes, `discriminator_channels` among them.
        dtype: Keras policy of the residual blocks; the last layers, at 4x4, are
            float32 under any.

    Returns:
        A model from images `[N, R, R, 3]`, [-1, 1], to logits `[N, 1]` float32, larger
        for what looks real. N must be divisible by `mbstd_group_size` unless it is
        smaller.

    Raises:
        ValueError: If the architecture has no discriminator.
    """
    a = architecture
    if not a.discriminator_channels:
        raise ValueError("the architecture has no discriminator_channels")
    images = Input([a.resolution, a.resolution, 3], name="images")
    x = layers.Conv2D(
        a.discriminator_channels[-1], 1, dtype=dtype, name=f"b{a.resolution}.from_rgb"
    )(images)
    x = ScaledLeakyReLU(clamp=a.discriminator_clamp, dtype=dtype)(x)
    for index in range(len(a.discriminator_channels) - 1, 0, -1):
        name, after = f"b{a.resolutions[index]}", a.discriminator_channels[index - 1]
        x = _block(x, after, a, dtype, name)
    x = layers.Activation("linear", dtype="float32")(x)
    return Model(images, _epilogue(x, a), name="discriminator")


def _block(x: KerasTensor, after: int, a: Architecture, dtype: str, name: str):
    """Halves the size: two convolutions, and a shortcut of one without activation."""
    half = math.sqrt(0.5)  # the sum of two keeps the variance of one
    clamp, length = a.discriminator_clamp, len(a.resample_filter)
    skip = Lowpass(
        a.resample_filter,
        padding=((length - 1) // 2, (length - 2) // 2),
        gain=half,
        stride=2,
        dtype=dtype,
    )(x)
    skip = layers.Conv2D(after, 1, use_bias=False, dtype=dtype, name=f"{name}.skip")(
        skip
    )
    y = layers.Conv2D(
        x.shape[-1], 3, padding="same", dtype=dtype, name=f"{name}.conv0"
    )(x)
    y = ScaledLeakyReLU(clamp=clamp, dtype=dtype)(y)
    y = Lowpass(
        a.resample_filter, padding=((length + 1) // 2, length // 2), dtype=dtype
    )(y)
    y = layers.Conv2D(after, 3, strides=2, dtype=dtype, name=f"{name}.conv1")(y)
    clamp = None if clamp is None else clamp * half
    return skip + ScaledLeakyReLU(GAIN * half, clamp, dtype=dtype)(y)


def _epilogue(x: KerasTensor, a: Architecture):
    width, clamp = a.discriminator_channels[0], a.discriminator_clamp
    if a.mbstd_num_channels:
        x = MinibatchStddev(a.mbstd_group_size, a.mbstd_num_channels, dtype="float32")(
            x
        )
    x = layers.Conv2D(width, 3, padding="same", dtype="float32", name="b4.conv")(x)
    x = ScaledLeakyReLU(clamp=clamp, dtype="float32")(x)
    x = layers.Flatten(dtype="float32")(x)
    x = layers.Dense(width, dtype="float32", name="b4.fc")(x)
    x = ScaledLeakyReLU(dtype="float32")(x)
    return layers.Dense(1, dtype="float32", name="b4.out")(x)
