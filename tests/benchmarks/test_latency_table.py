"""Figures of the latency table that a reader can check in his head."""

import pytest

from benchmarks.latency_table import Spread, Way, bars, table


@pytest.fixture
def slow() -> Way:
    """A quarter of an image a second, but for one disturbed round."""
    return Way("reference", 2, 0, [4.0, 8.0, 4.0], [8.0, 8.0, 8.0])


@pytest.fixture
def fast() -> Way:
    """An eighth of a second, twice that in the round that disturbed the other, too."""
    return Way("ours", 2, 3_000_000, [0.125, 0.25, 0.125], [0.25, 0.25, 0.25])


def test_a_spread_is_the_median_between_the_extremes():
    spread = Spread.of([3.0, 1.0, 2.0, 10.0])
    assert (spread.median, spread.lowest, spread.highest) == (2.5, 1.0, 10.0)
    assert f"{spread:.1f}" == "2.5 (1.0-10.0)"


def test_ratios_are_taken_within_a_round(slow, fast):
    assert fast.times_as_fast_as(slow) == Spread(32.0, 32.0, 32.0)
    assert slow.times_as_fast_as(fast).median == 1 / 32


def test_ways_of_unequal_rounds_are_refused(slow, fast):
    fast.wall.pop()
    with pytest.raises(ValueError, match="shorter"):
        fast.times_as_fast_as(slow)


def test_the_table_sets_each_way_beside_the_reference_on_as_many_threads(slow, fast):
    one = Way("reference", 1, 0, [6.0, 6.0, 6.0], [6.0, 6.0, 6.0])
    alone = Way("ours", 1, 3_000_000, [2.0, 2.0, 2.0], [2.0, 2.0, 2.0])
    header, *rows = table([one, slow, alone, fast], "reference").splitlines()
    assert all(len(row) == len(header) for row in rows)
    assert rows[2].split()[:3] == ["ours", "1", "3.00"]
    assert rows[2].endswith("3.0 (3.0-3.0)")
    assert "125.0 (125.0-250.0)" in rows[3]
    assert rows[3].split()[-3:] == ["8.0", "32.0", "(32.0-32.0)"]


def test_a_translator_meets_or_misses_each_bar_by_itself(slow, fast):
    (rate, met_rate), (times, met_times) = bars(fast, slow)
    assert rate == "ours: 8 images a second on 2 threads (bar: 30)"
    assert not met_rate
    assert times == "ours: 32 times as fast as reference (bar: 20)"
    assert met_times
