"""Directions: found where they were planted, applied by hand, kept on disk."""

import numpy as np
import pytest

from tf_fsgd.discovery import from_labels
from tf_fsgd.discovery.survey import effects
from tf_fsgd.edits import EDITS, family_range, opposite
from tf_fsgd.errors import UserError
from tf_fsgd.latents.axes import family_axes, family_axis
from tf_fsgd.latents.directions import Direction, load_direction


def direction(**changes):
    vector = np.zeros(512, np.float32)
    vector[3] = 1
    values = dict(
        name="test",
        vector=vector,
        std=2.0,
        layers=[0, 2],
        attribute="Smiling",
        sign=1,
        reading_vector=vector,
        reading_bias=-1.0,
    )
    return Direction(**values | changes)


def planted(count=4_000, seed=0):
    """w whose coordinate 3 decides an attribute, and partly coordinate 5 another."""
    w = np.random.default_rng(seed).normal(size=(count, 512)).astype(np.float32)
    return w, 1 / (1 + np.exp(-6 * w[:, 3])), 1 / (1 + np.exp(-6 * (w[:, 5] + w[:, 3])))


def test_an_edit_moves_its_layers_by_standard_deviations():
    ws = np.zeros((2, 3, 512), np.float32)
    moved = direction().edit(ws, np.array([1.0, -0.5]))
    assert moved[:, :, 3].tolist() == [[2, 0, 2], [-1, 0, -1]]
    assert np.count_nonzero(moved) == 4
    assert not ws.any()
    with pytest.raises(
        UserError, match="moves row 2 of W., the teacher has rows 0 to 1"
    ):
        direction().edit(ws[:, :2], 1.0)


def test_rows_with_a_vector_of_their_own():
    ws = np.zeros((1, 3, 512), np.float32)
    vector = np.zeros((2, 512), np.float32)
    vector[0, 1], vector[1, 4] = 1, -1
    rows = direction(vector=vector)
    moved = rows.edit(ws, 0.5)
    assert (moved[0, 0, 1], moved[0, 2, 4]) == (1, -1)
    assert np.count_nonzero(moved) == 2
    first = rows.for_rows(2)
    assert first.layers == [0]
    np.testing.assert_array_equal(first.edit(ws, 0.5)[0, 0], moved[0, 0])
    assert direction().for_rows(1).layers == [0]
    with pytest.raises(UserError, match="moves rows from 2 of W., the teacher has"):
        direction(layers=[2]).for_rows(2)
    with pytest.raises(UserError, match="of 512 dimensions, the teacher's W has 8"):
        rows.edit(np.zeros((1, 3, 8)), 1.0)


def test_directions_know_the_w_they_were_found_in():
    found = direction(facts={"teacher": "mobile-ffhq"})
    assert not found.found_elsewhere("mobile-ffhq")
    assert not found.found_elsewhere("stylegan2-ffhq-config-f")
    assert found.found_elsewhere("stylegan2-ffhq-config-e")
    assert not direction().found_elsewhere("anything")


def test_reading_is_high_where_the_edit_has_work_to_do():
    w = np.zeros((2, 512), np.float32)
    w[1, 3] = 2
    # logit -1 and +1 of smiling; an edit that adds a smile wants those without one.
    np.testing.assert_allclose(direction().reading(w), [0.731, 0.269], atol=1e-3)
    np.testing.assert_allclose(direction(sign=-1).reading(w), [0.269, 0.731], atol=1e-3)


def test_the_opposite_edit():
    opposite = direction().reversed("back")
    assert opposite.name == "back"
    assert opposite.sign == -1
    np.testing.assert_array_equal(opposite.vector, -direction().vector)


@pytest.mark.parametrize("method", from_labels.METHODS)
def test_both_methods_find_what_was_planted(method):
    w, probability, _ = planted()
    masks = from_labels.certain(probability, 0.9)
    find = {
        "centres": from_labels.mean_direction,
        "logistic": from_labels.logistic_direction,
    }[method]
    vector = find(w, *masks)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    # 512 coordinates of noise from some 2,800 faces leave a little beside it.
    assert vector[3] > 0.9


def test_orthogonalised_takes_the_other_out():
    w, probability, other = planted()
    vector = from_labels.mean_direction(w, *from_labels.certain(other, 0.9))
    rest = from_labels.orthogonalised(
        vector, [from_labels.mean_direction(w, *from_labels.certain(probability, 0.9))]
    )
    assert vector[3] > 0.6
    assert abs(rest[3]) < 0.15
    assert rest[5] > 0.9
    with pytest.raises(UserError, match="nothing of the direction is left"):
        from_labels.orthogonalised(vector, [vector])


def test_the_uncertain_are_dropped():
    probability = np.concatenate([np.full(60, 0.95), np.full(70, 0.5), np.zeros(80)])
    present, absent = from_labels.certain(probability, 0.9)
    assert (present.sum(), absent.sum()) == (60, 80)
    with pytest.raises(UserError, match="found 0 with the attribute and 80 without"):
        from_labels.certain(probability, 0.99)


def test_saved_and_loaded(tmp_path):
    saved = direction(facts={"samples": 3})
    saved.save(tmp_path / "mine.npz")
    loaded = load_direction(str(tmp_path / "mine.npz"))
    assert loaded.name == "mine"
    assert loaded.facts == {"samples": 3}
    np.testing.assert_array_equal(loaded.vector, saved.vector)
    assert (loaded.std, loaded.layers, loaded.sign) == (2.0, [0, 2], 1)


@pytest.mark.parametrize("name", EDITS)
def test_shipped_directions_state_their_facts(name):
    shipped = load_direction(name)
    assert shipped.attribute == EDITS[name].attribute
    assert shipped.sign == EDITS[name].sign
    rows = np.atleast_2d(shipped.vector)
    assert np.mean(np.sum(rows**2, axis=1)) == pytest.approx(1, abs=1e-5)
    facts = shipped.facts
    assert facts["samples"] >= 10_000
    assert facts["linear_reading_accuracy"] > 0.8
    assert {"method", "command", "teacher", "moves", "share_with_attribute"} <= set(
        facts
    )
    # Hardly anything moves more than what is wanted (grey hair, for "older").
    assert shipped.attribute in list(facts["moves"])[:2]


def test_unknown_and_broken_directions_are_refused(tmp_path):
    with pytest.raises(UserError, match="edit must be one of feminine.*'ears'"):
        load_direction("ears")
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(UserError, match="not a direction"):
        load_direction(str(broken))


def test_effects_by_hand():
    names = ["Smiling", "Male"]
    # Logits 0 and +4 of the first, 0 and -1 of the second, over strengths 0 and 2.
    logits = np.array([[[0.0, 0.0]], [[4.0, -1.0]]])
    probabilities = 1 / (1 + np.exp(-logits))
    facts = effects(probabilities, [0, 2], names, "Smiling", np.array([2.0, 1.0]))
    assert facts["moves"] == {"Smiling": 1.0, "Male": -0.5}
    assert facts["share_with_attribute"] == {"+0": 0.0, "+2": 1.0}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("no archive"),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: path.write_bytes(b"\x93NUMPY" + path.read_bytes()),
        lambda path: np.savez(path, vector=np.zeros(512)),
        lambda path: direction(vector=np.zeros(3)).save(path),
        lambda path: direction(vector=np.zeros((3, 512))).save(path),
        lambda path: direction(vector=np.full(512, np.nan)).save(path),
        lambda path: direction(reading_vector=np.float32(1)).save(path),
        lambda path: direction(std=np.ones(3)).save(path),
    ],
    ids="text cut head other short rows nan reading number".split(),
)
def test_what_is_no_direction_is_one_line(tmp_path, spoil):
    path = tmp_path / "mine.npz"
    direction().save(path)
    assert load_direction(str(path)).name == "mine"
    spoil(path)
    with pytest.raises(UserError, match="mine.npz: not a direction") as caught:
        load_direction(str(path))
    assert "\n" not in str(caught.value)


def test_an_array_under_the_suffix_of_an_archive(tmp_path):
    with open(tmp_path / "mine.npz", "wb") as file:
        np.save(file, np.zeros(512))
    with pytest.raises(UserError, match="mine.npz: not a direction"):
        load_direction(str(tmp_path / "mine.npz"))


def test_opposites_are_the_same_axis():
    pairs = [(edit, opposite(edit)) for edit in EDITS if opposite(edit) in EDITS]
    assert len(pairs) == 8
    for edit, other in pairs:
        assert opposite(other) == edit
        one, back = load_direction(edit), load_direction(other)
        np.testing.assert_array_equal(one.vector, -back.vector)
        assert (one.attribute, one.sign) == (back.attribute, -back.sign)


@pytest.mark.parametrize("edit", ["feminine", "masculine"])
def test_either_end_of_an_axis_moves_the_rows_of_families(edit):
    axis, largest = family_axis(edit)
    assert axis.layers == [3, 4, 5, 6, 7, 8, 9]
    assert largest == family_range(edit) == 3.6
    # Nothing but the rows is another than the shipped direction's.
    shipped = load_direction(edit)
    np.testing.assert_array_equal(axis.vector, shipped.vector)
    assert (axis.name, axis.std, axis.sign) == (edit, shipped.std, shipped.sign)
    moved = axis.edit(np.zeros((1, 18, 512)), 1.0)
    assert np.abs(moved[0]).any(axis=1).tolist() == [3 <= row <= 9 for row in range(18)]


def test_an_axis_of_ones_own(tmp_path):
    direction().save(tmp_path / "mine.npz")
    axis, largest = family_axis(str(tmp_path / "mine.npz"))
    assert (axis.layers, largest) == ([0, 2], 2.0)


def test_axes_in_the_order_asked_for():
    axes = family_axes(("smile", "masculine"))
    assert [axis.name for axis, _ in axes] == ["smile", "masculine"]
    assert [largest for _, largest in axes] == [2.6, 3.6]
    with pytest.raises(UserError, match="one end of an axis, received frown and smile"):
        family_axes(("frown", "older", "smile"))
    with pytest.raises(UserError, match="edit must be one of .* received 'ears'"):
        family_axes(("smile", "ears"))
