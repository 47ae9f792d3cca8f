"""The index of a folder: what it is not is one clear line."""

from pathlib import Path

import numpy as np
import pytest

from tf_fsgd.errors import UserError
from tf_fsgd.pairs.index import Index, check_same, digest
from tf_fsgd.storage.files import read_json, write_json

MADE_BY = {"seed": 1, "resolution": 16}


@pytest.fixture
def folder(tmp_path):
    Index(MADE_BY, 4, 26).save(tmp_path)
    return tmp_path


def test_an_index_comes_back(folder):
    index = Index.load(folder)
    assert (index.made_by, index.held_out, index.count) == (MADE_BY, 4, 26)
    assert not index.earlier
    assert read_json(folder / "index.json")["format"] == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index.update(format=3), "unknown format 3"),
        (lambda index: index.pop("held_out"), "not an index of pairs"),
        (lambda index: index.pop("format"), "not an index of pairs"),
        (lambda index: index["made_by"].pop("seed"), r"not an .*KeyError\('seed'\)"),
        (lambda index: index.update(made_by=[]), "not an index of pairs"),
        (
            lambda index: index.update(count="26"),
            r"not an index of pairs \(count must be a whole number, received '26'\)",
        ),
        (lambda index: index.update(held_out=-1), "held_out must be a whole number"),
        (
            lambda index: index["made_by"].update(resolution=None),
            "resolution must be a whole number, received None",
        ),
    ],
)
def test_an_index_that_is_none(folder, change, message):
    values = read_json(folder / "index.json")
    change(values)
    write_json(folder / "index.json", values)
    for use in (Index.load, Index(MADE_BY, 4, 26).save):
        with pytest.raises(UserError, match=f"index.json: .*{message}"):
            use(folder)


def test_what_is_no_folder_of_pairs(tmp_path):
    with pytest.raises(UserError, match="index.json: no such file"):
        Index.load(tmp_path)
    write_json(tmp_path / "index.json", [])
    with pytest.raises(UserError, match="not an index of pairs"):
        Index.load(tmp_path)


def test_the_first_difference_is_named():
    here = {"a": 1, "b": [2.0], "c": 3}
    check_same(here, dict(here), Path("out"))
    with pytest.raises(UserError) as caught:
        check_same(here, {"a": 1, "b": [2.5]}, Path("out"))
    assert str(caught.value) == (
        "out: its pairs were made with b [2.0], this run asks for [2.5]; delete the "
        "folder or choose another"
    )


def test_a_digest_is_of_the_bytes():
    # printf 'ab' | sha256sum
    expected = "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb977b8b4d5903b85055620603"
    assert digest(np.frombuffer(b"a", np.uint8), np.frombuffer(b"b", np.uint8)) == (
        expected
    )
