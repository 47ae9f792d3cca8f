"""A network's weights as one small file: float16 by name, in NumPy's archive."""

import os

import keras
import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import NUMBERS, read_arrays, write_arrays


def save_weights(
    network: keras.Model, path: str | os.PathLike, **more: np.ndarray
) -> None:
    """Writes the weights as float16, by their paths in the network.

    Args:
        network: Built; float16 holds its weights to three digits, which moves an output
            by less than a level of 255.
        path: The `.npz` file.
        **more: Arrays to keep beside them, as they are.
    """
    values = {v.path: np.asarray(v.value, np.float16) for v in network.weights}
    write_arrays(path, values | more, compressed=True)


def load_weights(
    network: keras.Model, path: str | os.PathLike, **more: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Reads weights that `save_weights` wrote into a network of the same config.

    Args:
        network: Built.
        path: The `.npz` file.
        **more: Shapes of the arrays kept beside them.

    Returns:
        Those arrays.

    Raises:
        UserError: If the file is missing, damaged, or of another network.
    """
    variables = {v.path: v for v in network.weights}
    shapes = {name: tuple(v.shape) for name, v in variables.items()} | more
    needed = {name: (NUMBERS, shape) for name, shape in shapes.items()}
    stored = read_arrays(path, "a file of this network's weights", needed)
    if strange := sorted(stored.keys() - shapes.keys()):
        raise UserError(f"{path}: not a file of this network's weights ({strange[0]})")
    for name, variable in variables.items():
        variable.assign(stored[name].astype(np.float32))
    return {name: stored[name] for name in more}
