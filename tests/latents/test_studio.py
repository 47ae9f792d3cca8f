"""Faces as arrays: what is drawn for which seed, by hand on bands of grey."""

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.images.io import to_uint8
from tf_fsgd.latents.directions import Direction
from tf_fsgd.latents.samples import sample_w
from tf_fsgd.latents.studio import Studio


@pytest.fixture
def studio(banded):
    return Studio(banded, truncation_psi=0.5)


def greys(pictures):
    """Of the four bands of each picture `[..., 32, 32, 3]`."""
    return pictures[..., 4::8, 0, 0].astype(int)


def expected(banded, seeds, psi=0.5):
    return to_uint8(sample_w(banded, seeds, psi)[:, :1]).repeat(4, axis=1).astype(int)


def test_a_face_for_each_seed(studio, banded):
    faces = studio.sample(range(3, 6))
    assert faces.shape == (3, 32, 32, 3) and faces.dtype == np.uint8
    np.testing.assert_array_equal(greys(faces), expected(banded, [3, 4, 5]))
    assert studio.sample(np.array([3])).shape == (1, 32, 32, 3)


def test_size_noise_and_truncation_belong_to_the_studio(banded):
    small = Studio(banded, truncation_psi=0.0, resolution=16, noise_mode="none")
    faces = small.sample([1, 2])
    # The mean face is 0.1 of [-1, 1].
    assert faces.shape == (2, 16, 16, 3) and (faces == 140).all()
    assert Studio(banded).side == 32


def test_a_projected_photo_is_named_by_its_file(studio, tmp_path):
    np.savez(tmp_path / "anna.npz", w=np.full((1, 4, 3), 0.2))
    for path in (tmp_path / "anna.npz", str(tmp_path / "anna.npz")):
        assert (studio.sample([path]) == 153).all()  # 127.5 * 1.2


def test_an_edit_moves_its_rows(studio, banded, tmp_path):
    path = str(tmp_path / "lit.npz")
    Direction(
        name="lit",
        vector=np.array([1, 0, 0], np.float32),
        std=0.1,
        layers=[0, 2],
        attribute="Smiling",
        sign=1,
        reading_vector=np.zeros(3),
        reading_bias=0.0,
    ).save(tmp_path / "lit.npz")
    plain, edited = studio.sample([1, 2]), studio.edit([1, 2], **{path: 0.5})
    assert edited.shape == (2, 32, 32, 3)
    # Half of 2 standard deviations of 0.1: 12.75 levels.
    change = greys(edited) - greys(plain)
    np.testing.assert_allclose(change, [[12.75, 0, 12.75, 0]] * 2, atol=0.75)


def test_mixing_is_a_table(studio, banded):
    table = studio.mix([1, 2], [3, 4, 5], layers=range(1, 3))
    assert table.shape == (2, 3, 32, 32, 3)
    rows, cols = expected(banded, [1, 2]), expected(banded, [3, 4, 5])
    bands = greys(table)
    np.testing.assert_array_equal(bands[..., [0, 3]], rows[:, None, :2].repeat(3, 1))
    np.testing.assert_array_equal(bands[..., [1, 2]], cols[None, :, :2].repeat(2, 0))


def test_a_morph_visits_every_face(studio, banded):
    film = studio.morph([1, 2, 3], frames=4)
    assert film.shape == (12, 32, 32, 3)
    np.testing.assert_array_equal(greys(film[::4]), expected(banded, [1, 2, 3]))
    assert len(studio.morph([1, 2], 4)) == 8
    assert len(studio.morph([1, 2], 4, loop=False, ease="linear")) == 5
    through_z = studio.morph([1, 2], 2, space="z", loop=False)
    np.testing.assert_array_equal(greys(through_z[::2]), expected(banded, [1, 2]))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda studio: studio.sample([]), "one face or more, received none"),
        (lambda studio: studio.sample([-1]), "must be 0 to 4294967295 .* received -1"),
        (lambda studio: studio.sample([1.0]), "a seed must be .* received 1.0"),
        (lambda studio: studio.sample(["nobody.npz"]), "received 'nobody.npz'"),
        (lambda studio: studio.edit([1], ears=1), "must be one of .*'ears'"),
        (
            lambda studio: studio.edit([1], smile=float("nan")),
            "strength of smile must be finite, received nan",
        ),
        (lambda studio: studio.mix([1], [2], [4]), r"layers must be from 0 to 3, .*4"),
        (lambda studio: studio.morph([1, 2], 0), "frames must be at least 1"),
        (lambda studio: studio.morph([1, 2], space="x"), "space must be one of w, z"),
        (lambda studio: studio.morph([1, 2], path="x"), "path must be one of linear"),
        (lambda studio: studio.morph([1, 2], ease="x"), "ease must be one of linear"),
    ],
)
def test_mistakes_are_one_line(studio, banded, draw, message):
    with pytest.raises(UserError, match=message) as caught:
        draw(studio)
    assert "\n" not in str(caught.value)
    assert banded.drawn == []
