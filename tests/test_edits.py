"""The table of edits: one parser, units and opposites, all by hand."""

import pytest

from tf_fsgd.edits import (
    EDITS,
    asked_for,
    axis_of,
    family_range,
    opposite,
    pair_strength,
    parse_edits,
    strengths_of,
    teacher_strength,
    teacher_unit,
)
from tf_fsgd.errors import UserError


def test_several_edits_with_strengths():
    assert parse_edits("smile") == {"smile": 1.0}
    assert parse_edits("smile", 0.5) == {"smile": 0.5}
    assert parse_edits(" smile = -0.8 , older ", 2.0) == {"smile": -0.8, "older": 2.0}
    assert parse_edits("dir/mine.npz=0.5") == {"dir/mine.npz": 0.5}
    assert parse_edits("smile=7", largest=10) == {"smile": 7.0}
    with pytest.raises(UserError, match="--units must look like .* 'smile=wide'"):
        parse_edits("smile=wide", argument="--units")


def test_the_only_edit_need_not_be_named():
    assert asked_for(None, None, ["smile"]) == {"smile": 1.0}
    assert asked_for(None, 0.5, ["a folder, with a comma"]) == {
        "a folder, with a comma": 0.5
    }
    assert asked_for("smile=0.2", 0.5, ["smile"]) == {"smile": 0.2}
    with pytest.raises(UserError, match="must be one or more of smile, frown"):
        asked_for(None, 1.0, ["smile", "frown"])


def test_the_table_is_whole():
    for name, edit in EDITS.items():
        assert edit.sign in (-1, 1) and edit.unit > 0
        if edit.reverses:
            other = EDITS[edit.reverses]
            assert (edit.attribute, edit.sign) == (other.attribute, -other.sign)
            # The axis has these, for both of its ends.
            assert edit.rows is None and not other.reverses
        assert family_range(name) == family_range(opposite(name))


def test_both_names_of_an_axis():
    assert axis_of("frown") == axis_of("smile") == "smile"
    assert axis_of("mouth") == "mouth" and axis_of("mine.npz") == "mine.npz"
    assert opposite("squint") == "eyes" and opposite("eyes") == "squint"
    assert opposite("mouth") == "not mouth" and opposite("not mouth") == "mouth"
    assert [family_range(edit) for edit in ("masculine", "frown", "mouth")] == [
        3.6,
        2.6,
        2.0,
    ]


def test_what_strength_1_is_where_the_teacher_draws():
    assert teacher_unit("feminine") == 1.6
    assert teacher_unit("feminine", head_only=True) == 3.0
    assert teacher_unit("brows") == 4.0
    assert teacher_unit("mine.npz") == teacher_unit("mine.npz", True) == 2.0
    assert teacher_strength("older", 0.5) == 1.5
    # Backwards it is the other edit, in its unit: 2.5 of younger.
    assert teacher_strength("older", -0.5) == -1.25
    assert teacher_strength("mouth", -0.5) == -2.0
    assert teacher_strength("mine.npz", -0.5) == -1.0


def test_pairs_of_what_the_classifier_is_never_certain_of():
    assert pair_strength("smile") == 2.0
    assert pair_strength("feminine", head_only=True) == 3.0
    assert pair_strength("mine.npz") == pair_strength("mine.npz", True) == 2.0
    with pytest.raises(UserError, match="edit squint: .* of Narrow_Eyes") as caught:
        pair_strength("squint")
    assert (
        "learn one of feminine, masculine, older, younger, smile, frown, mouth, "
        in (str(caught.value))
    )


def test_an_axis_with_one_end_goes_from_the_photo_to_the_edit():
    one = {"smile": 2.0}
    assert strengths_of({"smile": 1}, ["smile"], one).tolist() == [2.0]
    assert strengths_of({"smile": 0}, ["smile"], one).tolist() == [0.0]
    for strength in (-0.1, 1.1):
        with pytest.raises(UserError, match="strength of smile must be 0 to 1"):
            strengths_of({"smile": strength}, ["smile"], one)
    both = one | {"frown": 1.5}
    assert strengths_of({"smile": -1}, ["smile"], both).tolist() == [-1.5]
