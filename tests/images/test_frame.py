"""What is seen of a frame, and what an edit of it leaves under transparency."""

from fractions import Fraction

import numpy as np

from tf_fsgd.images.frame import Frame


def test_a_whole_frame_is_what_is_seen():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    frame = Frame(pixels, Fraction(0), Fraction(1))
    assert frame.on_white() is pixels
    assert frame.edited(pixels + 1).pixels.tolist() == (pixels + 1).tolist()


def test_transparency_stays_and_only_the_change_is_added():
    pixels = np.array([[[100, 0, 50]] * 3], np.uint8)
    alpha = np.array([[255, 51, 0]], np.uint8)
    frame = Frame(pixels, Fraction(0), Fraction(1), alpha)
    # A fifth of it over white: 255 - 0.2 * (255 - 100) = 224.
    seen = frame.on_white()
    assert seen[0].tolist() == [[100, 0, 50], [224, 204, 214], [255, 255, 255]]
    assert frame.edited(seen).pixels.tolist() == pixels.tolist()
    after = frame.edited(np.maximum(seen, 10) - np.uint8(10))
    assert after.pixels[0].tolist() == [[90, 0, 40]] * 3
    assert after.alpha is alpha


def test_two_beside_each_other():
    left = Frame(np.zeros((1, 2, 3), np.uint8), Fraction(1), Fraction(2))
    both = left.beside(left.edited(np.full((1, 2, 3), 9, np.uint8)))
    assert both.pixels[0, :, 0].tolist() == [0, 0, 9, 9]
    assert (both.time, both.duration, both.alpha) == (1, 2, None)
