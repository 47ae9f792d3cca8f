"""Where in a picture the person is, and the head: what an edit may touch.

The person comes from MediaPipe's selfie segmentation (`weights/`, 250 kB, Apache-2.0;
PyPI's mediapipe 0.10.14, general model, 256 px), run by LiteRT in about 10 ms. A head
is the part of the person inside the region that FFHQ's framing gives to head and hair;
beyond it lie shoulders, clothes, and the ends of long hair.
"""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tf_fsgd.images.io import resize

_WEIGHTS = Path(__file__).parent / "weights" / "person_segmentation.tflite"
_SIDE = 256

# The head in FFHQ framing, in shares of the side: a superellipse that reaches beyond
# the upper border (tall hair) and ends at the neck, with a soft rim.
_CENTRE = 0.5
_HALF_WIDTH = 0.47
_UP, _DOWN = 0.60, 0.44
_POWER = 2.6
_RIM = 0.16

_SURE = 8  # a pixel that is a tenth head is half sure to show what lies behind
_LEAST = 1e-6


class PersonSegmenter:
    """Finds the person in a picture."""

    def __init__(self, threads: int = 2):
        self._interpreter = Interpreter(str(_WEIGHTS), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def person(self, image: np.ndarray) -> np.ndarray:
        """How far each pixel belongs to a person.

        Args:
            image: `[R, R, 3]` uint8, any R.

        Returns:
            `[256, 256]` float32 in [0, 1].
        """
        pixels = resize(image, _SIDE)[None].astype(np.float32) / 255
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)[0, ..., 0].copy()

    def head(self, image: np.ndarray, size: int) -> np.ndarray:
        """How far each pixel belongs to the head.

        Args:
            image: `[R, R, 3]` uint8, a face in FFHQ framing.
            size: Side of the mask in pixels.

        Returns:
            `[size, size]` uint8; 255 where it surely does.
        """
        person = Image.fromarray(np.rint(255 * self.person(image)).astype(np.uint8))
        person = np.asarray(person.resize((size, size), Image.Resampling.BOX))
        return np.rint(person * head_region(size)).astype(np.uint8)


def head_region(size: int) -> np.ndarray:
    """The region of head and hair in FFHQ framing, with a soft rim.

    Args:
        size: Side in pixels.

    Returns:
        `[size, size]` float32 in [0, 1].
    """
    pixels = (np.arange(size) + 0.5) / size - _CENTRE
    height = np.where(pixels < 0, _UP, _DOWN)
    vertical = np.abs(pixels / height)[:, None] ** _POWER
    horizontal = np.abs(pixels / _HALF_WIDTH)[None, :] ** _POWER
    radius = (vertical + horizontal) ** (1 / _POWER)
    share = np.clip((1 - radius) / _RIM, 0, 1)
    return (share * share * (3 - 2 * share)).astype(np.float32)


def inside_head(a: np.ndarray, b: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """`b`'s head on `a`, with a soft edge.

    Where `b`'s head is smaller, what lies around `a`'s head is drawn on into the gap:
    the teacher's own background there has moved and changed its colour along with the
    edit, and would stand as a fringe along the old outline.

    Args:
        a, b: `[R, R, 3]` uint8.
        heads: `[2, S, S]` uint8, the masks of both.

    Returns:
        `[R, R, 3]` uint8.
    """
    size = (a.shape[1], a.shape[0])
    shares = [
        np.asarray(
            Image.fromarray(mask).resize(size, Image.Resampling.BICUBIC), np.float32
        )[..., None]
        / 255
        for mask in heads
    ]
    old, new = shares
    picture = a.astype(np.float32)
    gap = np.clip(old - new, 0, 1)
    if gap.any():
        picture += gap * (_drawn_on(picture, (1 - old) ** _SURE) - picture)
    return np.rint(picture + new * (b - picture)).astype(np.uint8)


def _drawn_on(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture whose unknown parts are filled in from around them, smoothly.

    Push-pull (Gortler et al. 1996, The Lumigraph, 4.3): halved until all is known, and
    what is unknown at a level taken from the one below.

    Args:
        picture: `[H, W, 3]` float32.
        known: `[H, W, 1]` float32 in [0, 1], how sure each pixel is.
    """
    height, width, _ = picture.shape
    if min(height, width) < 2 or height % 2 or width % 2:
        total = max(float(known.sum()), _LEAST)
        mean = (picture * known).sum(axis=(0, 1)) / total
        return np.broadcast_to(mean.astype(np.float32), picture.shape)
    weighted = _halved(picture * known)
    weight = _halved(known)
    smaller = _drawn_on(
        weighted / np.maximum(weight, _LEAST), np.minimum(4 * weight, 1)
    )
    enlarged = np.stack(
        [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(smaller[..., channel])).resize(
                    (width, height), Image.Resampling.BILINEAR
                )
            )
            for channel in range(3)
        ],
        axis=-1,
    )
    return enlarged + known * (picture - enlarged)


def _halved(values: np.ndarray) -> np.ndarray:
    height, width, channels = values.shape
    pixels = values.reshape(height // 2, 2, width // 2, 2, channels)
    return pixels.mean(axis=(1, 3))
