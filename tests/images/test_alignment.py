"""FFHQ's square by hand, and the way there and back."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tf_fsgd.errors import UserError
from tf_fsgd.images.alignment import crop_square, ffhq_square, paste_square


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


@pytest.mark.parametrize("degrees", [0, 13, 90, -160])
@pytest.mark.parametrize("size", [60, 128])
def test_crop_and_paste_round_trip(degrees, size):
    image = smooth_picture()
    square = turned(axis_aligned(40, 30, 60), degrees)
    back = paste_square(image, square, crop_square(image, square, size), feather=0)
    error = np.abs(back.astype(int) - image)
    assert error.max() <= 25 and error.mean() < 1


def test_paste_touches_nothing_outside_and_all_of_the_inside():
    image = np.zeros((60, 80, 3), np.uint8)
    patch = np.full((16, 16, 3), 255, np.uint8)
    hard = paste_square(image, axis_aligned(20, 10, 30), patch, feather=0)
    expected = np.zeros_like(image)
    expected[10:40, 20:50] = 255
    assert np.array_equal(hard, expected)
    assert not image.any(), "the given picture was changed"


def test_paste_fades_in_from_the_edge():
    image = np.zeros((60, 80, 3), np.uint8)
    patch = np.full((16, 16, 3), 255, np.uint8)
    soft = paste_square(image, axis_aligned(20, 10, 40), patch, feather=0.25)
    row = soft[30, 20:60, 0].astype(int)
    assert (np.diff(row[:10]) > 0).all(), "rises over a quarter of the side"
    assert (row[10:30] == 255).all()
    # Pixel centre 4.5 of the edge's 10: smoothstep(0.45) = 0.425.
    assert row[4] == round(255 * (3 * 0.45**2 - 2 * 0.45**3))


def test_paste_beyond_the_picture():
    image = smooth_picture(40, 40)
    patch = np.full((8, 8, 3), 9, np.uint8)
    over = paste_square(image, axis_aligned(-20, -20, 40), patch, feather=0)
    assert (over[:20, :20] == 9).all()
    assert np.array_equal(over[20:], image[20:])
    away = paste_square(image, axis_aligned(100, 100, 40), patch)
    assert np.array_equal(away, image)


@pytest.mark.parametrize("feather", [-0.1, 0.6])
def test_feather_out_of_range(feather):
    with pytest.raises(UserError, match=f"feather .* received {feather}"):
        paste_square(
            smooth_picture(), axis_aligned(0, 0, 9), smooth_picture(), feather=feather
        )
