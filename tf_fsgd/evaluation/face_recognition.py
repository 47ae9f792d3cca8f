"""How much it is still the same person: dlib's face recognition network.

`dlib_face_recognition_resnet_model_v1` (D. King, CC0, a ResNet of 29 convolutions
trained on other photos than ours) gives a face 128 numbers; the distance of two photos
of one person is below 0.6 and that of strangers above. It takes no part in training.
Its packages are optional: the extra `[evaluation]`.

FFHQ's framing has aligned the faces already, so the network's window lies at one place
in all of them. Neither a detector nor landmarks are asked, which saves their time,
cannot miss a face, and does not make good for features that an edit has moved. It tells
CelebA's people apart no worse than with both: area under the ROC curve 0.993 and 0.991.

Descriptors have a large part in common, whoever the person is, so that their plain
cosine says little. `Identity.cosine` takes out the mean descriptor first: that of the
first 256 photos of CelebA's train split (`identity_mean.npz`). Measured on two photos
each of 100 people of that split (a subset, in FFHQ's framing, at 256 px):

| | one person | strangers | of one sex |
| --- | --- | --- | --- |
| cosine, mean taken out | 0.63 | 0.01 | 0.11 |
| plain cosine | 0.94 | 0.84 | 0.86 |
| distance | 0.50 | 0.83 | 0.78 |
| distance up to 0.6 | 90 % | 0.8 % | 1.2 % |
"""

import hashlib
import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from tf_fsgd.images.io import square_uint8
from tf_fsgd.storage.archives import NUMBERS, read_arrays

HOW_TO_GET = "pip install 'tf_fsgd[evaluation]'"

_MEAN = Path(__file__).parent / "identity_mean.npz"
_WEIGHTS = "models/dlib_face_recognition_resnet_model_v1.dat"
# The network's window (left, top, right, bottom) as shares of a picture in FFHQ's
# framing: where dlib, with its margin of a quarter, puts it for the median landmarks of
# CelebA's photos.
_WINDOW = (0.164, 0.271, 0.839, 0.945)
_SIZE = 150  # side of the window that the network takes
_BATCH = 32


class Network(Protocol):
    """What is asked of dlib's `face_recognition_model_v1`."""

    def compute_face_descriptor(self, batch_img: list[np.ndarray]) -> list:
        """`[N][128]` for windows of `[150, 150, 3]` uint8."""


class Identity:
    """Compares who is in two pictures.

    A descriptor takes a tenth of a second on one core, and the same photo is compared
    with many edits of it, so descriptors are remembered (0.5 kB each).

    Args:
        network: Describes faces.
        mean: `[128]`, what the descriptors of all people have in common.
    """

    def __init__(self, network: Network, mean: np.ndarray):
        self._network = network
        self._mean = mean
        self._known: dict[bytes, np.ndarray] = {}

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Describes faces.

        Args:
            images: `[N, R, R, 3]` uint8, FFHQ framing, any R.

        Returns:
            `[N, 128]` float32, of length 1.5 or so.

        Raises:
            ValueError: If the images are not uint8 or not `[N, R, R, 3]`.
        """
        images = square_uint8(images)
        keys = [_digest(image) for image in images]
        unknown = {
            key: image
            for key, image in zip(keys, images, strict=True)
            if key not in self._known
        }
        new = list(unknown)
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            windows = [_window(unknown[key]) for key in batch]
            descriptors = self._network.compute_face_descriptor(windows)
            for key, descriptor in zip(batch, descriptors, strict=True):
                self._known[key] = np.array(descriptor, np.float32)
        return np.array([self._known[key] for key in keys], np.float32).reshape(
            len(images), len(self._mean)
        )

    def distance(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Euclidean distance of descriptors; dlib takes up to 0.6 for one person.

        Args:
            before, after: `[N, R, R, 3]` uint8, FFHQ framing; R may differ.

        Returns:
            `[N]` float32, 0 for the same picture.

        Raises:
            ValueError: As `embed`, or if there are not as many after as before.
        """
        first, second = self._both(before, after)
        return np.linalg.norm(first - second, axis=1)

    def cosine(
        self, before: np.ndarray, after: np.ndarray, centred: bool = True
    ) -> np.ndarray:
        """Cosine of descriptors.

        Args:
            before, after: As for `distance`.
            centred: Whether the mean descriptor is taken out first: strangers are then
                at 0 on average, otherwise at 0.84.

        Returns:
            `[N]` float32, 1 for the same picture.

        Raises:
            ValueError: As `distance`.
        """
        first, second = self._both(before, after)
        if centred:
            first, second = first - self._mean, second - self._mean
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        return (first * second).sum(axis=1) / lengths

    def _both(
        self, before: np.ndarray, after: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        if len(before) != len(after):
            raise ValueError(
                "before and after must be as many, "
                f"received {len(before)} and {len(after)}"
            )
        return self.embed(before), self.embed(after)


def load_identity() -> Identity | None:
    """dlib's network; `None` where its packages are not installed (`HOW_TO_GET`)."""
    # Found, not imported: importing face_recognition_models needs pkg_resources, which
    # newer versions of setuptools lack.
    models = importlib.util.find_spec("face_recognition_models")
    folders = models and models.submodule_search_locations
    if not folders or importlib.util.find_spec("dlib") is None:
        return None
    import dlib  # optional

    weights = Path(folders[0]) / _WEIGHTS
    mean = read_arrays(_MEAN, "a mean face", {"mean": (NUMBERS, (128,))})["mean"]
    return Identity(dlib.face_recognition_model_v1(str(weights)), mean)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _window(image: np.ndarray) -> np.ndarray:
    """The part of a face that the network looks at, `[150, 150, 3]` uint8."""
    left, top, right, bottom = (share * len(image) for share in _WINDOW)
    window = Image.fromarray(image).resize(
        (_SIZE, _SIZE), Image.Resampling.LANCZOS, box=(left, top, right, bottom)
    )
    return np.asarray(window)
