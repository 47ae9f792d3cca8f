"""A StyleGAN2 checkpoint, whatever file it came from."""

from dataclasses import dataclass

import numpy as np

from tf_fsgd.errors import UserError
from tf_fsgd.stylegan2.architecture import (
    Architecture,
    Shapes,
    discriminator_shapes,
    mapping_shapes,
    synthesis_shapes,
)

Weights = dict[str, np.ndarray]


@dataclass
class Checkpoint:
    """Weights under the names of `architecture.py`, float32.

    Attributes:
        format: What the file is, for people: "stylegan2-ada-pytorch pickle".
        architecture: Read from the file.
        mapping: Weights of the mapping network and `w_avg`.
        synthesis: Weights of the synthesis network.
        discriminator: Weights of the discriminator, or none.
    """

    format: str
    architecture: Architecture
    mapping: Weights
    synthesis: Weights
    discriminator: Weights

    def check(self) -> None:
        """Compares every name and shape with what the architecture asks for.

        Raises:
            UserError: For the first weight that is missing, superfluous, of another
                shape, or not finite.
        """
        for part, shapes in (
            ("mapping", mapping_shapes(self.architecture)),
            ("synthesis", synthesis_shapes(self.architecture)),
            ("discriminator", discriminator_shapes(self.architecture)),
        ):
            self._check_part(part, shapes)

    def _check_part(self, part: str, shapes: Shapes) -> None:
        weights: Weights = getattr(self, part)
        for name in sorted(shapes.keys() | weights.keys()):
            asked = shapes.get(name)
            found = weights[name].shape if name in weights else None
            if asked != found:
                raise UserError(
                    f"{self.format}: {part} {name} must have shape {asked}, "
                    f"found {found}"
                )
            if not np.isfinite(weights[name]).all():
                raise UserError(f"{self.format}: {part} {name} is not finite")
