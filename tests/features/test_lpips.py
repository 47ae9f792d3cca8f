"""LPIPS against the `lpips` package."""

import numpy as np
import pytest

from tf_fsgd.features.lpips import load_lpips, squeezenet_features
from tf_fsgd.training.precision import with_policy


@pytest.fixture(scope="module")
def lpips():
    return load_lpips()


def pairs(size):
    rng = np.random.default_rng(0)
    first = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    second = rng.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    second[1] = first[1] // 2 + 40
    return first, second


# Made with lpips 0.1.4 (`LPIPS(net="squeeze")`, its own heads) on torch 2.13, its trunk
# (torchvision's squeezenet1_1) filled with the same SqueezeNet weights, in float32. At
# 100 px a pooling window hangs over the edge (torch's ceil_mode), at 128 px none does.
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (64, [0.126279354, 0.026129808]),
        (100, [0.152602971, 0.029748110]),
        (128, [0.145432353, 0.029685818]),
    ],
)
def test_equals_the_lpips_package(lpips, size, expected):
    first, second = pairs(size)
    np.testing.assert_allclose(lpips.distance(first, second), expected, rtol=3e-3)


def test_is_a_distance(lpips):
    first, second = pairs(64)
    there, back = lpips.distance(first, second), lpips.distance(second, first)
    np.testing.assert_allclose(there, back, rtol=1e-5)
    np.testing.assert_array_equal(lpips.distance(first, first), 0)
    as_float = first / np.float32(127.5) - 1, second / np.float32(127.5) - 1
    np.testing.assert_allclose(lpips.distance(*as_float), there, rtol=1e-5)
    assert lpips.distance(first[:0], second[:0]).shape == (0,)
    with pytest.raises(ValueError, match="one shape"):
        lpips.distance(first, second[:1])


def test_of_small_pictures_every_pixel_is_repeated(lpips):
    first, second = pairs(12)
    larger = [np.kron(images, np.ones((1, 3, 3, 1))) for images in (first, second)]
    expected = lpips.distance(*(images.astype(np.uint8) for images in larger))
    np.testing.assert_array_equal(lpips.distance(first, second), expected)
    assert expected.min() > 0


def test_as_a_loss_it_is_the_mean_and_close_in_half_precision(lpips):
    images = [values / np.float32(127.5) - 1 for values in pairs(64)]
    expected = lpips.distance(*images).mean()
    loss = lpips.distance_of_maps(*map(lpips.trunk, images))
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    half = with_policy(lpips.trunk, "mixed_bfloat16")
    assert float(lpips.distance_of_maps(*map(half, images))) == pytest.approx(
        expected, rel=0.02
    )


def test_the_trunk_is_squeezenet():
    trunk = squeezenet_features()
    # torchvision's squeezenet1_1().features has 722,496 parameters.
    assert trunk.count_params() == 722_496
    maps = trunk(np.zeros((1, 128, 128, 3), np.float32))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (63, 63, 64),
        (31, 31, 128),
        (15, 15, 256),
        (7, 7, 384),
        (7, 7, 384),
        (7, 7, 512),
        (7, 7, 512),
    ]
