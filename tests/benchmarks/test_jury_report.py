"""The report's order, marks and chart."""

import numpy as np
import pytest

from benchmarks.jury.measure import Trial
from benchmarks.jury.report import (
    TEACHER,
    bearded,
    chart,
    groups_table,
    monotone,
    numbers,
    table,
)


def trial(edit: str, kind: str, moved: dict[str, float], identity: float) -> Trial:
    """Ten faces, all read as 0, at the strengths 1 and 2."""
    keys = {f"{network} {kind}": value for network, value in moved.items()}
    return Trial(
        edit,
        np.array([1.0, 2.0]),
        {key: np.zeros(10) for key in keys},
        {key: np.outer([value / 2, value], np.ones(10)) for key, value in keys.items()},
        {
            name: np.outer([(1 + identity) / 2, identity], np.ones(10))
            for name in ("faceres", "dlib")
        },
    )


@pytest.fixture
def of_both() -> dict:
    people = np.arange(10) // 2
    ours = {"faceres": 8.0, "gear": 9.0, "judge40": 0.2}
    theirs = {"faceres": 10.0, "gear": 18.0, "judge40": 0.9}
    return {
        "ours": numbers(trial("older", "age", ours, 0.78), people, 1.0),
        TEACHER: numbers(trial("older", "age", theirs, 0.56), people),
    }


def test_numbers_of_a_curve(of_both):
    ours, teacher = of_both["ours"], of_both[TEACHER]
    assert (ours["faces"], ours["people"]) == (10, 5)
    assert ours["strengths"] == [0.0, 1.0, 2.0]
    assert ours["identity"]["dlib"] == [1.0, 0.89, 0.78]
    assert ours["effect"]["faceres"] == [0.0, 4.0, 8.0]
    assert ours["full"] == {
        "identity": {"faceres": 0.89, "dlib": 0.89},
        "effect": {"faceres": 4.0, "gear": 4.5, "judge40": 0.1},
    }
    # Half of the teacher's way down: half of its years.
    row = teacher["at"]["faceres"]["0.78"]["gear"]
    assert row == {"effect": 9.0, "low": 9.0, "high": 9.0, "reached": True}
    assert not ours["at"]["faceres"]["0.75"]["gear"]["reached"]


def test_the_least_favourable_network_stands_first_and_the_judge_in_brackets(of_both):
    head, titles, ours, shares, teacher, *by_dlib = table("older", of_both).splitlines()
    assert head == "older: 10 faces of 5 people"
    # faceres has 8 of 5 years, gear 9 of 9, judge40 0.2 of 0.45.
    assert titles.split()[-3:] == ["gear", "faceres", "(judge40)"]
    assert "1 is at 0.89" in ours
    assert "+9.0 (+9.0..+9.0)" in ours
    assert shares.split()[-3:] == ["100%", "160%", "44%"]
    assert "+5.0 (+5.0..+5.0)" in teacher
    assert by_dlib[0].split()[:5] == ["identity", "0.78", "by", "dlib", "gear"]


def test_a_fall_that_is_no_grain_is_counted(of_both):
    # Means 0, 2, 4 and 3.9; a twentieth of 4 is 0.2.
    rising, grainy, falling = [0, 2, 4, 6], [0, 2, 4, 3.81], [0, 2, 4, 1.89]
    effect = np.array([rising, grainy, falling]).T
    assert monotone(effect) == pytest.approx(2 / 3, abs=1e-3)
    assert monotone(-effect) == 0
    assert of_both["ours"]["monotone"] == {"faceres": 1, "gear": 1, "judge40": 1}
    *_, titles, ours, teacher = table("older", of_both).splitlines()
    assert titles.split()[:3] == ["stronger,", "never", "weaker"]
    assert ours.split()[-3:] == teacher.split()[-3:] == ["100%"] * 3


def test_a_curve_that_ends_above_the_identity_is_marked(of_both):
    of_both["ours"]["at"]["faceres"]["0.78"] = of_both["ours"]["at"]["faceres"]["0.75"]
    assert ">+9.0" in table("older", of_both)


def test_groups_stand_below_the_whole(of_both):
    lines = groups_table("older", "ours", of_both["ours"], {"beards": of_both["ours"]})
    assert "beards, 10 of 5" in lines
    assert lines.count("gear +9.0") == 2
    assert "judge40" not in lines


def test_beards_before_and_at_one_strength():
    readings = trial("feminine", "beard", {"judge40": 1.0}, 0.8)
    readings.before["judge40 beard"][:5] = 1.0
    assert bearded(readings, 0) == {"before": 0.5, "after": 0.0}
    assert bearded(readings, 1) == {"before": 0.5, "after": 1.0}


def test_the_chart_is_a_picture(tmp_path, of_both):
    chart(tmp_path / "a.png", {"older": of_both})
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
