"""A teacher from a StyleGAN2 checkpoint."""

import hashlib
from pathlib import Path

import keras
import numpy as np
from keras import ops

from tf_fsgd.backend.hardware import fast_policy
from tf_fsgd.errors import UserError
from tf_fsgd.storage.archives import check_zip, one_line
from tf_fsgd.stylegan2.model import StyleGAN2
from tf_fsgd.stylegan2.teacher import Teacher, reduced


class StyleGAN2Teacher(Teacher):
    """A StyleGAN2 with any of the noise modes.

    Args:
        model: The networks.
        dtype: Keras policy of the synthesis network; by default what the machine does
            fastest. `float32` is within 1e-4 of the reference implementations.
    """

    noise_modes = ("const", "random", "none")

    def __init__(self, model: StyleGAN2, dtype: str | None = None):
        self._model = model
        self._dtype = dtype or fast_policy()
        self.resolution = model.architecture.resolution
        self.num_ws = model.architecture.num_ws
        self.z_dim = model.architecture.z_dim
        self.w_avg = ops.convert_to_numpy(model.w_avg)
        self.name = f"stylegan2-{_fingerprint(model)}"

    def mapping(self, z: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self._model.mapping(z))

    def _build(self, factor: int, noise_mode: str) -> keras.Model:
        network = self._model.synthesis_network(noise_mode, self._dtype, frozen=True)
        return reduced(network, factor)


def _fingerprint(model: StyleGAN2) -> str:
    """Of the generator's weights: the same for every file that they come in."""
    digest = hashlib.sha256()
    for network in (model.mapping, model.synthesis_network()):
        for array in network.get_weights():
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def read_model(path: Path) -> StyleGAN2:
    """Reads a `.keras` file that `convert` wrote.

    Raises:
        UserError: If it is not one.
    """
    # Keras meets damage anywhere, and says of what is no archive that it is missing.
    check_zip(path, "a converted StyleGAN2")
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise UserError(
            f"{path}: not a converted StyleGAN2 ({one_line(error)})"
        ) from None
    if not isinstance(model, StyleGAN2):
        raise UserError(
            f"{path}: not a converted StyleGAN2 but a {type(model).__name__}"
        )
    return model
