"""The report of a translator of one fixed edit, whose effect is known by hand."""

import keras
import numpy as np
import pytest

from tf_fsgd.evaluation.report import Supplement, evaluate
from tf_fsgd.evaluation.study import HELD_OUT, TRANSLATED
from tf_fsgd.evaluation.tables import console_table
from tf_fsgd.images.io import read_image
from tf_fsgd.latents.directions import Direction
from tf_fsgd.pairs.family import Family
from tf_fsgd.pix2pixhd.blend import with_strength
from tf_fsgd.translator.translator import Translator

SIZE = 32


class Pairs:
    """Men of 60 to 78, and the same by 40 levels brighter, at one strength of 3."""

    count, resolution = 19, SIZE

    def __init__(self, faces):
        self._faces = faces

    def family(self, index):
        condition = np.array([[-1], [2]], np.float32)
        return Family(
            index, np.zeros(512), condition, self._faces(60 + index, 100 + index)
        )


@pytest.fixture(scope="module")
def fixed():
    """Adds 0.4 to images in [-1, 1], 51 of 255, at its one strength."""
    image = keras.Input((SIZE, SIZE, 3))
    output = keras.layers.Rescaling(1.0, 0.4)(image)
    network = with_strength(keras.Model(image, output), SIZE, 3.0)
    return Translator("run", network, SIZE, ("feminine",), {"feminine": 3.0})


def direction(attribute, sign):
    vector = np.eye(1, 512, dtype=np.float32)[0]
    return Direction("mine", vector, 1.0, [0], attribute, sign, vector, 0.0)


def test_one_fixed_edit_is_tried_as_far_as_it_goes(
    fixed, instruments, faces, photos, tmp_path
):
    pairs = Supplement(families=Pairs(faces))
    report = evaluate(fixed, photos(), instruments, out=tmp_path, supplement=pairs)
    (feminine,) = report["edits"].values()
    assert list(feminine["strengths"]) == ["0", "0.25", "0.5", "0.75", "1"]
    assert report["outputs"]["count"] == 5 * 4
    full = feminine["strengths"]["1"]
    # 60, 70, 80 and 100 become 111, 121, 131 and 151.
    assert full["reached"] == {"count": 4, "share": 0.5, "low": 0.0, "high": 1.0}
    moved = [row["mean"] for row in feminine["slider"]["mean_moved"]]
    assert moved == [0, 0, 0, 0.25, 0.5]
    # All four women are bright, and stay women.
    assert full["turned_back"]["count"] == 4 and full["turned_back"]["share"] == 0
    wanted, translated = (feminine["beside"][of] for of in (HELD_OUT, TRANSLATED))
    assert feminine["held_out_mean_strength"] == 1
    assert wanted["mean_absolute_pixel_change"]["mean"] == pytest.approx(40)
    assert translated["mean_absolute_pixel_change"]["mean"] == pytest.approx(51)
    # 11 levels too bright, of the 40 that were wanted; a change without any detail.
    assert feminine["drawn"]["missing_l1"] == pytest.approx(11 / 40)
    assert set(feminine["drawn"]["octaves"].values()) == {None}
    assert "from the photo to strength 1." in page_of(tmp_path).lower()


def page_of(folder):
    return (folder / "report.html").read_text()


def test_those_who_have_it_already_may_be_turned_back(
    fixed, instruments, photos, tmp_path
):
    # Brighter is a woman: whom "masculine" finds among men it turns back.
    strange = Translator("run", fixed.network, SIZE, ("masculine",), {"masculine": 3.0})
    report = evaluate(strange, photos(), instruments, out=tmp_path)
    full = report["edits"]["masculine"]["strengths"]["1"]
    assert full["turned_back_before"]["share"] == 0
    assert full["turned_back"] == {"count": 4, "share": 0.5, "low": 0.0, "high": 1.0}
    assert full["moved_of_those_who_have_it"]["mean"] == -0.5
    page = " ".join(page_of(tmp_path).split())
    assert "Of 4 who have it already 50 % (0 to 100) are turned back" in page
    assert "Turned back (%)" in console_table(report)


def test_before_and_after_show_input_output_and_what_was_wanted(
    fixed, instruments, faces, photos, tmp_path
):
    pairs = Supplement(families=Pairs(faces))
    evaluate(fixed, photos(), instruments, out=tmp_path, supplement=pairs)
    grid = read_image(tmp_path / "before_after.jpg")
    # Of 19 pairs two blocks of 8; 2 px between pictures.
    assert grid.shape[0] == 6 * SIZE + 5 * 2
    middle = grid[[16, 50, 84], -16].mean(axis=1)  # the eighth: 67, 67 + 51, 67 + 40
    np.testing.assert_allclose(middle, [67, 118, 107], atol=3)
    assert (tmp_path / "before_after.gif").stat().st_size > 0


def test_of_ones_own_direction_the_file_says_what_it_is_for(
    fixed, instruments, photos, tmp_path
):
    name = "mine"
    own = Translator("run", fixed.network, SIZE, (name,), {name: 3.0})
    directions = [direction("Smiling", -1)]
    report = evaluate(own, photos(), instruments, out=tmp_path, directions=directions)
    values = report["edits"][name]
    assert (values["attribute"], values["present"]) == ("Smiling", False)
    assert values["sources"] == "those with Smiling"
    # Brightness is the smile: 150, 170, 190 and 210 of 255 become 201, ..., 255.
    assert values["strengths"]["1"]["effect"]["moved"]["mean"] < -0.15


def test_of_pairs_that_nobody_explains_the_change_is_reported(
    fixed, instruments, faces, photos, tmp_path
):
    # The folder's name is an edit's, which says nothing of what is in it.
    supplement = Supplement(families=Pairs(faces))
    own = Translator("run", fixed.network, SIZE, ("smile",), {"smile": 3.0})
    report = evaluate(
        own, photos(), instruments, out=tmp_path, directions=[], supplement=supplement
    )
    values = report["edits"]["smile"]
    full = values["strengths"]["1"]
    assert values["attribute"] is None and values["sources"] == "everybody"
    assert full["count"] == 8 and full["effect"] is None and full["reached"] is None
    # The brightest, 210, ends at 255.
    change = full["mean_absolute_pixel_change"]["mean"]
    assert change == pytest.approx((7 * 51 + 45) / 8)
    assert full["identity_cosine"]["mean"] == pytest.approx(1 - change / 255, abs=1e-3)
    assert values["slider"]["monotone"]["count"] == 0
    assert set(values["beside"]) == {HELD_OUT, TRANSLATED}
    page = " ".join(page_of(tmp_path).split())
    assert "so there is no effect to read" in page
    assert "Effect" not in console_table(report) and "50.2" in console_table(report)
    assert (tmp_path / "before_after.jpg").is_file()
