"""Where the head is: a formula by hand, and the segmenter on a generated face."""

import numpy as np
import pytest

from tf_fsgd.images.io import resize, to_uint8
from tf_fsgd.images.person import PersonSegmenter, head_region, inside_head
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.sampling import broadcast


@pytest.fixture(scope="module")
def segmenter():
    return PersonSegmenter()


@pytest.fixture(scope="module")
def face(teacher):
    """One face of the embedded teacher, uint8 [256, 256, 3]."""
    w = sample_w(teacher, np.array([6]), 0.7)
    ws = broadcast(w, teacher.num_ws)
    return to_uint8(teacher.synthesis(ws, noise_mode="const", resolution=256))[0]


@pytest.mark.parametrize("size", [16, 64, 256])
def test_the_region_is_a_head_in_ffhq_framing(size):
    region = head_region(size)
    assert region.shape == (size, size) and region.dtype == np.float32
    assert region.min() >= 0 and region.max() <= 1
    middle = size // 2
    assert region[middle, middle] == 1
    # Tall hair reaches the upper border; the neck ends before the lower one.
    assert region[0, middle] == 1
    assert region[-1].max() == 0
    for corner in (region[-1, 0], region[-1, -1], region[0, 0], region[0, -1]):
        assert corner == 0
    np.testing.assert_array_equal(region, region[:, ::-1])
    # From the centre outwards it never grows.
    assert (np.diff(region[middle, middle:]) <= 0).all()
    assert (np.diff(region[middle:, middle]) <= 0).all()


def test_the_rim_by_hand():
    # On the middle rows of 100, pixel 92 is 0.425 off the centre: a radius of 0.904
    # half widths, a share (1 - 0.904) / 0.16 = 0.598, smoothed 3 s^2 - 2 s^3 = 0.646.
    assert head_region(100)[50, 92] == pytest.approx(0.646, abs=2e-3)


def test_finds_the_head_and_not_the_corners(segmenter, face):
    person = segmenter.person(face)
    assert person.shape == (256, 256) and person.dtype == np.float32
    assert person.min() >= 0 and person.max() <= 1
    head = segmenter.head(face, 64)
    assert head.shape == (64, 64) and head.dtype == np.uint8
    assert head[24:40, 24:40].min() > 240
    assert max(head[0, 0], head[0, -1], head[-1, 0], head[-1, -1]) < 10
    # Shoulders are of the person and not of the head.
    assert person[-8:, 96:160].min() > 0.9
    assert head[-2:, 24:40].max() == 0


def test_a_picture_of_another_size_gives_the_same_mask(segmenter, face):
    small = segmenter.head(resize(face, 128), 64).astype(int)
    assert np.abs(small - segmenter.head(face, 64)).mean() < 4


def test_the_result_is_kept_when_the_next_picture_comes(segmenter, face):
    first = segmenter.person(face)
    kept = first.copy()
    segmenter.person(255 - face[::-1])
    np.testing.assert_array_equal(first, kept)


def test_nobody_has_no_head(segmenter):
    head = segmenter.head(np.full((256, 256, 3), 128, np.uint8), 32)
    assert head.max() < 64


def test_the_edit_is_taken_inside_the_head_alone():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
    nowhere, everywhere = np.zeros((2, 64, 64), np.uint8), np.full((2, 64, 64), 255)
    np.testing.assert_array_equal(inside_head(a, b, nowhere), a)
    np.testing.assert_array_equal(inside_head(a, b, everywhere.astype(np.uint8)), b)


def test_around_a_smaller_head_the_surroundings_are_drawn_on():
    """A's head is the left half, B's the left quarter, and B's wall has turned blue."""
    wall, a_head, b_head = [90, 60, 30], [200, 0, 0], [0, 200, 0]
    a = np.full((64, 64, 3), wall, np.uint8)
    b = np.full((64, 64, 3), [0, 0, 255], np.uint8)
    heads = np.zeros((2, 64, 64), np.uint8)
    a[:, :32], heads[0, :, :32] = a_head, 255
    b[:, :16], heads[1, :, :16] = b_head, 255
    result = inside_head(a, b, heads)
    assert (result[:, :12] == b_head).all()
    # No red of the old head, no blue of the teacher's wall.
    assert np.abs(result[:, 20:].astype(int) - wall).max() <= 2


def test_a_larger_head_covers_what_was_around_the_old_one():
    a, b = np.full((64, 64, 3), 10, np.uint8), np.full((64, 64, 3), 200, np.uint8)
    heads = np.zeros((2, 64, 64), np.uint8)
    heads[0, :, :16], heads[1, :, :32] = 255, 255
    result = inside_head(a, b, heads)
    assert (result[:, :28] == 200).all() and (result[:, 36:] == 10).all()


def test_half_a_head_is_half_the_change():
    a, b = np.full((8, 8, 3), 10, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    heads = np.full((2, 64, 64), 51, np.uint8)  # a fifth of 255
    assert (inside_head(a, b, heads) == 10 + 190 // 5).all()
    assert (inside_head(b, a, heads) == 200 - 190 // 5).all()
