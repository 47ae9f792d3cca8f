"""Goals, the slider and the ranking on numbers made by hand."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tf_fsgd.attributes.names import ATTRIBUTES
from tf_fsgd.evaluation.goals import (
    Goal,
    goals_of,
    measure,
    monotone,
    ranking,
    slider,
    strengths_of,
)
from tf_fsgd.evaluation.instruments import Change, Reading, outside_head

SMILING = ATTRIBUTES.index("Smiling")


def goal_of(edit):
    (goal,) = goals_of(SimpleNamespace(edits=(edit,)))
    return goal


def reading(smiling=(), male=(), age=()):
    count = max(len(smiling), len(male), len(age))
    probabilities = np.full((count, 40), 0.5)
    if len(smiling):
        probabilities[:, SMILING] = smiling
    return Reading(
        probabilities,
        np.array(male if len(male) else [0.5] * count),
        np.array(age if len(age) else [30.0] * count),
    )


def change(before, after, **values):
    count = len(before.age)
    defaults = {
        field.name: np.zeros(count)
        for field in dataclasses.fields(Change)
        if field.name not in ("before", "after")
    }
    defaults["features"] = np.zeros((count, 2))
    return Change(before, after, **(defaults | values))


def test_an_effect_is_read_in_the_edits_direction_by_the_right_network():
    read = reading(smiling=[0.9], male=[0.2], age=[40.0])
    effects = {
        edit: goal_of(edit).effect(read)[0]
        for edit in ("smile", "frown", "masculine", "feminine", "older", "younger")
    }
    assert effects == pytest.approx(
        {
            "smile": 0.9,
            "frown": 0.1,
            "masculine": 0.2,
            "feminine": 0.8,
            "older": 40,
            "younger": -40,
        }
    )
    assert goal_of("feminine").instrument == goal_of("older").instrument == "judge"
    assert goal_of("smile").instrument == "classifier"


def test_sources_are_those_who_lack_the_target():
    attributes = np.zeros((2, 40), bool)
    attributes[0, ATTRIBUTES.index("Young")] = True
    assert goal_of("younger").has_target(attributes).tolist() == [True, False]
    assert goal_of("older").has_target(attributes).tolist() == [False, True]


def test_directions_say_what_edits_are_for_where_names_do_not():
    translator = SimpleNamespace(edits=("a", "not a", "smile"), axes=("a", "smile"))
    directions = [SimpleNamespace(attribute="Bald", sign=-1)]
    goals = goals_of(translator, directions)
    assert [(goal.attribute, goal.sign) for goal in goals[:2]] == [
        ("Bald", -1),
        ("Bald", 1),
    ]
    assert goals[2].attribute is None and goals[2].unit is None
    assert not goals[2].has_target(np.ones((2, 40), bool)).any()


def test_a_known_name_is_not_taken_for_what_it_usually_means():
    usual, own = Goal("smile", "Smiling", 1), Goal("smile", "Bald", 1)
    assert (usual.sources, usual.reached) == ("those not smiling", "read as smiling")
    assert (own.sources, own.reached) == ("those without Bald", "read with Bald")


def test_strengths_beyond_1_are_for_those_who_have_them():
    both = SimpleNamespace(units={"smile": 2.0, "frown": 2.0})
    assert strengths_of(both, "smile") == (0, 0.25, 0.5, 0.75, 1, 1.5)
    fixed = SimpleNamespace(units={"smile": 2.0})
    assert strengths_of(fixed, "smile") == (0, 0.25, 0.5, 0.75, 1)


def test_without_an_effect_likeness_ranks_alone():
    same = reading(smiling=[0.0] * 3)
    (goal,) = goals_of(SimpleNamespace(edits=("a",), axes=("a",)), [])
    made = change(same, same, cosine=np.array([0.2, 0.9, 0.5]))
    assert ranking(goal, made).tolist() == [1, 2, 0]
    assert measure(goal, made, real=None)["effect"] is None


def test_measures_of_one_strength():
    made = change(
        reading(smiling=[0.1, 0.2, 0.4, 0.7]),
        reading(smiling=[0.6, 0.3, 0.9, 0.9]),
        pixels=np.array([1.0, 2, 3, 4]),
        blobs=np.array([0, 0, 2, 0]),
        cosine=np.array([0.9, 0.7, np.nan, 0.8]),
    )
    row = measure(goal_of("smile"), made, real=None)
    assert row["count"] == 4
    assert row["effect"]["moved"]["mean"] == pytest.approx(0.325)
    assert row["reached"]["share"] == 0.75 and row["reached_before"]["share"] == 0.25
    assert row["identity_cosine"]["count"] == 3
    assert row["identity_cosine"]["mean"] == pytest.approx(0.8)
    assert row["mean_absolute_pixel_change"]["mean"] == 2.5
    assert row["blobs_per_1000"]["mean"] == 500
    assert row["outputs_with_blobs"]["share"] == 0.25
    assert row["attributes_moved"]["Smiling"]["mean"] == pytest.approx(0.325)
    assert len(row["attributes_moved"]) == 40
    assert row["kernel_distance"] is None


def test_years_have_no_share_and_ages_no_sign():
    made = change(reading(age=[40.0, 50.0]), reading(age=[30.0, 46.0]))
    row = measure(goal_of("younger"), made, real=np.ones((3, 2)))
    assert row["effect"]["moved"]["mean"] == 7
    assert row["effect"]["before"]["mean"] == 45
    assert row["years_moved"]["mean"] == -7
    assert row["reached"] is None
    assert row["kernel_distance"]["value"] is None  # two faces are too few


def test_monotone_within_a_tolerance_of_the_highest_so_far():
    effects = np.array(
        [
            [0.0, 0.0, 0.0, 0.00],
            [0.5, 0.5, 0.5, 0.10],
            [0.5, 0.46, 0.4, 0.06],
            [0.9, 0.42, 0.9, 0.02],
        ]
    )
    # The third falls by 0.1; the second and fourth by less a step, yet in all by 0.08.
    assert monotone(effects, 0.05).tolist() == [True, False, False, False]
    assert monotone(effects, 0.081).tolist() == [True, True, False, True]


def test_slider_over_the_faces_that_every_strength_has():
    goal = goal_of("smile")
    before = reading(smiling=[0.1, 0.3, 0.2])
    first = before.of(np.arange(2))
    changes = {
        1.0: change(before, reading(smiling=[0.8, 0.2, 0.9])),
        0.0: change(first, first, pixels=np.array([0.2, 0.4])),
        0.5: change(first, reading(smiling=[0.5, 0.9])),
    }
    result = slider(goal, changes)
    assert result["strengths"] == [0.0, 0.5, 1.0]
    assert [row["mean"] for row in result["mean_moved"]] == pytest.approx(
        [0.0, 0.5, 0.3]
    )
    assert result["monotone"]["share"] == 0.5 and result["monotone"]["count"] == 2
    assert result["pixel_change_at_0"]["mean"] == pytest.approx(0.3)


def test_ranking_weighs_effect_and_likeness():
    before = reading(smiling=[0.0] * 4)
    after = reading(smiling=[0.9, 0.8, 0.2, 0.1])
    cosine = np.array([0.95, 0.6, 0.9, np.nan])
    made = change(before, after, cosine=cosine)
    assert ranking(goal_of("smile"), made).tolist() == [0, 1, 2, 3]
    unread = change(before, after, cosine=np.full(4, np.nan), lpips=1 - cosine[::-1])
    unread.lpips[0] = 1.0
    # Now the last of the four is the most alike, and the first the least.
    assert ranking(goal_of("smile"), unread)[-1] != 3


def test_outside_head_is_the_border_of_a_centred_head():
    outside = outside_head(256)
    assert outside.shape == (256, 256)
    np.testing.assert_array_equal(outside, outside[:, ::-1])
    assert outside[[0, 0, -1, -1], [0, -1, 0, -1]].all()
    assert not outside[100:180, 60:196].any()  # brows to chin, ear to ear
    # An ellipse of 0.40 by 0.52, the lowest part of which is below the picture.
    assert 0.34 < outside.mean() < 0.38


def test_what_celeba_has_no_name_for_nobody_reads():
    def facts(attribute):
        translator = SimpleNamespace(edits=("mine", "not mine"), axes=("mine",))
        return goals_of(translator, [SimpleNamespace(attribute=attribute, sign=1)])

    assert facts("freckles") == [Goal("mine"), Goal("not mine", sign=-1)]
    bangs = Goal("mine", "Bangs", 1), Goal("not mine", "Bangs", -1)
    assert tuple(facts("Bangs")) == bangs
