"""LPIPS (Zhang et al. 2018, arXiv 1801.03924), version 0.1 with SqueezeNet 1.1.

Both images go through SqueezeNet; at seven depths the features of every pixel are
scaled to unit length, their squared differences weighted by a learnt head, averaged
over the picture and summed. 0 is the same image; larger is more different.

`lpips_squeeze.npz` holds the heads of the `lpips` package 0.1.4 (BSD-2) and weights of
SqueezeNet, float16. The heads were fitted to torchvision's SqueezeNet, and LPIPS in the
strict sense needs that trunk. The Keras file that goes around, which this one was made
from, seems to be a conversion of the original Caffe network, the same architecture
trained separately: on it the heads do no better than the same heads with their channels
shuffled. The number is a perceptual distance to compare runs of this project with each
other, and is **not** comparable with published LPIPS. It orders distortions of faces
much as LPIPS with VGG16 does: Spearman 0.97 over 240 CelebA photos, each with one of 8
kinds of distortion.
"""

import functools
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from tf_fsgd.storage.weights import load_weights

_WEIGHTS = Path(__file__).parent / "lpips_squeeze.npz"

# lpips' scaling layer: ImageNet's mean and deviation for images in [-1, 1].
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10
_LEAST = 32  # pixels; of less the last maps are empty


def _pool(x):
    # torch's ceil_mode: a last window may hang over the edge. Zeros change no maximum
    # of features that a ReLU has made.
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    return layers.MaxPooling2D(3, 2)(x)


def _fire(x, number: int, squeeze: int, expand: int):
    """SqueezeNet's module: a 1x1 bottleneck, then 1x1 and 3x3 side by side."""

    def convolution(x, filters, kernel, part):
        return layers.Conv2D(
            filters,
            kernel,
            padding="same",
            activation="relu",
            name=f"fire{number}_{part}",
        )(x)

    x = convolution(x, squeeze, 1, "squeeze1x1")
    return layers.Concatenate()(
        [
            convolution(x, expand, 1, "expand1x1"),
            convolution(x, expand, 3, "expand3x3"),
        ]
    )


def squeezenet_features() -> keras.Model:
    """SqueezeNet 1.1 without its top, with fresh weights.

    Returns:
        A model from `[N, H, W, 3]` float32 in [-1, 1] to the seven maps that LPIPS
        reads (64, 128, 256, 384, 384, 512 and 512 channels).
    """
    image = keras.Input((None, None, 3))
    scale = 1 / np.array(_SCALE)
    x = layers.Rescaling(list(scale), list(-scale * _SHIFT), name="normalise")(image)
    x = layers.Conv2D(64, 3, 2, activation="relu", name="conv1")(x)
    maps = [x]
    x = _fire(_fire(_pool(x), 2, 16, 64), 3, 16, 64)
    maps.append(x)
    x = _fire(_fire(_pool(x), 4, 32, 128), 5, 32, 128)
    maps.append(x)
    x = _pool(x)
    for number, squeeze, expand in (
        (6, 48, 192),
        (7, 48, 192),
        (8, 64, 256),
        (9, 64, 256),
    ):
        x = _fire(x, number, squeeze, expand)
        maps.append(x)
    return keras.Model(image, maps, name="squeezenet")


class Lpips:
    """The distance, with its weights.

    Attributes:
        trunk: `squeezenet_features` with those weights.
    """

    def __init__(self):
        self.trunk = squeezenet_features()
        channels = {
            f"head{index}": (values.shape[-1],)
            for index, values in enumerate(self.trunk.outputs)
        }
        heads = load_weights(self.trunk, _WEIGHTS, **channels)
        # A head weights squared differences: its root weights the features.
        self._roots = [np.sqrt(heads[name]) for name in channels]

    def distance(
        self, first: np.ndarray, second: np.ndarray, batch_size: int = 16
    ) -> np.ndarray:
        """Distances between pairs of images.

        Args:
            first, second: `[N, H, W, 3]` uint8, or float in [-1, 1]. Below 32 px
                every pixel is repeated until there are as many.
            batch_size: Pairs read at once.

        Returns:
            `[N]` float32, 0 or more.

        Raises:
            ValueError: If the shapes differ.
        """
        if first.shape != second.shape:
            raise ValueError(
                f"images must have one shape, received {first.shape} and {second.shape}"
            )
        distances = [
            self._distance(
                first[start : start + batch_size], second[start:][:batch_size]
            )
            for start in range(0, len(first), batch_size)
        ]
        return np.concatenate(distances or [np.zeros(0, np.float32)])

    def features(self, images) -> list:
        """Features whose squared differences make the distance.

        Args:
            images: `[N, H, W, 3]` float32 in [-1, 1], an array or a tensor that
                gradients are to flow to.

        Returns:
            Seven maps `[N, h, w, channels]`. The distance of two images is the sum over
            maps of squared differences, summed over channels, averaged over positions.
        """
        return self._weighted(self.trunk(images))

    def distance_of_maps(self, first: Sequence, second: Sequence):
        """The distance as a loss: averaged over a batch, in float32.

        Args:
            first, second: What `trunk` makes of images, or a copy of it that computes
                in another precision.

        Returns:
            A scalar; gradients flow to both.
        """
        return ops.mean(self._distances(first, second))

    def pooled_features(self, images):
        """SqueezeNet's last features, averaged over the picture.

        Args:
            images: `[N, H, W, 3]` float32 in [-1, 1].

        Returns:
            `[N, 512]`, as SqueezeNet has them: not weighted, not scaled.
        """
        return ops.mean(self.trunk(images)[-1], axis=(1, 2))

    def _distance(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        times = -(-_LEAST // min(first.shape[1:3]))
        maps = (
            self.trunk(_to_float(images.repeat(times, axis=1).repeat(times, axis=2)))
            for images in (first, second)
        )
        return ops.convert_to_numpy(self._distances(*maps))

    def _distances(self, first: Sequence, second: Sequence):
        maps = zip(self._weighted(first), self._weighted(second), strict=True)
        return sum(
            ops.mean(ops.sum(ops.square(a - b), axis=-1), axis=(1, 2)) for a, b in maps
        )

    def _weighted(self, maps: Sequence) -> list:
        return [
            root * unit_length(ops.cast(values, "float32"))
            for root, values in zip(self._roots, maps, strict=True)
        ]


def _to_float(images: np.ndarray) -> np.ndarray:
    return images / np.float32(127.5) - 1 if images.dtype == np.uint8 else images


def unit_length(features):
    """Scales the features of every position, the last axis, to length 1."""
    squares = ops.sum(ops.square(features), axis=-1, keepdims=True)
    # A root has no gradient at 0, where a ReLU leaves every feature of some positions.
    return features / (ops.sqrt(squares + _EPSILON**2) + _EPSILON)


@functools.lru_cache(maxsize=1)
def load_lpips() -> Lpips:
    """LPIPS, read once."""
    return Lpips()
