"""NumPy's archives: whole, or one line, whatever has happened to the file."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.latents.directions import Direction, load_direction
from tf_fsgd.latents.faces import read_ws
from tf_fsgd.latents.samples import read_samples
from tf_fsgd.projection.state import ProjectionState, load_state
from tf_fsgd.storage.archives import (
    INTEGERS,
    NUMBERS,
    TEXT,
    check_zip,
    read_array,
    read_arrays,
    write_arrays,
)

ARRAYS = {
    "block/kernel": np.arange(12, dtype=np.float16).reshape(3, 4),
    "seen": np.int64(7),
    "name": np.array("Smiling"),
}


def damages(whole: bytes, every: int):
    """The file with a byte changed, or cut off."""
    for place in range(0, len(whole), every):
        for change in (1, 0x40, 0xFF):
            data = bytearray(whole)
            data[place] ^= change
            yield bytes(data)
    for share in range(16):
        yield whole[: len(whole) * share // 16]


@pytest.mark.parametrize("compressed", [False, True])
def test_any_damage_is_harmless_or_one_line(tmp_path, compressed):
    path = tmp_path / "a.npz"
    write_arrays(path, ARRAYS, compressed)
    refused = 0
    for data in damages(path.read_bytes(), 3):
        path.write_bytes(data)
        try:
            found = read_arrays(path, "a test")
        except UserError as error:
            refused += 1
            assert str(error).startswith(f"{path}: not a test (")
            assert "\n" not in str(error)
            continue
        assert found.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(found[name], array)
    assert refused > 100


@pytest.fixture
def teacher():
    """Of four rows of three numbers, as `read_ws` needs it."""
    return SimpleNamespace(num_ws=4, w_avg=np.zeros(3), name="a teacher")


def save_direction(path):
    line = np.arange(4, dtype=np.float32)
    Direction("a", line, 1.0, [0, 1], "Smiling", 1, line, 0.5).save(path)
    path.with_suffix(".json").unlink()


def save_state(path):
    rows = np.ones((1, 4), np.float32)
    ProjectionState(3, rows, rows, rows, rows[None]).save(path, {"seed": 3})


READERS = {
    "direction": (save_direction, lambda path, _: load_direction(str(path)).vector),
    "latent": (lambda path: np.savez(path, w=np.ones(3)), read_ws),
    "projection": (save_state, lambda path, _: load_state(path, {"seed": 3}).trail),
}


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_is_that_reader(tmp_path, teacher, kind):
    path = tmp_path / "a.npz"
    write, read = READERS[kind]
    write(path)
    expected = read(path, teacher)
    for data in damages(path.read_bytes(), 13):
        path.write_bytes(data)
        try:
            found = read(path, teacher)
        except UserError as error:
            assert str(path) in str(error) and "\n" not in str(error)
            continue
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ({"gone": (NUMBERS, None)}, "gone is missing"),
        ({"name": (NUMBERS, ())}, "name must be numbers, received <U7"),
        ({"block/kernel": (INTEGERS, None)}, "must be integers, received float16"),
        ({"seen": (TEXT, ())}, "seen must be text, received int64"),
        ({"block/kernel": (NUMBERS, (None, 5))}, r"of shape \[N, 5\], received \[3, 4"),
        ({"block/kernel": (NUMBERS, (12,))}, r"of shape \[12\], received \[3, 4\]"),
        ({"nan": (NUMBERS, (2,))}, "nan must be finite numbers"),
    ],
)
def test_what_is_needed_is_checked(tmp_path, need, reason):
    path = tmp_path / "a.npz"
    write_arrays(path, ARRAYS | {"nan": np.array([0, np.nan])})
    good = {"block/kernel": (NUMBERS, (None, 4)), "seen": (INTEGERS, ())}
    assert read_arrays(path, "a test", good)["seen"] == 7
    with pytest.raises(UserError, match=rf"a\.npz: not a test \(.*{reason}.*\)$"):
        read_arrays(path, "a test", good | need)


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{}]))
    with pytest.raises(UserError, match="Object arrays cannot be loaded"):
        read_arrays(path, "a test")
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        write_arrays(path.with_name("b.npz"), {"a": np.array([{}])})
    assert list(tmp_path.iterdir()) == [path]


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.npz: no such file"):
        read_arrays(tmp_path / "none.npz", "a test")
    with pytest.raises(UserError, match="expected a file, found a folder"):
        read_arrays(tmp_path, "a test")


def test_a_head_that_claims_too_much(tmp_path):
    """With a right checksum: 2 ** 60 numbers, and a head that is no Python."""
    for shape, head in (("(1152921504606846976,)", "}"), ("((((((((", "")):
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, {head}"
        member = io.BytesIO()
        member.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little"))
        member.write(text.encode() + b"\x00" * 8)
        path = tmp_path / "a.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w.npy", member.getvalue())
        with pytest.raises(UserError, match="not a test"):
            read_arrays(path, "a test")


def test_single_arrays(tmp_path):
    """Chunks of faces, which have no checksum: a cut or a broken head is one line."""
    path = tmp_path / "faces-000000.npy"
    np.save(path, np.zeros((250, 2, 2, 3), np.uint8))
    assert next(read_samples(tmp_path, 3)).shape == (3, 2, 2, 3)
    whole = path.read_bytes()
    for data in (b"", whole[:60], whole[:-1], whole.replace(b"250", b"251")):
        path.write_bytes(data)
        with pytest.raises(UserError, match="000.npy: .*; delete it to draw them"):
            next(read_samples(tmp_path, 3))
    for place in range(128):
        path.write_bytes(whole[:place] + b"(" + whole[place + 1 :])
        try:
            assert not read_array(path, "a test", (NUMBERS, None)).any()
        except UserError as error:
            assert "\n" not in str(error)


def test_zip_archives_of_others(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(list(range(50))))
    check_zip(path, "a Keras file")
    whole = path.read_bytes()
    for place in range(45, 60):  # inside of the packed member
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        with pytest.raises(UserError, match="a.keras: not a Keras file"):
            check_zip(path, "a Keras file")
