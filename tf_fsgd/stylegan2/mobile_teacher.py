"""The embedded teacher: MobileStyleGAN-FFHQ at 1024 px."""

import functools

import keras
import numpy as np
from keras import ops

from tf_fsgd.backend.hardware import fast_policy
from tf_fsgd.stylegan2 import mobile
from tf_fsgd.stylegan2.architecture import config_f
from tf_fsgd.stylegan2.checkpoints import mobile_weights
from tf_fsgd.stylegan2.checkpoints.wheel import fetch_wheel
from tf_fsgd.stylegan2.synthesis import mapping_network
from tf_fsgd.stylegan2.teacher import Teacher


class MobileTeacher(Teacher):
    """MobileStyleGAN-FFHQ; its noise is part of its weights.

    Args:
        dtype: Keras policy of the synthesis network; by default what the machine does
            fastest. `float32` is exact: within 1e-4 of the OpenVINO runtime.

    Raises:
        UserError: If the weights are neither cached nor to be had (`fetch_wheel`).
    """

    name = "mobile-ffhq"
    num_ws = 2 * len(mobile.CHANNELS)
    resolution = 4 * 2 ** len(mobile.CHANNELS)
    z_dim = mobile.W_DIM
    noise_modes = ("const",)

    def __init__(self, dtype: str | None = None):
        self._dtype = dtype or fast_policy()
        self._wheel = fetch_wheel()
        self._mapping = mapping_network(config_f())
        mobile_weights.load_mapping(self._mapping, self._wheel)

    @functools.cached_property
    def w_avg(self) -> np.ndarray:  # type: ignore[override]  # made when asked for
        """Mean of 16,384 draws; the wheel has no tracked average."""
        z = np.random.RandomState(0).randn(16_384, mobile.W_DIM).astype(np.float32)
        return self.mapping(z).mean(axis=0)

    def mapping(self, z: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self._mapping(z))

    def _build(self, factor: int, noise_mode: str) -> keras.Model:
        network = mobile.synthesis_network(dtype=self._dtype, factor=factor)
        mobile_weights.load_synthesis(network, self._wheel)
        return mobile.one_by_one(network)
