"""The list of test photos, and whom an edit is tried on."""

import numpy as np

from benchmarks.jury.photos import EDITS_TRIED, LIST, Photos, lacks
from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.storage.files import read_json


def test_the_list_has_as_many_as_it_should():
    listed = read_json(LIST)
    assert {
        edit: len(keys) for edit, keys in listed["sources"].items()
    } == dict.fromkeys(EDITS_TRIED, 120)
    sizes = {name: len(keys) for name, keys in listed["groups"].items()}
    assert sizes == {"beards": 113, "glasses": 44, "dark skin": 33, "over 60": 14}
    for keys in (listed["sources"] | listed["groups"]).values():
        assert len(set(keys)) == len(keys)
        assert set(keys) <= listed["people"].keys()


def test_who_lacks_what_an_edit_brings():
    attributes = np.zeros((2, 40), bool)
    attributes[0, ATTRIBUTES.index("Male")] = True
    np.testing.assert_array_equal(lacks(attributes, "feminine"), [True, False])
    np.testing.assert_array_equal(lacks(attributes, "masculine"), [False, True])
    np.testing.assert_array_equal(lacks(attributes, "older"), [False, False])
    np.testing.assert_array_equal(lacks(attributes, "frown"), [False, False])


def test_groups_follow_the_source_class_and_only_those_in_it():
    attributes = np.zeros((60, 40), bool)
    attributes[:40, ATTRIBUTES.index("Male")] = True
    photos = Photos(
        np.zeros((60, 1, 1, 3), np.uint8),
        np.arange(60),
        attributes,
        {"feminine": np.arange(36)},
        {"beards": np.arange(30, 50), "glasses": np.arange(34, 41)},
    )
    rows, places = photos.rows("feminine", 36)
    # A quarter of 36 of the beards, that is nine; of glasses there are too few men.
    assert list(rows) == list(range(39))
    assert list(places) == ["all", "beards"]
    np.testing.assert_array_equal(rows[places["beards"]], range(30, 39))
