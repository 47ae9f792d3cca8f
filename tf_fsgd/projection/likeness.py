"""Features in which two pictures of one face lie close: the loss of a projection.

A likeness is a function from images `[N, R, R, 3]` in [-1, 1] to a list of maps; the
distance of two images is the sum, over the maps, of the squared difference summed over
channels and averaged over positions. Gradients flow to the images.

The attribute classifier that the project ships always takes part: it reads who somebody
is, at 128 px, but is blind to texture. Beside it stands a network that sees texture:

* `lpips`: LPIPS with SqueezeNet (`features/lpips.py`).
* `vgg19`: ImageNet's VGG19 (`features/vgg19.py`), if its weights are at hand.
* `classifier`: nothing; the classifier is alone.

Features are scaled to unit length at every position, as LPIPS does, so that distances
are of one order.
"""

from collections.abc import Callable
from typing import Any

from keras import ops

from tf_fsgd.attributes.model import (
    FEATURE_WEIGHTS,
    SIZE,
    feature_model,
    load_classifier,
)
from tf_fsgd.errors import UserError
from tf_fsgd.features.lpips import load_lpips, unit_length
from tf_fsgd.features.vgg19 import VGG19_FILES, find_vgg19, vgg19_features

Likeness = Callable[[Any], list]

NETWORKS = ("lpips", "vgg19", "classifier")

_BESIDE = 0.3  # weight of the classifier beside another network


def load_likeness(name: str = "lpips") -> Likeness:
    """The features by which a network compares faces.

    Args:
        name: One of `NETWORKS`.

    Raises:
        UserError: If there is no such network, or its weights are not at hand.
    """
    classifier = _classifier()
    if name == "classifier":
        return classifier
    if name == "lpips":
        return _together(load_lpips().features, classifier)
    if name == "vgg19":
        return _together(_vgg19(), classifier)
    raise UserError(f"loss must be one of {', '.join(NETWORKS)}, received {name!r}")


def _vgg19() -> Likeness:
    path = find_vgg19()
    if path is None:
        raise UserError(
            f"loss vgg19 needs {VGG19_FILES[0]} in $TF_FSGD_WEIGHTS or Keras' cache; "
            "lpips and classifier need nothing"
        )
    network = vgg19_features(path)
    weights = [1 / len(network.outputs)] * len(network.outputs)
    return lambda images: _weighted(network(images, training=False), weights)


def _classifier() -> Likeness:
    network = feature_model(load_classifier())
    return lambda images: _weighted(
        network(_at_size(images), training=False), FEATURE_WEIGHTS
    )


def _at_size(images):
    """Images at the classifier's size."""
    side = images.shape[1]
    if side % SIZE == 0:
        # The gradient of a general resize runs on one core.
        return ops.average_pool(images, side // SIZE)
    return ops.image.resize(images, (SIZE, SIZE), "bilinear", antialias=side > SIZE)


def _together(beside: Likeness, classifier: Likeness) -> Likeness:
    return lambda images: [
        *beside(images),
        *(_BESIDE**0.5 * values for values in classifier(images)),
    ]


def _weighted(maps: list, weights) -> list:
    """Maps of unit length whose squared differences carry these weights."""
    return [
        weight**0.5 * unit_length(values)
        for values, weight in zip(maps, weights, strict=True)
    ]
