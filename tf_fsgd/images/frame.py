"""One frame of a video: its picture, and when it is shown."""

import dataclasses
from fractions import Fraction
from typing import Self

import numpy as np

MAX_PIXELS = 100_000_000


@dataclasses.dataclass(frozen=True)
class Frame:
    """A picture and its moment.

    Attributes:
        pixels: `[H, W, 3]` uint8, also where nothing of them is seen.
        time: When it appears, in seconds; exact, so that it can be written again.
        duration: For how long it stays, in seconds, above 0.
        alpha: `[H, W]` uint8, from 0, not seen, to 255; `None` if all is seen.
    """

    pixels: np.ndarray
    time: Fraction
    duration: Fraction
    alpha: np.ndarray | None = None

    def on_white(self) -> np.ndarray:
        """What is seen of it on white paper, `[H, W, 3]` uint8."""
        if self.alpha is None:
            return self.pixels
        share = self.alpha[..., None].astype(np.float32) / 255
        return np.rint(255 + share * (self.pixels - np.float32(255))).astype(np.uint8)

    def edited(self, after: np.ndarray) -> Self:
        """The frame that is seen as `after`, `[H, W, 3]` uint8, on white paper.

        Only what differs from `on_white()` is added, because what lies under
        transparency cannot be told from what is seen.
        """
        if self.alpha is not None:
            change = after.astype(np.int16) - self.on_white()
            after = np.clip(self.pixels + change, 0, 255).astype(np.uint8)
        return dataclasses.replace(self, pixels=after)

    def beside(self, right: Self) -> Self:
        """Both in one, this on the left; the other has the same size and moment."""
        alpha = None
        if self.alpha is not None:
            alpha = np.concatenate([self.alpha, right.alpha], axis=1)
        pixels = np.concatenate([self.pixels, right.pixels], axis=1)
        return dataclasses.replace(self, pixels=pixels, alpha=alpha)
