"""Where the pictures and labels of a grid are."""

import numpy as np
import pytest

from tf_fsgd.images.grid import image_grid

H, W = 12, 30


def flat(*values: int) -> list[np.ndarray]:
    return [np.full((H, W, 3), value, np.uint8) for value in values]


def test_row_by_row_with_gaps():
    grid = image_grid(flat(1, 2, 3, 4, 5, 6), 3, gap=4)
    assert grid.shape == (2 * H + 4, 3 * W + 2 * 4, 3) and grid.dtype == np.uint8
    for index in range(6):
        y, x = (index // 3) * (H + 4), (index % 3) * (W + 4)
        assert (grid[y : y + H, x : x + W] == index + 1).all()
    assert (grid[H : H + 4] == 255).all() and (grid[:, W : W + 4] == 255).all()


def test_no_gap_and_a_short_last_row():
    grid = image_grid(flat(1, 2, 3), 2, gap=0)
    assert (grid[H:, :W] == 3).all() and (grid[H:, W:] == 255).all()


def test_float_pictures():
    images = np.zeros((1, H, W, 3), np.float32)
    assert (image_grid(images, 1) == 128).all()


def test_labels_take_room_of_their_own():
    images = flat(1, 2, 3, 4)
    grid = image_grid(images, 2, row_labels=["up", "down"], column_labels=["A", "B"])
    plain = image_grid(images, 2)
    top, left = grid.shape[0] - plain.shape[0], grid.shape[1] - plain.shape[1]
    assert top > 0 and left > 0
    assert np.array_equal(grid[top:, left:], plain)
    assert (grid[:top, left:] < 128).any(), "no ink above the columns"
    assert (grid[top:, :left] < 128).any(), "no ink beside the rows"
    assert (grid[:top, :left] == 255).all()


def test_a_long_column_label_stays_over_its_column():
    images = flat(1, 1)
    grid = image_grid(images, 2, column_labels=["an attribute with a long name", ""])
    top = grid.shape[0] - H
    assert (grid[:top, :W] < 128).any()
    assert (grid[:top, W + 2 :] == 255).all()


@pytest.mark.parametrize(
    ("images", "columns", "labels", "message"),
    [
        ([], 1, {}, "received 0 images"),
        (flat(1), 0, {}, "columns=0"),
        (flat(1) + [np.zeros((3, 3, 3), np.uint8)], 2, {}, "must have one size"),
        (flat(1, 2), 1, {"row_labels": ["one"]}, "row_labels: expected 2, received 1"),
        (flat(1), 1, {"column_labels": ["a", "b"]}, "expected 1, received 2"),
    ],
)
def test_mistakes(images, columns, labels, message):
    with pytest.raises(ValueError, match=message):
        image_grid(images, columns, **labels)
