"""A whole StyleGAN2: mapping, synthesis, discriminator and the mean of w."""

import keras
import numpy as np
from keras import ops

from tf_fsgd.stylegan2.architecture import Architecture
from tf_fsgd.stylegan2.checkpoints.checkpoint import Checkpoint, Weights
from tf_fsgd.stylegan2.discriminator import discriminator_network
from tf_fsgd.stylegan2.synthesis import freeze, mapping_network, synthesis_network


@keras.saving.register_keras_serializable("tf_fsgd")
class StyleGAN2(keras.Model):
    """StyleGAN2 with random weights, or a checkpoint's (`from_checkpoint`).

    `save("x.keras")` and `keras.saving.load_model` keep all of it in one file.

    Attributes:
        architecture: Sizes.
        mapping: z `[N, z_dim]` to w `[N, w_dim]`, without truncation.
        discriminator: images to logits, or `None` if the architecture has none.
        w_avg: `[w_dim]`, the mean of w.

    Args:
        architecture: Sizes, or `Architecture.to_dict()` of them.
        **kwargs: Passed on to `keras.Model`.
    """

    def __init__(self, architecture: Architecture | dict, **kwargs):
        super().__init__(**kwargs)
        if isinstance(architecture, dict):
            architecture = Architecture(**architecture)
        self.architecture = architecture
        self.mapping = mapping_network(architecture)
        self.discriminator = (
            discriminator_network(architecture)
            if architecture.discriminator_channels
            else None
        )
        self.w_avg = self.add_weight(
            shape=(architecture.w_dim,),
            initializer="zeros",
            trainable=False,
            name="w_avg",
        )
        self._synthesis = synthesis_network(architecture)
        self.built = True  # all weights are there without a first call

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "StyleGAN2":
        """Builds the networks and gives them a checkpoint's weights.

        Raises:
            UserError: If the weights are not those of the architecture.
        """
        checkpoint.check()
        model = cls(checkpoint.architecture)
        mapping = dict(checkpoint.mapping)
        model.w_avg.assign(mapping.pop("w_avg"))
        assign_weights(model.mapping, mapping)
        assign_weights(model._synthesis, checkpoint.synthesis)
        if model.discriminator is not None:
            assign_weights(model.discriminator, checkpoint.discriminator)
        return model

    def synthesis_network(
        self, noise_mode: str = "const", dtype: str = "float32", frozen: bool = False
    ) -> keras.Model:
        """The synthesis network.

        Args:
            noise_mode: "const", "random" or "none".
            dtype: Keras policy of the convolutions.
            frozen: Whether the weights are constants, which draws faster.

        Returns:
            A model from ws `[N, num_ws, w_dim]` to images `[N, R, R, 3]` float32,
            about [-1, 1]. In float32 it shares its weights with this model; if frozen
            or of another precision, it holds a copy of them as they are now.
        """
        if dtype == "float32" and not frozen:
            if noise_mode == "const":
                return self._synthesis
            return synthesis_network(
                self.architecture, noise_mode, layers_of=self._synthesis
            )
        network = synthesis_network(self.architecture, noise_mode, dtype)
        network.set_weights(self._synthesis.get_weights())
        return freeze(network) if frozen else network

    def synthesis(self, ws, noise_mode: str = "const"):
        """ws `[N, num_ws, w_dim]` to images `[N, R, R, 3]`, float32, about [-1, 1]."""
        return self.synthesis_network(noise_mode)(ws)

    def call(
        self,
        z,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        noise_mode: str = "const",
    ):
        """z to images.

        Args:
            z: `[N, z_dim]`.
            truncation_psi: Pulls w towards its mean: w_avg + psi (w - w_avg).
            truncation_cutoff: Rows of W+ that are pulled, the coarse ones; `None` for
                all.
            noise_mode: "const", "random" or "none".

        Returns:
            Images `[N, R, R, 3]` float32, about [-1, 1].
        """
        rows = self.architecture.num_ws
        cutoff = rows if truncation_cutoff is None else truncation_cutoff
        psi = np.where(np.arange(rows) < cutoff, truncation_psi, 1).astype(np.float32)
        w_avg = ops.convert_to_tensor(self.w_avg)
        w = self.mapping(z)[:, None] - w_avg
        return self.synthesis(w_avg + psi[:, None] * w, noise_mode)

    def get_config(self):
        return super().get_config() | {"architecture": self.architecture.to_dict()}


def assign_weights(network: keras.Model, weights: Weights) -> None:
    """Gives every weight of a network its value, each exactly once.

    Args:
        network: Layers named as in `architecture.py`.
        weights: By "layer/variable".

    Raises:
        ValueError: If a weight is missing, superfluous or of another shape.
    """
    variables = named_variables(network)
    if variables.keys() != weights.keys():
        difference = sorted(variables.keys() ^ weights.keys())
        raise ValueError(
            f"weights must be those of {network.name}, these are only in one of the "
            f"two: {', '.join(difference)}"
        )
    for name, variable in variables.items():
        variable.assign(weights[name])


def named_variables(network: keras.Model) -> dict[str, keras.Variable]:
    """The weights of a network by "layer/variable", as in `architecture.py`."""
    return {
        f"{layer.name}/{variable.name}": variable
        for layer in network.layers
        for variable in layer.weights
    }
