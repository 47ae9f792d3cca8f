"""Style mixing: which rows come from whom, in the arrays and on the sheet."""

import numpy as np
import pytest

from tf_fsgd.images.io import read_image, to_uint8
from tf_fsgd.latents.mixing import mix
from tf_fsgd.latents.samples import sample_w

GAP = 2  # between the pictures of a grid


def test_layers_come_from_the_column():
    rows = np.array([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    columns = np.array([[[-1.0], [-2.0], [-3.0]]])
    mixed = mix(rows, columns, [0, 2])
    assert mixed.shape == (2, 1, 3, 1)
    assert mixed[:, 0, :, 0].tolist() == [[-1, 2, -3], [-1, 5, -3]]
    assert rows[0, 0, 0] == 1  # untouched


def test_no_face_is_mixed_with_itself_into_another():
    faces = np.random.default_rng(0).normal(size=(3, 4, 5))
    mixed = mix(faces, faces, [1, 2])
    np.testing.assert_array_equal(mixed[range(3), range(3)], faces)
    assert (mixed[0, 1, [1, 2]] == faces[1, [1, 2]]).all()
    assert (mixed[0, 1, [0, 3]] == faces[0, [0, 3]]).all()


def test_the_sheet(verb, banded, tmp_path, capsys):
    out = tmp_path / "mix.png"
    words = ["--rows", "1-2", "--cols", "7,5,9", "--layers", "0,2-3", "--out", out]
    assert verb("mix", *words, "--resolution", 16) == 0
    assert capsys.readouterr().out == f"{out}\n"
    sheet = read_image(out)
    grey = to_uint8(sample_w(banded, range(10), 0.7)[:, 0])

    def bands(row, column):
        """The four greys of a cell, counted from the sheet's lower right corner."""
        bottom = sheet.shape[0] - (2 - row) * (16 + GAP)
        right = sheet.shape[1] - (3 - column) * (16 + GAP)
        return sheet[bottom - 16 : bottom : 4, right - 1, 0].tolist()

    for column, top in enumerate([7, 5, 9], start=1):
        assert bands(0, column) == [grey[top]] * 4
        for row, left in enumerate([1, 2], start=1):
            assert bands(row, 0) == [grey[left]] * 4
            assert bands(row, column) == [
                grey[[top, left, top, top][i]] for i in range(4)
            ]
    assert (np.array(bands(0, 0)) == 255).all()
    # Labels above the columns and at the left of the rows.
    assert sheet[: sheet.shape[0] - 3 * (16 + GAP)].min() < 128
    assert sheet[:, : sheet.shape[1] - 4 * (16 + GAP)].min() < 128
    assert len(banded.drawn) == 3 + 2 + 6


def test_a_projected_photo_takes_part(verb, banded, tmp_path):
    ws = np.linspace(-0.5, 0.5, 12, dtype=np.float32).reshape(1, 4, 3)
    np.savez(tmp_path / "anna.npz", w=ws)
    faces = ["--rows", tmp_path / "anna.npz", "3", "--cols", "4"]
    assert verb("mix", *faces, "--styles", "1", "--out", tmp_path / "mix.jpg") == 0
    mixed = banded.drawn[3]  # after the faces at the top and at the left
    np.testing.assert_array_equal(mixed[[0, 2, 3]], ws[0, [0, 2, 3]])
    np.testing.assert_array_equal(mixed[1], sample_w(banded, [4], 0.7)[0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layers", "2-4"], "--layers must be from 0 to 3, received '2-4'"),
        (["--layers", "3-2"], "--layers must look like 0-15,42, received '3-2'"),
        (["--layers", ""], "--layers must look like"),
        (["--rows", "a"], "--rows must look like 0-15,42, received 'a'"),
        (["--cols", "1,"], "--cols must look like"),
        (["--cols", "nobody.npz"], "--cols: nobody.npz: no such file"),
        (["--resolution", "12"], "resolution, received 12"),
        (["--noise-mode", "random"], "noise_mode, received 'random'"),
        (["--truncation-psi", "nan"], "truncation_psi must be a number"),
        (["--cols", "1-600"], "WEBP holds 16383 pixels a side at most, received 19232"),
        (["--out", "mix.gif"], "--out must end in one of .jpg, .jpeg, .png, .webp"),
    ],
)
def test_mistakes(mistake, words, message):
    given = {"--rows": "1-2", "--cols": "5", "--layers": "0-1", "--out": "never.webp"}
    given |= dict([words])
    assert message in mistake("mix", *sum(given.items(), ()))


@pytest.mark.slow
def test_the_embedded_teacher_takes_the_pose_from_the_column(teacher):
    from tf_fsgd.latents.faces import Face, faces_ws

    ws = faces_ws(teacher, [Face(8), Face(32)], 0.7)  # one looks aside, one at us
    mixed = mix(ws[:1], ws[1:], range(4))[0]
    left, right, cell = teacher.synthesis(np.concatenate([ws, mixed]), resolution=64)
    assert np.abs(cell - left).mean() > 0.05
    # Colours, which the late rows carry, stay those of the row's face.
    means = [image.mean(axis=(0, 1)) for image in (left, right, cell)]
    assert np.abs(means[2] - means[0]).max() < 0.5 * np.abs(means[2] - means[1]).max()
