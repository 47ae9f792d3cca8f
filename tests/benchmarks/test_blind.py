"""Sheets with a key apart, and what looks at them are worth."""

import numpy as np
import pytest

from benchmarks.blind import lay_out, numbers, score
from tf_fsgd.errors import UserError
from tf_fsgd.images.io import read_image
from tf_fsgd.storage.files import read_json

KEY = {"1": "smile output", "2": "smile photo", "3": "smile output", "4": "smile photo"}


def test_sheets_have_every_picture_and_no_name(tmp_path):
    pictures = [np.full((16, 16, 3), shade, np.uint8) for shade in range(0, 250, 10)]
    lay_out(tmp_path / "looks", pictures, ["smile output"] * 25)
    names = sorted(path.name for path in (tmp_path / "looks").iterdir())
    assert names == ["key.json", "sheet-01.png", "sheet-02.png"]
    last = read_image(tmp_path / "looks" / "sheet-02.png")
    assert (last == 240).all(axis=2).sum() >= 16 * 16
    assert read_json(tmp_path / "looks" / "key.json")["25"] == "smile output"


def test_shares_are_of_each_kind_by_each_look():
    header, outputs, photos = score(KEY, {"anna": {1, 3, 4}, "ben": set()}).splitlines()
    assert header.split() == ["damaged", "anna", "ben"]
    assert outputs.split() == ["smile", "output,", "2", "100%", "0%"]
    assert photos.split() == ["smile", "photo,", "2", "50%", "0%"]


def test_a_look_is_a_text_of_numbers(tmp_path):
    look = tmp_path / "anna.txt"
    look.write_text("3, 14\n15\n")
    assert numbers(look) == {3, 14, 15}
    look.write_text("3 all")
    with pytest.raises(UserError, match="anna.txt: must hold numbers of pictures"):
        numbers(look)
    with pytest.raises(UserError, match="ben.txt: no such file"):
        numbers(tmp_path / "ben.txt")


def test_a_number_that_no_picture_has_is_refused():
    with pytest.raises(UserError, match="anna: there is no picture 5"):
        score(KEY, {"anna": {1, 5}})
    with pytest.raises(UserError, match="one look or more, received none"):
        score(KEY, {})
