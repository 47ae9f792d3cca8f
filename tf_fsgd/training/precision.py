"""Which numbers the networks compute with.

Weights stay float32 under every policy; "mixed" means that activations and their
gradients are bfloat16 or float16, which the convolution kernels of recent machines take
almost twice as fast.
"""

import keras

from tf_fsgd.backend.hardware import fast_policy
from tf_fsgd.config import PRECISIONS
from tf_fsgd.errors import UserError

POLICIES = tuple(name for name in PRECISIONS if name != "auto")


def resolve_policy(name: str) -> str:
    """Chooses the Keras dtype policy.

    "auto" is `hardware.fast_policy`: "mixed_bfloat16" where the hardware has bfloat16
    convolutions, "float32" elsewhere. float16 is never chosen by itself: it needs loss
    scaling, and CPUs gain nothing from it.

    Args:
        name: "auto" or one of `POLICIES`.

    Returns:
        One of `POLICIES`.

    Raises:
        UserError: If the name is unknown.
    """
    if name in POLICIES:
        return name
    if name == "auto":
        return fast_policy()
    raise UserError(
        f"training.precision must be one of {', '.join(PRECISIONS)}, received {name!r}"
    )


def with_policy(model: keras.Model, name: str) -> keras.Model:
    """A frozen copy of a functional model that computes under another dtype policy.

    Args:
        model: A functional `keras.Model`, for example the perceptual loss's network.
        name: One of `POLICIES`.

    Returns:
        A model with the same weights; `trainable` is False.
    """

    def remake(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if not isinstance(layer, keras.layers.InputLayer):
            config["dtype"] = name
        return layer.__class__.from_config(config)

    copy = keras.models.clone_model(model, clone_function=remake)
    copy.set_weights(model.get_weights())
    copy.trainable = False
    return copy
