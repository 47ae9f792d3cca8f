"""One frame of a video: its picture, and when it is shown."""

import dataclasses
from fractions import Fraction
from typing import Self

from tf_fsgd.images.photo import Photo

MAX_PIXELS = 100_000_000


@dataclasses.dataclass(frozen=True)
class Frame:
    """A picture and its moment.

    Attributes:
        photo: The whole picture, upright.
        time: When it appears, in seconds; exact, so that it can be written again.
        duration: For how long it stays, in seconds, above 0.
    """

    photo: Photo
    time: Fraction
    duration: Fraction

    def beside(self, right: Self) -> Self:
        """Both in one, this on the left; the other has the same size and moment."""
        return dataclasses.replace(self, photo=self.photo.beside(right.photo))
