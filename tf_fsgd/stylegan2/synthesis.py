"""StyleGAN2's generator: the mapping network and the synthesis network.

Layers are named as the weights of `architecture.py`.
"""

from keras import Input, KerasTensor, Model, layers, ops

from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.layers import ConstantInput, ScaledLeakyReLU
from tf_fsgd.stylegan2.modulated_convolutions import NOISE_MODES, StyledConv, ToRGB


def mapping_network(architecture: Architecture) -> Model:
    """z `[N, z_dim]` to w `[N, w_dim]`, float32, without truncation.

    z is normalised to a root mean square of 1.
    """
    z = Input([architecture.z_dim], name="z")
    x = z * ops.rsqrt(ops.mean(ops.square(z), axis=-1, keepdims=True) + 1e-8)
    for index in range(architecture.mapping_layers):
        x = layers.Dense(architecture.w_dim, dtype="float32", name=f"dense{index}")(x)
        x = ScaledLeakyReLU()(x)
    return Model(z, x, name="mapping")


def synthesis_network(
    architecture: Architecture,
    noise_mode: str = "const",
    dtype: str = "float32",
    layers_of: Model | None = None,
) -> Model:
    """The synthesis network.

    Args:
        architecture: Sizes.
        noise_mode: "const", "random" or "none".
        dtype: Keras policy of the convolutions; styles and the sum of images are
            float32 under any.
        layers_of: A synthesis network of the same architecture and policy to share
            layers, and so weights, with.

    Returns:
        A model from ws `[N, num_ws, w_dim]` to images `[N, R, R, 3]` float32, about
        [-1, 1].

    Raises:
        ValueError: If there is no such noise mode.
    """
    if noise_mode not in NOISE_MODES:
        raise ValueError(
            f"noise_mode must be one of {', '.join(NOISE_MODES)}, "
            f"received {noise_mode!r}"
        )
    a = architecture

    def shared(name: str, layer: type[layers.Layer], *args, **kwargs) -> layers.Layer:
        if layers_of is not None:
            return layers_of.get_layer(name)
        return layer(*args, **{"dtype": dtype} | kwargs, name=name)

    def style(x: KerasTensor, row: int, name: str) -> KerasTensor:
        """The learned affine map from a row of W+ to the scales of x's channels."""
        dense = shared(
            f"{name}.style",
            layers.Dense,
            x.shape[-1],
            bias_initializer="ones",
            dtype="float32",
        )
        return dense(ws[:, row])

    def conv(x, row: int, width: int, name: str, up: bool = False):
        layer = shared(name, StyledConv, width, up, a.resample_filter, a.conv_clamp)
        return layer([*x, style(x[0], row, name)], noise_mode=noise_mode)

    def to_rgb(x, row: int, name: str, *image: KerasTensor):
        layer = shared(name, ToRGB, a.resample_filter, a.conv_clamp)
        return layer([*x, style(x[0], row, name), *image])

    ws = Input([a.num_ws, a.w_dim], name="ws")
    constant = shared("input", ConstantInput, a.channels[0])(ws)
    x = constant, ops.ones_like(constant[:, 0, 0], dtype="float32")
    x = conv(x, 0, a.channels[0], "b4.conv1")
    # The image head of a block and the first layer of the next share a row.
    row = 1
    image = to_rgb(x, row, "b4.to_rgb")
    for r, width in zip(a.resolutions[1:], a.channels[1:], strict=True):
        x = conv(x, row, width, f"b{r}.conv0", up=True)
        x = conv(x, row + 1, width, f"b{r}.conv1")
        row += 2
        image = to_rgb(x, row, f"b{r}.to_rgb", image)
    return Model(ws, image, name="synthesis")


def freeze(network: Model) -> Model:
    """Takes the weights of a synthesis network for constants, which is faster.

    What depends on them alone is computed once, here; the network must not be given
    other weights after. It can still be differentiated by ws.

    Returns:
        The network.
    """
    for layer in network.layers:
        if isinstance(layer, StyledConv):
            layer.freeze()
    return network
