"""The translators GlobalGenerator and LocalEnhancer of pix2pixHD (1711.11585, 3.1).

Two forms of one geometry, chosen by `GeneratorConfig`:

* `norm="instance", residual=False` (preset `paper`) is the reference: N(0, 0.02)
  weights, instance normalisation after every convolution but the last, tanh; 182.4 M
  weights with 64 filters, 4 downsamplings and 9 blocks.
* `norm="none", residual=True` (preset `quick`) answers pix2pixHD's best-known fault,
  dark blobs in hair and background: the network hides a spike in a map to steer what
  instance normalisation makes of the rest, the "droplet" that StyleGAN2 traced to it
  (arXiv 1912.04958, 2.1). Without normalisation there is nothing to steer. He
  initialisation and blocks that start as identity keep such a deep network trainable;
  the output is input + predicted change, and the predicted change starts at exactly 0.
  Only the 7x7 convolutions mirror the border; in between, `padding="same"` makes the
  forward and backward pass a quarter faster on a CPU and spares a phone a dozen pads.

A residual translator's output is **not clipped** to [-1, 1]: clipping would stop the
gradient of the pixels that went too far. Whoever shows or exports the image clips it
(`images.io.to_uint8` does; an exported graph ends in a clip of its own).

Images are `[N, R, R, 3]` float32 in [-1, 1]; under a mixed-precision policy the output
is float32 all the same.
"""

import keras
from keras import initializers, layers

from tf_fsgd.config import GeneratorConfig
from tf_fsgd.pix2pixhd.edit_generator import edit_generator
from tf_fsgd.pix2pixhd.layers import (
    DepthToSpace,
    HalvingAveragePooling2D,
    InstanceNormalization,
    ReflectionPadding2D,
)
from tf_fsgd.pix2pixhd.mix_generator import mix_generator
from tf_fsgd.pix2pixhd.morph_generator import morph_generator

LOCAL_BLOCKS = 3  # residual blocks of a LocalEnhancer ("n_blocks_local")


def build_generator(
    config: GeneratorConfig, resolution: int, edits: int = 0
) -> keras.Model:
    """The translator that a config asks for.

    Args:
        config: Its `kind` chooses `global_generator`, `local_enhancer`,
            `edit_generator`, `morph_generator` or `mix_generator`.
        resolution: Side of the image in pixels.
        edits: How many edits a modulated generator takes strengths of.

    Returns:
        A model from "image" `[N, R, R, 3]`, for a modulated generator from
        `[image, strengths]`, to an image of the same shape, float32. For a morph or a
        mix the first has two faces, `[N, R, R, 6]`.

    Raises:
        UserError: As `GeneratorConfig.check`.
    """
    if config.kind == "modulated":
        return edit_generator(config, resolution, edits)
    if config.kind == "morph":
        return morph_generator(config, resolution)
    if config.kind == "mix":
        return mix_generator(config, resolution)
    build = global_generator if config.kind == "global" else local_enhancer
    return build(config, resolution)


def global_generator(config: GeneratorConfig, resolution: int) -> keras.Model:
    """GlobalGenerator: convolve, halve, residual blocks, double, convolve.

    Args:
        config: `filters` at full resolution; they double with each halving.
        resolution: Side of the image in pixels, a multiple of 2**downsamplings.

    Returns:
        A model from "image" `[N, R, R, 3]` to an image of the same shape, float32.

    Raises:
        UserError: As `build_generator`.
    """
    config.check(resolution)
    image = keras.Input((resolution, resolution, 3), name="image")
    trunk = _strided_trunk if config.strided_ends else _trunk
    x = trunk(image, config, config.filters)
    return keras.Model(image, _head(x, image, config), name="global_generator")


def local_enhancer(config: GeneratorConfig, resolution: int) -> keras.Model:
    """LocalEnhancer: a GlobalGenerator at half resolution, refined at full resolution.

    One enhancer, the reference's default. The global trunk, without its last
    convolution, sees the halved image with 2 `filters`; its maps are added to those of
    the enhancer's strided convolution. Reference: `--netG local --ngf 32`.

    Args:
        config: `filters`, `downsamplings` and `blocks` as in the reference: `filters`
            at full resolution, the other two of the global trunk.
        resolution: Side of the image in pixels, a multiple of 2**(downsamplings + 1).

    Returns:
        A model from "image" `[N, R, R, 3]` to an image of the same shape, float32.

    Raises:
        UserError: As `build_generator`.
    """
    config.check(resolution)
    filters = config.filters
    image = keras.Input((resolution, resolution, 3), name="image")
    halved = HalvingAveragePooling2D(name="halve")(image)
    coarse = _trunk(halved, config, 2 * filters)

    x = _convolve(image, config, filters, 7, "local_stem")
    x = _halve(x, config, 2 * filters, "local_down1")
    x = layers.Add(name="local_join")([x, coarse])
    for number in range(1, LOCAL_BLOCKS + 1):
        x = _residual_block(x, config, f"local_block{number}")
    x = _double(x, config, filters, "local_up1")
    return keras.Model(image, _head(x, image, config), name="local_enhancer")


def _trunk(image, config: GeneratorConfig, filters: int):
    """A GlobalGenerator without its last convolution: `[N, R, R, filters]`."""
    x = _convolve(image, config, filters, 7, "stem")
    for number in range(1, config.downsamplings + 1):
        x = _halve(x, config, filters * 2**number, f"down{number}")
    for number in range(1, config.blocks + 1):
        x = _residual_block(x, config, f"block{number}")
    for number in range(1, config.downsamplings + 1):
        width = filters * 2 ** (config.downsamplings - number)
        x = _double(x, config, width, f"up{number}")
    return x


def _strided_trunk(image, config: GeneratorConfig, filters: int):
    """A trunk that never computes at full resolution: `[N, R, R, filters / 2]`.

    On a CPU, maps of full resolution cost more time than their few multiplications
    suggest. The first convolution (6x6, so that every pixel counts equally often)
    halves, and the last doubling moves channels into space, which costs nothing.
    """
    x = ReflectionPadding2D(2, name="stem_pad")(image)
    x = layers.Conv2D(
        2 * filters, 6, strides=2, kernel_initializer=_kernel(config), name="stem_conv"
    )(x)
    x = _activate(x, config, "stem")
    for number in range(2, config.downsamplings + 1):
        x = _halve(x, config, filters * 2**number, f"down{number}")
    for number in range(1, config.blocks + 1):
        x = _residual_block(x, config, f"block{number}")
    for number in range(1, config.downsamplings):
        width = filters * 2 ** (config.downsamplings - number)
        x = _double(x, config, width, f"up{number}")
    x = layers.Conv2D(
        2 * filters,
        3,
        padding="same",
        kernel_initializer=_kernel(config),
        name="unfold_conv",
    )(x)
    x = _activate(x, config, "unfold")
    return DepthToSpace(2, name="unfold")(x)


def _convolve(x, config: GeneratorConfig, filters: int, kernel: int, name: str):
    x = _mirrored(x, filters, kernel, _kernel(config), name)
    return _activate(x, config, name)


def _halve(x, config: GeneratorConfig, filters: int, name: str):
    padding = "same"
    if config.norm == "instance":
        # PyTorch pads all sides by 1, "same" only right and bottom.
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
        padding = "valid"
    x = layers.Conv2D(
        filters,
        3,
        strides=2,
        padding=padding,
        kernel_initializer=_kernel(config),
        name=f"{name}_conv",
    )(x)
    return _activate(x, config, name)


def _double(x, config: GeneratorConfig, filters: int, name: str):
    reference = config.norm == "instance"
    x = layers.Conv2DTranspose(
        filters,
        3,
        strides=2,
        padding="valid" if reference else "same",
        kernel_initializer=_kernel(config, transposed=True),
        name=f"{name}_conv",
    )(x)
    if reference:
        # ConvTranspose2d(3, stride=2, padding=1, output_padding=1) drops the first of
        # the 2n + 1 rows of the full result; "same" drops the last.
        x = layers.Cropping2D(((1, 0), (1, 0)), name=f"{name}_crop")(x)
    return _activate(x, config, name)


def _residual_block(x, config: GeneratorConfig, name: str):
    filters = x.shape[-1]
    if config.norm == "instance":
        change = _convolve(x, config, filters, 3, f"{name}_1")
        change = _mirrored(change, filters, 3, _kernel(config), f"{name}_2")
        change = InstanceNormalization(name=f"{name}_2_norm")(change)
    else:
        change = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=_kernel(config),
            name=f"{name}_1_conv",
        )(x)
        change = layers.Conv2D(
            filters,
            3,
            padding="same",
            kernel_initializer="zeros",
            name=f"{name}_2_conv",
        )(change)
    return layers.Add(name=f"{name}_add")([x, change])


def _mirrored(x, filters: int, kernel: int, initializer, name: str):
    """A convolution that mirrors the border."""
    x = ReflectionPadding2D(kernel // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(
        filters, kernel, kernel_initializer=initializer, name=f"{name}_conv"
    )(x)


def _activate(x, config: GeneratorConfig, name: str):
    if config.norm == "instance":
        x = InstanceNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _head(x, image, config: GeneratorConfig):
    kernel = "zeros" if config.residual else _kernel(config)
    x = _mirrored(x, 3, 7, kernel, "head")
    if config.residual:
        return layers.Add(dtype="float32", name="translated")([image, x])
    return layers.Activation("tanh", dtype="float32", name="translated")(x)


def _kernel(config: GeneratorConfig, transposed: bool = False):
    if config.norm == "instance":
        return initializers.RandomNormal(stddev=0.02)
    if transposed:
        # He's 2 / fan for the inputs that meet in one pixel: at stride 2 a quarter of
        # in * 3 * 3, which Keras calls a transposed kernel's fan_out.
        return initializers.VarianceScaling(8.0, mode="fan_out")
    return initializers.HeNormal()
