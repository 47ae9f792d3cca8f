"""3x3 convolutions with half as many multiplications.

Four rows of a result come of six rows of the input. Direct convolution multiplies
twelve pairs of rows for that; Winograd's F(4, 3) mixes the six rows, multiplies six
pairs, and mixes the products (Lavin and Gray 2016, arXiv 1509.09308, section 4.3). Only
rows are treated so: in both dimensions rounding errors grow beyond what parity with the
reference allows. In float32 they are about 3e-5 of the result's deviation.

It pays where multiplication is most of the work: many channels, and not in bfloat16,
which multiplies faster and has no precision to spare.
"""

import numpy as np
from keras import ops

ROWS = 4
_INPUT = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
_KERNEL = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)
_OUTPUT = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ],
    np.float32,
)


def pays(height: int, channels: int) -> bool:
    """Whether features of this size are convolved faster so, by measurement."""
    return height % ROWS == 0 and height >= 16 and channels >= 128


def transform_kernel(kernel):
    """`[3, 3, C, F]`, for a correlation, to what `convolve` takes: `[6, 3, C, F]`."""
    return ops.tensordot(_KERNEL, kernel, axes=1)


def convolve(x, kernel):
    """Correlates x with a kernel, padded to the same size.

    Args:
        x: `[N, H, W, C]` float32; H is divisible by 4.
        kernel: `[6, 3, C, F]`, from `transform_kernel`.

    Returns:
        `[N, H, W, F]`.
    """
    _, height, width, channels = x.shape
    tiles = height // ROWS
    x = ops.pad(x, ((0, 0), (1, 3), (0, 0), (0, 0)))
    x = ops.reshape(x, (-1, tiles + 1, ROWS, width * channels))
    x = ops.concatenate([x[:, :-1], x[:, 1:, :2]], axis=2)  # six rows, two shared
    x = ops.matmul(_INPUT, x)
    x = ops.reshape(x, (-1, tiles, len(_INPUT) * width, channels))
    products = [
        ops.conv(
            x[:, :, index * width : (index + 1) * width],
            kernel[index : index + 1],
            padding="same",
        )
        for index in range(len(_INPUT))
    ]
    x = ops.concatenate(products, axis=2)
    x = ops.reshape(x, (-1, tiles, len(_INPUT), width * kernel.shape[-1]))
    return ops.reshape(ops.matmul(_OUTPUT, x), (-1, height, width, kernel.shape[-1]))
