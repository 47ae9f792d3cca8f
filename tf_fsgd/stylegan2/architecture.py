"""What a StyleGAN2 checkpoint is made of: sizes, and the name and shape of each weight.

Readers fill these names, networks ask for them, and neither knows the other. A name is
the layer's and, after a slash, the variable's.

Weights are ready for use: equalised learning rates (Karras et al. 2018, section 4.1)
and the reference's `lrmul` are multiplied in, the 1 that the TensorFlow code adds to a
style is part of its bias, and arrays lie as Keras keeps them.

* Dense kernels: `[in, out]`.
* Convolution kernels: `[height, width, in, out]`, for a correlation, as `ops.conv`.
* `b{r}.conv0/kernel` of the synthesis network doubles the size and is kept as
  `ops.conv_transpose` takes it: `[height, width, out, in]`. It is low-passed after.
* `b4.fc/kernel` of the discriminator reads its 4x4 picture row by row, channels last.
"""

import dataclasses
import math
from dataclasses import dataclass

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Architecture:
    """Sizes of a StyleGAN2 (Karras et al. 2020, arXiv 1912.04958, figure 7).

    The generator sums images over scales (skip), the discriminator is residual, as in
    configs E and F.

    Attributes:
        resolution: Side of a picture in pixels, a power of two from 8 to 1024.
        channels: Width of the synthesis network at 4x4, 8x8, and so on.
        mapping_layers: Depth of the mapping network.
        z_dim: Length of z.
        w_dim: Length of w.
        resample_filter: Taps of the separable low-pass filter, before normalisation.
        conv_clamp: Largest magnitude that a layer of the synthesis network puts out
            (stylegan2-ada's guard for half precision), or `None`.
        discriminator_channels: Width of the discriminator at 4x4, 8x8, and so on;
            empty if the checkpoint brings none.
        discriminator_clamp: As `conv_clamp`.
        mbstd_group_size: Images that share a standard deviation; `None` for all.
        mbstd_num_channels: Channels that the standard deviation adds, 0 for none.
    """

    resolution: int
    channels: tuple[int, ...]
    mapping_layers: int = 8
    z_dim: int = 512
    w_dim: int = 512
    resample_filter: tuple[float, ...] = (1, 3, 3, 1)
    conv_clamp: float | None = None
    discriminator_channels: tuple[int, ...] = ()
    discriminator_clamp: float | None = None
    mbstd_group_size: int | None = 4
    mbstd_num_channels: int = 1

    def __post_init__(self):
        depth = math.log2(self.resolution) - 1 if self.resolution > 0 else 0
        if depth not in range(2, 10):
            raise ValueError(
                "resolution must be a power of two from 8 to 1024, received "
                f"{self.resolution}"
            )
        for name in ("channels", "discriminator_channels"):
            widths = tuple(int(width) for width in getattr(self, name))
            object.__setattr__(self, name, widths)
            optional = name == "discriminator_channels"
            if len(widths) != depth and not (optional and not widths):
                raise ValueError(
                    f"{name} must have a width for each of the {int(depth)} "
                    f"resolutions up to {self.resolution}, received {widths}"
                )
        taps = tuple(float(tap) for tap in self.resample_filter)
        object.__setattr__(self, "resample_filter", taps)

    @property
    def num_ws(self) -> int:
        """Rows of W+: one for each convolution, one for the last image head."""
        return 2 * len(self.channels)

    @property
    def resolutions(self) -> tuple[int, ...]:
        """4, 8, and so on up to the picture's."""
        return tuple(4 * 2**index for index in range(len(self.channels)))

    def to_dict(self) -> dict:
        """JSON types; `Architecture(**d)` brings it back."""
        return dataclasses.asdict(self)


def widths(
    resolution: int, channel_base: int, channel_max: int = 512
) -> tuple[int, ...]:
    """StyleGAN2's rule for widths, from 4x4 up: min(channel_base / r, channel_max).

    `channel_base` counts as in the PyTorch code: 32,768 for config-f, 16,384 for
    config-e and for stylegan2-ada's half width at 256 px. TensorFlow's `fmap_base` is
    half of it.
    """
    resolutions = (2**power for power in range(2, resolution.bit_length()))
    return tuple(min(channel_base // r, channel_max) for r in resolutions)


def config_e(resolution: int = 1024) -> Architecture:
    """The widths of `stylegan2-ffhq-config-e`, with its discriminator."""
    return _config(widths(resolution, 16_384), resolution)


def config_f(resolution: int = 1024) -> Architecture:
    """The widths of `stylegan2-ffhq-config-f`, with its discriminator."""
    return _config(widths(resolution, 32_768), resolution)


def _config(channels: tuple[int, ...], resolution: int) -> Architecture:
    return Architecture(resolution, channels, discriminator_channels=channels)


def mapping_shapes(architecture: Architecture) -> Shapes:
    """Weights of the mapping network, and `w_avg`, the mean of w.

    All hidden layers are as wide as w.
    """
    shapes: Shapes = {"w_avg": (architecture.w_dim,)}
    fan_in = architecture.z_dim
    for index in range(architecture.mapping_layers):
        shapes[f"dense{index}/kernel"] = (fan_in, architecture.w_dim)
        shapes[f"dense{index}/bias"] = (architecture.w_dim,)
        fan_in = architecture.w_dim
    return shapes


def synthesis_shapes(architecture: Architecture) -> Shapes:
    """Weights of the synthesis network.

    `noise` is the constant noise of `noise_mode` "const"; it and random noise are
    multiplied by `noise_strength`.
    """
    shapes: Shapes = {"input/constant": (1, 4, 4, architecture.channels[0])}
    before = 0
    for r, width in zip(architecture.resolutions, architecture.channels, strict=True):
        for conv in ("conv0", "conv1") if before else ("conv1",):
            name = f"b{r}.{conv}"
            fan_in = before if conv == "conv0" else width
            kernel = (3, 3, width, fan_in) if conv == "conv0" else (3, 3, fan_in, width)
            shapes |= _style(architecture, name, fan_in)
            shapes[f"{name}/kernel"] = kernel
            shapes[f"{name}/bias"] = (width,)
            shapes[f"{name}/noise"] = (r, r)
            shapes[f"{name}/noise_strength"] = ()
        shapes |= _style(architecture, f"b{r}.to_rgb", width)
        shapes[f"b{r}.to_rgb/kernel"] = (1, 1, width, 3)
        shapes[f"b{r}.to_rgb/bias"] = (3,)
        before = width
    return shapes


def discriminator_shapes(architecture: Architecture) -> Shapes:
    """Weights of the discriminator; none if the checkpoint brings none."""
    channels = architecture.discriminator_channels
    if not channels:
        return {}
    shapes: Shapes = {
        f"b{architecture.resolution}.from_rgb/kernel": (1, 1, 3, channels[-1]),
        f"b{architecture.resolution}.from_rgb/bias": (channels[-1],),
    }
    for index in range(len(channels) - 1, 0, -1):
        wide, name = channels[index], f"b{architecture.resolutions[index]}"
        after = channels[index - 1]
        shapes[f"{name}.conv0/kernel"] = (3, 3, wide, wide)
        shapes[f"{name}.conv0/bias"] = (wide,)
        shapes[f"{name}.conv1/kernel"] = (3, 3, wide, after)
        shapes[f"{name}.conv1/bias"] = (after,)
        shapes[f"{name}.skip/kernel"] = (1, 1, wide, after)
    last = channels[0]
    shapes["b4.conv/kernel"] = (3, 3, last + architecture.mbstd_num_channels, last)
    shapes["b4.conv/bias"] = (last,)
    shapes["b4.fc/kernel"] = (16 * last, last)
    shapes["b4.fc/bias"] = (last,)
    shapes["b4.out/kernel"] = (last, 1)
    shapes["b4.out/bias"] = (1,)
    return shapes


def _style(architecture: Architecture, name: str, width: int) -> Shapes:
    return {
        f"{name}.style/kernel": (architecture.w_dim, width),
        f"{name}.style/bias": (width,),
    }
