"""FFHQ's square by hand, and the way there and back."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tf_fsgd.errors import UserError
from tf_fsgd.images import photo as photos
from tf_fsgd.images.alignment import crop_square, ffhq_square


def landmarks() -> np.ndarray:
    """Left eye, right eye, left and right corner of the mouth of an upright face."""
    return np.array([[40.0, 50.0], [60.0, 50.0], [43.0, 80.0], [57.0, 80.0]])


def smooth_picture(height: int = 120, width: int = 150) -> np.ndarray:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (height, width, 3), np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(5))
    return np.clip((np.asarray(image).astype(float) - 127) * 6 + 127, 0, 255).astype(
        np.uint8
    )


def axis_aligned(left: float, top: float, side: float) -> np.ndarray:
    corners = [[0, 0], [0, 1], [1, 1], [1, 0]]
    return np.array([left, top]) + side * np.array(corners, float)


def turned(square: np.ndarray, degrees: float) -> np.ndarray:
    """The square turned about its centre, clockwise as seen in a picture."""
    angle = np.deg2rad(degrees)
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    centre = square.mean(axis=0)
    return (square - centre) @ np.array(turn) + centre


def test_square_of_an_upright_face_by_hand():
    # Eyes (50, 50), 20 apart; mouth 30 below. Half side max(2.0 * 20, 1.8 * 30) = 54,
    # centre a tenth of the way down, (50, 53).
    square = ffhq_square(*landmarks())
    np.testing.assert_allclose(square, [[-4, -1], [-4, 107], [104, 107], [104, -1]])


def test_far_eyes_decide_the_size():
    points = landmarks()
    points[:2, 0] = [10, 90]  # 80 apart: half side 160
    side = ffhq_square(*points)[3, 0] - ffhq_square(*points)[0, 0]
    assert side == pytest.approx(320)


def test_square_follows_the_face():
    angle = np.deg2rad(25)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = 1.5 * landmarks() @ turn + [7, -3]
    expected = 1.5 * ffhq_square(*landmarks()) @ turn + [7, -3]
    np.testing.assert_allclose(ffhq_square(*moved), expected)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_landmarks_that_span_no_square(value):
    with pytest.raises(UserError, match="landmarks must span a face"):
        ffhq_square(*np.full((4, 2), value))


def test_crop_of_whole_pixels_is_a_slice():
    image = smooth_picture()
    crop = crop_square(image, axis_aligned(30, 20, 64), 64)
    assert crop.shape == (64, 64, 3) and crop.dtype == np.uint8
    error = np.abs(crop.astype(int) - image[20:84, 30:94])
    assert error.max() <= 6 and error.mean() < 1


@pytest.mark.parametrize("size", [16, 32, 100])
def test_crop_scales(size):
    image = smooth_picture()
    crop = crop_square(image, axis_aligned(30, 20, 64), size)
    window = Image.fromarray(image[20:84, 30:94])
    expected = np.asarray(window.resize((size, size), Image.Resampling.LANCZOS))
    inner = (slice(2, -2), slice(2, -2))  # at its border a window lacks neighbours
    error = np.abs(crop.astype(int) - expected)[inner]
    assert error.mean() < 1.5


def test_crop_of_a_quarter_turn():
    image = smooth_picture()
    crop = crop_square(image, turned(axis_aligned(30, 20, 64), 90), 64)
    # The square's top left corner is the picture's top right one.
    expected = np.rot90(image[20:84, 30:94], 1)
    assert np.abs(crop.astype(int) - expected).mean() < 1


def test_crop_mirrors_what_lies_outside():
    image = np.zeros((20, 20, 3), np.uint8)
    image[:, 10:] = 200
    crop = crop_square(image, axis_aligned(0, -20, 40), 40)
    # Mirrored at x = 20; the filter overshoots a little beside an edge.
    expected = np.repeat([0, 200, 0], [10, 20, 10])[:, None]
    error = np.abs(crop.astype(int) - expected)
    assert error[:, [*range(8), *range(12, 28), *range(32, 40)]].max() <= 8


def test_a_large_crop_is_the_same_in_bands(monkeypatch):
    picture = smooth_picture()
    square = turned(axis_aligned(-10, 5, 110), 20)
    whole = crop_square(picture, square, 16)  # 6.9 pixels for one: reduced threefold
    monkeypatch.setattr(photos, "_BAND", 1_000)
    np.testing.assert_array_equal(crop_square(picture, square, 16), whole)
