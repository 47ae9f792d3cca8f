"""A network's weights as one small file: float16 by name, in NumPy's archive."""

import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.files import atomic_path


def save_weights(network: keras.Model, path: Path) -> None:
    """Writes the weights as float16, by their paths in the network.

    Args:
        network: Built; float16 holds its weights to three digits, which moves an output
            by less than a level of 255.
        path: The `.npz` file.
    """
    values = {v.path: np.asarray(v.value, np.float16) for v in network.weights}
    with atomic_path(path) as temporary:
        np.savez_compressed(temporary, **values)


def load_weights(network: keras.Model, path: Path) -> None:
    """Reads weights that `save_weights` wrote into a network of the same config.

    Raises:
        UserError: If the file is missing, damaged, or of another network.
    """
    try:
        # Opened here, for np.load leaves a broken file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            stored = dict(archive)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (
        ValueError,
        TypeError,  # a .npy file of that name
        OSError,
        EOFError,
        RuntimeError,  # an archive of a version that zipfile does not know
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UserError(f"{path}: not a file of weights ({error})") from None
    variables = {v.path: v for v in network.weights}
    expected = {name: tuple(v.shape) for name, v in variables.items()}
    if {name: value.shape for name, value in stored.items()} != expected:
        raise UserError(f"{path}: holds other weights than the network's")
    for name, variable in variables.items():
        variable.assign(stored[name].astype(np.float32))
