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

_WEIGHTS = Path(__file__).parent / "weights" / "person_segmentation.tflite"
_SIDE = 256

# The head in FFHQ framing, in shares of the side: a superellipse that reaches beyond
# the upper border (tall hair) and ends at the neck, with a soft rim.
_CENTRE = 0.5
_HALF_WIDTH = 0.47
_UP, _DOWN = 0.60, 0.44
_POWER = 2.6
_RIM = 0.16


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
        if image.shape[0] != _SIDE:
            resized = Image.fromarray(image).resize(
                (_SIDE, _SIDE), Image.Resampling.LANCZOS
            )
            image = np.asarray(resized)
        pixels = image[None].astype(np.float32) / 255
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
    """`b` inside the head of either picture, `a` elsewhere, with a soft edge.

    Args:
        a, b: `[R, R, 3]` uint8.
        heads: `[2, S, S]` uint8, the masks of both.

    Returns:
        `[R, R, 3]` uint8.
    """
    size = (a.shape[1], a.shape[0])
    mask = Image.fromarray(heads.max(axis=0)).resize(size, Image.Resampling.BICUBIC)
    share = np.asarray(mask, np.float32)[..., None] / 255
    return np.rint(a + share * (b.astype(np.float32) - a)).astype(np.uint8)
