"""The way back into the photo, by hand."""

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.images import photo as photos
from tf_fsgd.images.alignment import crop_square
from tf_fsgd.images.paste import paste_changes


def square(left: float, top: float, side: float, degrees: float = 0.0) -> np.ndarray:
    """A square, turned about its centre."""
    corners = np.array([[0, 0], [0, 1], [1, 1], [1, 0]]) - 0.5
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return side * corners @ turn + (left + side / 2, top + side / 2)


def noise(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(60, 190, (height, width, 3), np.uint8)


def flat(size: int, level: int) -> np.ndarray:
    return np.full((1, size, size, 3), level, np.uint8)


@pytest.mark.parametrize("degrees", [0, 30, 200])
@pytest.mark.parametrize("side", [20, 70])
def test_no_change_leaves_every_pixel(side, degrees):
    photo = noise(90, 110)
    place = square(15, 10, side, degrees)
    cut = crop_square(photo, place, 32)[None]
    np.testing.assert_array_equal(paste_changes(photo, [place], cut, cut), photo)


def test_detail_that_the_network_has_not_seen_survives():
    photo = noise(200, 200)
    # Brighter by 30 at an eighth of the resolution; every pixel of noise stays.
    result = paste_changes(photo, [square(20, 20, 160)], flat(20, 50), flat(20, 80))
    inner = (slice(40, 160), slice(40, 160))
    np.testing.assert_array_equal(result[inner], photo[inner] + 30)


def test_only_the_inside_and_all_of_it_without_a_soft_edge():
    photo = noise(60, 80)
    place = square(20, 10, 30)
    hard = paste_changes(photo, [place], flat(16, 0), flat(16, 40), feather=0)
    expected = photo.copy()
    expected[10:40, 20:50] += 40
    np.testing.assert_array_equal(hard, expected)


def test_a_change_fades_in_from_the_edge():
    photo = np.zeros((60, 80, 3), np.uint8)
    place = square(20, 10, 40)
    soft = paste_changes(photo, [place], flat(16, 0), flat(16, 255), feather=0.25)
    row = soft[30, 20:60, 0].astype(int)
    assert (np.diff(row[:10]) > 0).all(), "rises over a quarter of the side"
    assert (row[10:30] == 255).all()
    # Pixel centre 4.5 of the edge's 10: smoothstep(0.45) = 0.425.
    assert row[4] == round(255 * (3 * 0.45**2 - 2 * 0.45**3))


def test_a_turned_square_lands_where_it_was_cut():
    photo = np.zeros((120, 120, 3), np.uint8)
    photo[40:44, 70:74] = 255
    place = square(20, 20, 80, 40)
    before = crop_square(photo, place, 160)[None]
    result = paste_changes(photo, [place], before, 255 - before, feather=0)
    # The inverted cut: the bright spot turns dark in its own place.
    assert (result[41:43, 71:73] < 60).all()
    assert (result[50:70, 50:70] > 200).all()


def test_beyond_the_picture():
    photo = noise(40, 40)
    edited = paste_changes(
        photo, [square(-20, -20, 40)], flat(8, 0), flat(8, 50), feather=0
    )
    np.testing.assert_array_equal(edited[:20, :20], photo[:20, :20] + 50)
    np.testing.assert_array_equal(edited[20:], photo[20:])
    away = paste_changes(photo, [square(100, 100, 40)], flat(8, 0), flat(8, 50))
    np.testing.assert_array_equal(away, photo)


def test_what_two_faces_share_is_changed_once():
    photo = np.full((100, 160, 3), 100, np.uint8)
    places = [square(10, 10, 80), square(50, 10, 80)]
    before = np.concatenate([flat(16, 0)] * 2)
    result = paste_changes(photo, places, before, before + 40, feather=0.1)
    # Alone, each adds 40 in its middle; where both are, it is still 40.
    assert result[50].max() <= 141
    assert (np.abs(result[50, 20:120].astype(int) - 140) <= 1).all()
    # Each half follows its own face.
    after = np.concatenate([flat(16, 0), flat(16, 80)])
    shared = paste_changes(photo, places, before, after)[50, :, 0].astype(int)
    assert shared[50] < 105 and shared[89] > 175


@pytest.mark.parametrize("feather", [-0.1, 0.6])
def test_feather_out_of_range(feather):
    with pytest.raises(UserError, match="feather must be from 0 to 0.5, received"):
        paste_changes(noise(9, 9), [], flat(8, 0), flat(8, 0), feather=feather)


def test_a_large_square_in_bands_and_in_place(monkeypatch):
    photo, before = noise(90, 70), flat(40, 90)
    after = before + np.arange(40, dtype=np.uint8)[:, None, None]
    places = [square(5, 10, 50), square(20, 20, 50)]
    args = (places, np.stack([before[0]] * 2), np.stack([after[0]] * 2))
    whole = paste_changes(photo, *args)
    monkeypatch.setattr(photos, "_BAND", 200)
    banded = paste_changes(photo, *args, out=photo)
    assert banded is photo
    assert np.abs(banded.astype(int) - whole).max() <= 1
    assert (banded != whole).mean() < 0.01
