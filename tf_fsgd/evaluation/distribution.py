"""How far one set of faces is from another: KID and the Fréchet distance.

Both compare features of two sets of images, not image with image:

* `kernel_distance`: KID, the unbiased estimate of the squared maximum mean discrepancy
  with the kernel (x·y / d + 1)³ (Bińkowski et al. 2018, arXiv 1801.01401). Its
  expectation does not depend on how many faces there are, so that small sets can be
  compared; it may come out below 0.
* `frechet_distance`: between normal distributions with the sets' means and covariances
  (Heusel et al. 2017, arXiv 1706.08500). With fewer faces than features it is biased
  upwards, and to be compared only between sets of equal size.

Neither is FID or KID as published: those are features of one certain Inception-v3. The
features here are named wherever a number is shown (`FeatureSpace.name`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from tf_fsgd.evaluation.intervals import rounded
from tf_fsgd.features.lpips import Lpips
from tf_fsgd.images.io import resize, to_float

_SIZE = 224  # pixels; what ImageNet's networks were trained at
# Root mean square of the features of 250 photos of CelebA's test split. Divided by it,
# x·y / d is of the order of 1, as with Inception's features, and KID of the same order.
_RMS = 2.69
_BATCH = 16
_LEAST = 3  # faces: the jackknife leaves one out, the estimate needs two
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class FeatureSpace:
    """A network that turns a face into a vector.

    Attributes:
        name: What it is, for the report.
        size: Side in pixels at which faces are read.
        network: Images `[N, size, size, 3]` float32 in [-1, 1] to `[N, D]`.
        scale: What features are divided by.
    """

    name: str
    size: int
    network: Callable
    scale: float = 1.0

    def features(self, faces: np.ndarray) -> np.ndarray:
        """Reads faces.

        Args:
            faces: `[N, R, R, 3]` uint8, any R; resized when R is not `size`.

        Returns:
            `[N, D]` float32.
        """
        rows = []
        for start in range(0, len(faces), _BATCH):
            batch = [resize(face, self.size) for face in faces[start : start + _BATCH]]
            rows.append(
                keras.ops.convert_to_numpy(self.network(to_float(np.stack(batch))))
            )
        return np.concatenate(rows) / np.float32(self.scale)


def feature_space(lpips: Lpips) -> FeatureSpace:
    """SqueezeNet's pooled last features.

    Args:
        lpips: Holds SqueezeNet.
    """
    name = "SqueezeNet 1.1 (ImageNet), last features pooled to 512, read at 224 px"
    return FeatureSpace(name, _SIZE, lpips.pooled_features, _RMS)


def kernel_distance(first: np.ndarray, second: np.ndarray) -> dict:
    """KID: unbiased squared MMD with the kernel (x·y / d + 1)³.

    Args:
        first: `[N, D]` features.
        second: `[M, D]` features.

    Returns:
        "count" and "real_count" (N and M), "value", "low" and "high", the last two from
        the jackknife over faces of either set: resampling with replacement, as the
        bootstrap does, compares faces with copies of themselves and is biased. `None`
        for the three when a set has fewer than 3 faces.
    """
    result = {"count": len(first), "real_count": len(second)}
    if min(len(first), len(second)) < _LEAST:
        return result | {"value": None, "low": None, "high": None}
    first, second = first.astype(np.float64), second.astype(np.float64)
    within_first, without_each_first = _mean_within(_kernel(first, first))
    within_second, without_each_second = _mean_within(_kernel(second, second))
    across = _kernel(first, second)
    value = within_first + within_second - 2 * across.mean()
    variance = 0.0
    for own, other, crossed in (
        (without_each_first, within_second, across),
        (without_each_second, within_first, across.T),
    ):
        count = len(crossed)
        rest = (crossed.sum() - crossed.sum(axis=1)) / (crossed.size - crossed.shape[1])
        without_each = own + other - 2 * rest
        variance += (count - 1) * without_each.var()
    half = _NORMAL_95 * np.sqrt(variance)
    return result | {
        "value": _fine(value),
        "low": _fine(value - half),
        "high": _fine(value + half),
    }


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first @ second.T / first.shape[1] + 1) ** 3


def _mean_within(kernel: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean off the diagonal, and the same without each row and its column."""
    count = len(kernel)
    off = kernel.sum() - np.trace(kernel)
    of_each = 2 * (kernel.sum(axis=1) - np.diag(kernel))
    return off / (count * (count - 1)), (off - of_each) / ((count - 1) * (count - 2))


def _fine(value: float) -> float:
    # KID of similar sets is of the order of 0.001.
    return round(float(value), 6)


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float | None:
    """The squared Fréchet distance between normal distributions fitted to two sets.

    Args:
        first: `[N, D]` features.
        second: `[M, D]` features.

    Returns:
        The distance, 0 or more; `None` when a set has fewer than 3 faces.
    """
    if min(len(first), len(second)) < _LEAST:
        return None
    means, roots = [], []
    for features in (first, second):
        features = features.astype(np.float64)
        means.append(features.mean(axis=0))
        roots.append((features - means[-1]) / np.sqrt(len(features) - 1))
    a, b = roots  # covariances are a.T @ a and b.T @ b
    spread = np.square(a).sum() + np.square(b).sum()
    # tr((a'a b'b)^(1/2)) is the nuclear norm of a b', N by M instead of D by D.
    shared = np.linalg.norm(a @ b.T, "nuc")
    distance = np.square(means[0] - means[1]).sum() + spread - 2 * shared
    return rounded(max(distance, 0.0))
