"""A warp of numbered pixels, and of a photo-like picture against SciPy."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import map_coordinates

from tf_fsgd.images.warp import warp


def warped(images, *, angle=0.0, scale=1.0, mirror=1.0, centre=None, size):
    centre = centre or ((images.shape[2] - 1) / 2, (images.shape[1] - 1) / 2)
    angle, scale, mirror, x, y = (
        tf.fill([len(images)], float(value))
        for value in (angle, scale, mirror, *centre)
    )
    result = warp(
        images, angle=angle, scale=scale, mirror=mirror, centre=(x, y), size=size
    )
    return result.numpy()


def test_nothing_asked_nothing_done():
    images = np.arange(2 * 16, dtype=np.uint8).reshape(2, 4, 4, 1)
    np.testing.assert_array_equal(warped(images, size=4), images)


def test_a_mirror_and_a_shift():
    row = np.arange(6, dtype=np.float32)[None, None, :, None]
    images = np.repeat(row, 6, axis=1)
    assert warped(images, mirror=-1, size=6)[0, 2, :, 0].tolist() == [5, 4, 3, 2, 1, 0]
    moved = warped(images, centre=(3.5, 2.5), size=4)[0, 2, :, 0]
    # Beyond the border the picture is mirrored.
    assert moved.tolist() == [2, 3, 4, 5]
    assert warped(images, centre=(4.5, 2.5), size=4)[0, 2, :, 0].tolist() == [
        3,
        4,
        5,
        5,
    ]


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_as_scipy_resamples(mirror):
    y, x = np.mgrid[:48, :48] / 48
    picture = np.float32(np.sin(9 * x + 4 * y) + np.cos(7 * y))
    angle, scale, centre, size = 0.2, 0.8, (22.0, 25.5), 32
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    columns = mirror * columns
    reads = [
        centre[1] + scale * (np.sin(angle) * columns + np.cos(angle) * rows),
        centre[0] + scale * (np.cos(angle) * columns - np.sin(angle) * rows),
    ]
    expected = map_coordinates(picture, reads, order=1)
    result = warped(
        picture[None, ..., None],
        angle=angle,
        scale=scale,
        mirror=mirror,
        centre=centre,
        size=size,
    )
    np.testing.assert_allclose(result[0, ..., 0], expected, atol=1e-4)
