"""A frame with its moment."""

from fractions import Fraction

import numpy as np

from tf_fsgd.images.frame import Frame
from tf_fsgd.images.photo import Photo


def test_two_beside_each_other_keep_the_moment():
    left, right = (
        Frame(Photo(np.full((1, 2, 3), shade, np.uint8)), Fraction(1), Fraction(2))
        for shade in (0, 9)
    )
    both = left.beside(right)
    assert both.photo.pixels[0, :, 0].tolist() == [0, 0, 9, 9]
    assert (both.time, both.duration) == (1, 2)
