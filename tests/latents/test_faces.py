"""Faces that a user names: seeds and files, and what is no face."""

from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.latents.faces import Face, faces_ws, parse_faces, read_ws


def test_seeds_and_files_keep_their_order(tmp_path):
    np.savez(tmp_path / "anna.npz", w=np.zeros(3))
    faces = parse_faces(["3,17", str(tmp_path / "anna.npz"), "5-6"], "--seeds")
    assert [face.label for face in faces] == ["3", "17", "anna", "5", "6"]
    assert faces[2] == Face(tmp_path / "anna.npz")
    for word, message in {
        "x": "--rows must look like 0-15,42, received 'x'",
        "gone.NPZ": "--rows: gone.NPZ: no such file",
    }.items():
        with pytest.raises(UserError, match=message):
            parse_faces(["1", word], "--rows")


@pytest.mark.parametrize("shape", [(1, 4, 3), (4, 3)])
@pytest.mark.parametrize("key", ["w", "ws"])
def test_a_latent_of_many_rows(tmp_path, banded, shape, key):
    values = np.arange(12, dtype=np.float64)
    np.savez(tmp_path / "a.npz", **{key: values.reshape(shape)})
    ws = read_ws(tmp_path / "a.npz", banded)
    assert ws.dtype == np.float32
    np.testing.assert_array_equal(ws, values.reshape(4, 3))


@pytest.mark.parametrize("shape", [(3,), (1, 3)])
def test_a_latent_of_one_row_is_every_row(tmp_path, banded, shape):
    np.savez(tmp_path / "a.npz", w=np.array([1, 2, 3.0]).reshape(shape))
    assert read_ws(tmp_path / "a.npz", banded).tolist() == [[1, 2, 3]] * 4


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("none"), "not an .npz file with an array w"),
        (lambda path: path.write_bytes(b""), "not an .npz file with an array w"),
        (lambda path: path.write_bytes(b"PK\x03\x04 cut off"), "not an .npz file"),
        (lambda path: path.write_bytes(b"\x93NUMPY"), "not an .npz file"),
        (lambda path: np.savez(path, x=np.zeros(3)), "not an .npz file with an array"),
        (lambda path: np.savez(path, w=np.array([{}])), "not an .npz file with an"),
        (lambda path: np.savez(path, w=np.array(["a"])), "not an .npz file with an"),
        (
            lambda path: np.savez(path, w=np.zeros((1, 18, 3))),
            r"w must be of shape \[4, 3\] for banded, received \[18, 3\]",
        ),
        (lambda path: np.savez(path, w=np.zeros((2, 4, 3))), r"received \[2, 4, 3\]"),
        (lambda path: np.savez(path, w=np.zeros(())), r"received \[\]"),
        (lambda path: np.savez(path, w=np.full((4, 3), np.nan)), "finite numbers"),
    ],
)
def test_what_is_no_latent(tmp_path, banded, write, message):
    path = tmp_path / "a.npz"
    write(path)
    with pytest.raises(UserError, match=message) as caught:
        read_ws(path, banded)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_truncation_is_for_seeds(tmp_path, banded):
    np.savez(tmp_path / "a.npz", w=np.ones(3))
    faces = [Face(Path(tmp_path / "a.npz")), Face(3)]
    ws = faces_ws(banded, faces, 0.0)
    np.testing.assert_array_equal(ws[0], np.ones((4, 3)))
    np.testing.assert_array_equal(ws[1], np.tile(banded.w_avg, (4, 1)))
