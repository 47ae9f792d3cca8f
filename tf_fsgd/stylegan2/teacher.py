"""The teacher interface.

A teacher draws faces: `mapping(z) -> w`, `synthesis(ws) -> images`, and the facts that
the algebra of W needs. Nothing above this room knows which network is behind it;
`loading.py` finds one by name or file.
"""

import abc
import functools

import keras
import numpy as np

from tf_fsgd.errors import UserError


class Teacher(abc.ABC):
    """A face generator with a W space.

    Attributes:
        name: Which one, the same wherever its weights are.
        resolution: Side of a full picture in pixels.
        num_ws: Rows of W+.
        z_dim: Length of z.
        w_avg: `[w_dim]`, the mean of w.
        noise_modes: What `synthesis` can do with noise: `const`, the same for every
            picture; `random`; `none`.
    """

    name: str
    resolution: int
    num_ws: int
    z_dim: int
    w_avg: np.ndarray
    noise_modes: tuple[str, ...]

    @abc.abstractmethod
    def mapping(self, z: np.ndarray) -> np.ndarray:
        """z `[N, z_dim]` to w `[N, w_dim]`, float32."""

    @abc.abstractmethod
    def _build(self, factor: int, noise_mode: str) -> keras.Model:
        """The synthesis network of pictures reduced by `factor`, a power of two."""

    def synthesis(
        self, ws: np.ndarray, noise_mode: str = "const", resolution: int | None = None
    ) -> np.ndarray:
        """Draws faces.

        Args:
            ws: `[N, num_ws, w_dim]`.
            noise_mode: One of `noise_modes`.
            resolution: Side R, the full one divided by a power of two; smaller pictures
                are the means of the full one's pixels.

        Returns:
            `[N, R, R, 3]` float32, about [-1, 1].

        Raises:
            UserError: For another noise mode or resolution.
        """
        network = self.network(resolution or self.resolution, noise_mode)
        return network.predict_on_batch(np.asarray(ws, np.float32))

    @functools.cache  # noqa: B019 (a teacher lives as long as the process)
    def network(self, resolution: int, noise_mode: str = "const") -> keras.Model:
        """What `synthesis` runs, ws to float32 images, to differentiate through.

        Raises:
            UserError: For another noise mode or resolution.
        """
        if noise_mode not in self.noise_modes:
            raise UserError(
                f"noise_mode must be one of {', '.join(self.noise_modes)} for "
                f"{self.name}, received {noise_mode!r}"
            )
        factor = self.resolution // resolution if resolution > 0 else 0
        if (
            resolution < 4
            or factor & (factor - 1)
            or factor * resolution != self.resolution
        ):
            raise UserError(
                f"resolution must be {self.resolution} divided by a power of two, "
                f"received {resolution}"
            )
        return self._build(factor, noise_mode)


def reduced(network: keras.Model, factor: int) -> keras.Model:
    """Appends the mean over `factor` by `factor` pixels to a synthesis network."""
    if factor == 1:
        return network
    pool = keras.layers.AveragePooling2D(factor, dtype="float32")
    return keras.Model(network.input, pool(network.output))
