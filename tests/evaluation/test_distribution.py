"""KID and the Fréchet distance against loops, SciPy and values by hand."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from tf_fsgd.evaluation.distribution import (
    FeatureSpace,
    frechet_distance,
    kernel_distance,
)


def sets(first=9, second=7, features=5):
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (first, features)), rng.normal(0.7, 2, (second, features))


def kid_by_loops(first, second):
    def kernel(x, y):
        return (np.dot(x, y) / len(x) + 1) ** 3

    def within(rows):
        pairs = [
            kernel(x, y)
            for i, x in enumerate(rows)
            for j, y in enumerate(rows)
            if i != j
        ]
        return np.mean(pairs)

    across = np.mean([kernel(x, y) for x in first for y in second])
    return within(first) + within(second) - 2 * across


def test_kid_by_hand():
    # One feature: k(x, y) = (xy + 1)^3. Zeros meet zeros and ones as 1, ones meet ones
    # as 8: 1 + 8 - 2.
    result = kernel_distance(np.zeros((3, 1)), np.ones((4, 1)))
    assert result["value"] == 7.0 and result["low"] == result["high"] == 7.0
    assert (result["count"], result["real_count"]) == (3, 4)


def test_kid_and_its_interval_against_loops():
    first, second = sets()
    result = kernel_distance(first, second)
    value = kid_by_loops(first, second)
    assert result["value"] == pytest.approx(value, abs=1e-6)
    variance = 0.0
    for index, rows in enumerate((first, second)):
        without = []
        for left_out in range(len(rows)):
            both = [first, second]
            both[index] = np.delete(rows, left_out, axis=0)
            without.append(kid_by_loops(*both))
        variance += (len(rows) - 1) * np.var(without)
    half = 1.96 * np.sqrt(variance)
    assert result["low"] == pytest.approx(value - half, abs=1e-5)
    assert result["high"] == pytest.approx(value + half, abs=1e-5)


def test_kid_of_one_distribution_is_zero_on_average_whatever_the_number():
    rng = np.random.default_rng(1)
    values = [
        kernel_distance(rng.normal(size=(6, 8)), rng.normal(size=(20, 8)))["value"]
        for _ in range(400)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert min(values) < 0


def test_frechet_by_hand():
    # One feature: (difference of means)^2 + (difference of deviations)^2.
    first, second = np.array([[0.0], [1], [2]]), np.array([[5.0], [8], [11]])
    assert frechet_distance(first, second) == pytest.approx(49 + 4, abs=1e-4)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("count", [4, 40])
def test_frechet_against_scipys_root(count):
    first, second = sets(count, 30)
    c1, c2 = np.cov(first.T), np.cov(second.T)
    apart = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    # Where faces are fewer than features a covariance is singular, which SciPy's root
    # wants regularised.
    small = 1e-9 * np.eye(len(c1))
    root = sqrtm((c1 + small) @ (c2 + small)).real
    expected = apart + np.trace(c1 + c2 - 2 * root)
    assert frechet_distance(first, second) == pytest.approx(expected, abs=2e-3)


def test_too_few_faces_have_no_distance():
    first, second = sets(2, 9)
    assert kernel_distance(first, second)["value"] is None
    assert frechet_distance(first, second) is None


def test_features_are_read_at_the_spaces_size_in_batches():
    sizes = []

    def network(images):
        sizes.append(images.shape)
        return images.mean(axis=(1, 2))

    faces = np.stack([np.full((8, 8, 3), level, np.uint8) for level in range(20)])
    features = FeatureSpace("mean colour", 4, network).features(faces)
    assert {shape[1:] for shape in sizes} == {(4, 4, 3)}
    expected = np.arange(20) / 127.5 - 1
    np.testing.assert_allclose(features[:, 1], expected, atol=1e-6)
