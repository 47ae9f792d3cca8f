import numpy as np

from tf_fsgd.exporting.cases import Cases
from tf_fsgd.images.io import to_float


def test_every_photo_with_every_edit(sliders, photos):
    cases = Cases.of(photos[:2], sliders)
    # None, four edits and both axes at once.
    assert cases.edits == ["", "feminine", "masculine", "smile", "frown", ""] * 2
    assert cases.which.tolist() == [0] * 6 + [1] * 6
    expected = [[0, 0], [2.5, 0], [-2, 0], [0, 1.5], [0, -1], [2.5, 1.5]]
    np.testing.assert_array_equal(cases.strengths, expected * 2)


def test_inputs_are_batches_of_one(sliders, photos):
    cases = Cases.of(photos[:2], sliders)
    last = list(cases.inputs())[-1]
    np.testing.assert_array_equal(last["image"], to_float(photos[1:2]))
    np.testing.assert_array_equal(last["strengths"], [[2.5, 1.5]])


def test_a_fixed_edit_is_compared_at_both_ends(fixed, photos):
    cases = Cases.of(photos[:2], fixed)
    assert cases.edits == ["", "smile"] * 2
    assert cases.strengths.tolist() == [[0], [2]] * 2


def test_some_take_photos_and_edits_alike(sliders, photos):
    cases = Cases.of(photos, sliders)  # 4 photos, 6 strengths
    some = cases.at(cases.some(6))
    assert set(some.which) == {0, 1, 2, 3}
    assert len(set(map(tuple, some.strengths))) >= 4
    assert cases.some(None).tolist() == list(range(24))
    assert cases.some(99).tolist() == list(range(24))
    assert len(set(cases.some(23))) == 23
