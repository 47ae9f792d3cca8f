"""Paths between latents, against values found by hand."""

import numpy as np
import pytest

from tf_fsgd.latents.interpolation import (
    EASES,
    PATHS,
    interpolate,
    linear,
    smoothstep,
    spherical,
)

HALF = np.sqrt(0.5)


def test_a_line_by_hand():
    path = linear(np.array([2.0, 0.0]), np.array([0.0, 4.0]), np.array([0, 0.25, 1]))
    assert path.tolist() == [[2, 0], [1.5, 1], [0, 4]]


def test_a_quarter_circle_at_even_speed():
    degrees = np.array([0, 30, 45, 60, 90])
    path = spherical(np.array([1.0, 0.0]), np.array([0.0, 1.0]), degrees / 90)
    radians = np.deg2rad(degrees)
    np.testing.assert_allclose(
        path, np.stack([np.cos(radians), np.sin(radians)], axis=1), atol=1e-12
    )


def test_an_arc_between_different_lengths():
    # 45 degrees, and half way from length 1 to length 3.
    middle = spherical(np.array([1.0, 0.0]), np.array([0.0, 3.0]), np.array([0.5]))
    np.testing.assert_allclose(middle, [[2 * HALF, 2 * HALF]])


def test_an_arc_about_a_centre():
    ends, centre = np.array([[2.0, 5.0], [1.0, 6.0]]), np.array([1.0, 5.0])
    film = interpolate(ends, 2, path="spherical", loop=False, centre=centre)
    np.testing.assert_allclose(film[1], [1 + HALF, 5 + HALF], rtol=1e-6)


def test_every_row_has_an_arc_of_its_own():
    ends = np.array([[[1.0, 0.0], [3.0, 0.0]], [[0.0, 1.0], [3.0, 0.0]]])
    film = interpolate(ends, 2, path="spherical", loop=False)
    np.testing.assert_allclose(film[1], [[HALF, HALF], [3, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("start", "end", "middle"),
    [
        ([1, 1], [3, 3], [2, 2]),  # parallel
        ([1, 0], [-1, 0], [0, 0]),  # opposite: any arc would be arbitrary
        ([0, 0], [4, 0], [2, 0]),  # psi 0 puts a face on the centre
        ([0, 0], [0, 0], [0, 0]),
    ],
)
def test_without_a_plane_the_arc_is_a_line(start, end, middle):
    path = spherical(np.array(start, "f4"), np.array(end, "f4"), np.array([0.5]))
    np.testing.assert_allclose(path, [middle], atol=1e-7)


def test_smoothstep_rises_and_rests_at_both_ends():
    times = np.linspace(0, 1, 101)
    eased = smoothstep(times)
    assert (eased[0], eased[25], eased[50], eased[100]) == (0, 5 / 32, 0.5, 1)
    steps = np.diff(eased)
    assert (steps > 0).all()
    assert steps.argmax() in (49, 50)
    assert steps[0] < 0.05 * steps.max() and steps[-1] < 0.05 * steps.max()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("ease", EASES)
def test_ends_are_exact_and_a_loop_repeats_no_frame(path, ease):
    random = np.random.default_rng(0)
    ends = random.normal(size=(3, 2, 16)).astype(np.float32)
    centre = random.normal(size=16).astype(np.float32)
    options = {"path": path, "ease": ease, "centre": centre}
    loop = interpolate(ends, 5, loop=True, **options)
    once = interpolate(ends, 5, loop=False, **options)
    assert loop.dtype == np.float32
    assert (loop.shape, once.shape) == ((15, 2, 16), (11, 2, 16))
    np.testing.assert_array_equal(loop[::5], ends)
    np.testing.assert_array_equal(once[::5], ends)
    np.testing.assert_array_equal(loop[:10], once[:10])
    # From the last frame back to the first as well.
    speeds = np.abs(loop - np.roll(loop, 1, axis=0)).max(axis=(1, 2))
    assert speeds.min() > 0.05


def test_the_middle_of_a_line_is_nearer_to_the_centre_than_that_of_an_arc():
    ends = np.random.default_rng(1).normal(size=(2, 512))
    middles = {
        path: np.linalg.norm(interpolate(ends, 2, path=path, loop=False)[1])
        for path in PATHS
    }
    lengths = np.linalg.norm(ends, axis=1)
    assert middles["spherical"] == pytest.approx(lengths.mean(), rel=1e-5)
    assert middles["linear"] == pytest.approx(lengths.mean() * HALF, rel=0.05)


@pytest.mark.parametrize(("ends", "frames"), [(1, 4), (2, 0)])
def test_too_little_for_a_film(ends, frames):
    with pytest.raises(ValueError, match=f"received {ends} ends and frames={frames}"):
        interpolate(np.zeros((ends, 4)), frames)
