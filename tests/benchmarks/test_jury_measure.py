"""What is made of readings, by a jury that reads brightness."""

import numpy as np
import pytest

from benchmarks.jury.measure import Trial, kinds_of, measure
from benchmarks.jury.readers import AGE, HAPPY, MALE, OLD, Jury, window
from tf_fsgd.errors import UserError


class Brightness:
    """Reads the mean of a face as all that it is asked; counts what it has seen."""

    reads = (MALE, AGE)

    def __init__(self):
        self.seen = 0

    def __call__(self, faces):
        self.seen += len(faces)
        mean = faces.mean(axis=(1, 2, 3)) / 255
        identity = np.stack([np.cos(mean), np.sin(mean)], axis=1)
        return {MALE: mean, AGE: 100 * mean, "identity": identity}


@pytest.fixture
def reader() -> Brightness:
    return Brightness()


@pytest.fixture
def jury(reader, tmp_path, monkeypatch) -> Jury:
    monkeypatch.setenv("TF_FSGD_CACHE", str(tmp_path))

    def recognition(before, after):
        return 1 - np.abs(after.mean((1, 2, 3)) - before.mean((1, 2, 3))) / 255

    return Jury({"faceres": reader}, recognition)


FACES = np.tile(np.array([51, 204] * 10, np.uint8)[:, None, None, None], (1, 4, 4, 3))


def darker(rows, strength):
    """A strength of 1 takes a fifth of the range away."""
    return (FACES[rows] - np.minimum(FACES[rows], 51 * strength)).astype(np.uint8)


STRENGTHS = np.array([1.0, 2.0])


def test_gender_is_the_share_that_is_read_as_what_the_edit_brings(jury):
    trial = measure("feminine", FACES, darker, STRENGTHS, jury)
    # 0.2 and 0.8, then 0 and 0.6, then 0 and 0.4: below 0.5 is a woman.
    shares = trial.effects()["faceres"].mean(axis=1)
    np.testing.assert_array_equal(shares, [0.5, 0.5, 1.0])
    identity = trial.identities()
    np.testing.assert_allclose(identity["dlib"].mean(axis=1), [1, 0.8, 0.7])
    # The faces' descriptors are apart by as many radians as their means.
    np.testing.assert_allclose(
        identity["faceres"][:, :2], np.cos([[0, 0], [0.2, 0.2], [0.2, 0.4]]), atol=1e-6
    )


def test_age_is_years_in_the_direction_of_the_edit(jury):
    trial = measure("younger", FACES[1:2], lambda _, s: darker([1], s), STRENGTHS, jury)
    np.testing.assert_allclose(trial.effects()["faceres"], [[0], [20], [40]], atol=1e-4)


def test_what_was_read_once_is_kept_by_blocks(jury, reader):
    first = measure("older", FACES[:16], darker, STRENGTHS, jury)
    assert reader.seen == 16 * 3
    # Four more faces are a block of their own.
    both = measure("older", FACES, darker, STRENGTHS, jury)
    assert reader.seen == 20 * 3
    for name, values in first.effects().items():
        np.testing.assert_array_equal(both.effects()[name][:, :16], values)
    # Another translator draws something else of the first face.
    measure("older", FACES, lambda rows, s: darker(rows, s / 2), STRENGTHS, jury)
    assert reader.seen == 40 * 3


def test_some_of_the_faces(jury):
    trial = measure("feminine", FACES, darker, STRENGTHS, jury).of(np.array([1, 3]))
    np.testing.assert_array_equal(trial.effects()["faceres"].mean(axis=1), [0, 0, 1])


def test_files_hold_all_of_a_trial(tmp_path):
    trial = Trial(
        "smile",
        np.array([1.5]),
        {f"emotion {HAPPY}": np.array([0.25])},
        {f"emotion {HAPPY}": np.array([[0.75]])},
        {"dlib": np.array([[0.5]])},
    )
    trial.save(tmp_path / "a.npz")
    loaded = Trial.load("smile", tmp_path / "a.npz")
    assert loaded.strengths == [1.5]
    np.testing.assert_array_equal(loaded.effects()["emotion"], [[0.0], [0.5]])
    np.testing.assert_array_equal(loaded.identities()["dlib"], [[1.0], [0.5]])


def test_who_reads_what():
    assert kinds_of("feminine") == ((MALE,), -1)
    assert kinds_of("older") == ((AGE, OLD), +1)
    assert kinds_of("frown") == ((HAPPY,), -1)
    with pytest.raises(UserError, match="gender, age and smiles, received edit 'nose'"):
        kinds_of("nose")


def test_a_window_lies_where_it_is_said_to():
    face = np.zeros((1, 8, 8, 3), np.uint8)
    face[0, 4:, 2:6] = 200  # half as wide, its centre three quarters down
    np.testing.assert_array_equal(
        window(face, (0.5, 0.75), 4), np.full((1, 4, 4, 3), 200)
    )
