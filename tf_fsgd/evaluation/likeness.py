"""Features in which two pictures of one face lie close: the loss of a projection.

A likeness is a function from images `[N, R, R, 3]` in [-1, 1] to a list of maps; the
distance of two images is the sum, over the maps, of the squared difference summed over
channels and averaged over positions. Gradients flow to the images. Three networks will
do, and are taken in this order:

* `lpips`: LPIPS with SqueezeNet (`lpips.py`), where its weights are at hand.
* `vgg19`: ImageNet's VGG19 (`pix2pixhd/perceptual.py`), where its weights are at hand.
* `classifier`: the attribute classifier that the project ships, which reads 128 px.

The features of the last two are scaled to unit length at every position, as LPIPS does,
so that all three distances are of one order.
"""

from collections.abc import Callable

from keras import ops

from tf_fsgd.attributes.model import (
    FEATURE_WEIGHTS,
    SIZE,
    feature_model,
    load_classifier,
)
from tf_fsgd.errors import UserError
from tf_fsgd.evaluation.lpips import WEIGHTS_FILE, load_lpips, unit_length
from tf_fsgd.pix2pixhd.perceptual import VGG19_FILES, find_vgg19, vgg19_features

Likeness = Callable[[object], list]

NETWORKS = ("lpips", "vgg19", "classifier")


def load_likeness(name: str | None = None) -> tuple[str, Likeness]:
    """The features by which a network compares faces.

    Args:
        name: One of `NETWORKS`; `None`: the first whose weights are at hand.

    Returns:
        The name, and the likeness.

    Raises:
        UserError: If there is no such network, or its weights are not at hand.
    """
    if name is not None and name not in NETWORKS:
        raise UserError(
            f"--loss must be one of {', '.join(NETWORKS)}, received {name!r}"
        )
    loaders = {"lpips": _lpips, "vgg19": _vgg19, "classifier": _classifier}
    for network in [name] if name else NETWORKS:
        likeness = loaders[network]()
        if likeness is not None:
            return network, likeness
    file = WEIGHTS_FILE if name == "lpips" else VGG19_FILES[0]
    raise UserError(
        f"--loss {name}: needs {file} in $TF_FSGD_WEIGHTS or Keras' cache; "
        "--loss classifier needs nothing"
    )


def _lpips() -> Likeness | None:
    lpips = load_lpips()
    return lpips and lpips.features


def _vgg19() -> Likeness | None:
    path = find_vgg19()
    if path is None:
        return None
    network = vgg19_features(path)
    weights = [1 / len(network.outputs)] * len(network.outputs)
    return lambda images: _weighted(network(images, training=False), weights)


def _classifier() -> Likeness:
    network = feature_model(load_classifier())

    def features(images):
        side = images.shape[1]
        if side != SIZE:
            images = ops.image.resize(
                images, (SIZE, SIZE), "bilinear", antialias=side > SIZE
            )
        return _weighted(network(images, training=False), FEATURE_WEIGHTS)

    return features


def _weighted(maps: list, weights) -> list:
    """Maps of unit length whose squared differences carry these weights."""
    return [
        weight**0.5 * unit_length(values)
        for values, weight in zip(maps, weights, strict=True)
    ]
