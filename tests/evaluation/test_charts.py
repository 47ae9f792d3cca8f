"""Charts read back from their SVG."""

import xml.etree.ElementTree as ElementTree

import pytest

from tf_fsgd.evaluation.charts import bars, curve


def means(*values, half=0.0):
    return [{"mean": v, "low": v - half, "high": v + half} for v in values]


def parsed(svg):
    root = ElementTree.fromstring(svg)
    width, height = map(float, root.get("viewBox").split()[2:])
    return root, width, height


def test_a_curve_rises_between_round_ticks():
    svg = curve((0, 0.5, 1), means(0, 0.3, 0.9, half=0.05), "strength", "effect", 1.0)
    root, width, height = parsed(svg)
    dots = [
        (float(d.get("cx")), float(d.get("cy"))) for d in root.iter() if d.get("cx")
    ]
    assert [x for x, _ in dots] == sorted(x for x, _ in dots)
    (_, first), (_, middle), (_, last) = dots
    # Heights in the chart are proportional to the means.
    assert (first - middle) / (first - last) == pytest.approx(1 / 3, abs=0.01)
    assert all(0 <= x <= width and 0 <= y <= height for x, y in dots)
    texts = [text.text for text in root.iter("text")]
    for tick in ("0.5", "1", "strength"):
        assert tick in texts
    assert len(root.find("polygon").get("points").split()) == 6


@pytest.mark.parametrize(
    ("values", "reach", "ticks"),
    [
        ((0, 0.01), 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        ((0, 23), 15.0, ["0", "5", "10", "15", "20", "25"]),
        ((0, -0.3), 1.0, ["-0.5", "0", "0.5", "1"]),
    ],
)
def test_ticks_hold_all_values_and_the_reach(values, reach, ticks):
    root, _, _ = parsed(curve((0, 1), means(*values), "x", "y", reach))
    labels = [t.text for t in root.iter("text") if t.get("text-anchor") == "end"]
    assert labels == ticks


def test_bars_to_either_side_of_zero():
    root, width, _ = parsed(bars({"A & B": 0.5, "C": -0.25, "D": 0.0}, "what moved"))
    longest, less, none = root.findall("rect")
    assert float(longest.get("width")) == pytest.approx(2 * float(less.get("width")))
    assert float(none.get("width")) == 0.5
    zero = float(longest.get("x"))
    assert float(less.get("x")) + float(less.get("width")) == pytest.approx(zero)
    assert zero + float(longest.get("width")) < width
    assert [t.text for t in root.iter("text")][:2] == ["A & B", "+0.50"]


def test_bars_of_one_sign_begin_at_the_left():
    root, _, _ = parsed(bars({"A": 0.5, "B": 0.1}, "what moved"))
    assert len({rect.get("x") for rect in root.findall("rect")}) == 1
