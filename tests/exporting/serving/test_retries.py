"""Attempts and pauses, on a clock that only pauses move."""

import pytest

from tf_fsgd.exporting.serving import retries
from tf_fsgd.exporting.serving.errors import BusyError, ServerError
from tf_fsgd.exporting.serving.retries import persistently


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """What was slept: nothing else moves the clock, and chance shortens no pause."""
    slept: list[float] = []
    monkeypatch.setattr(retries.time, "sleep", slept.append)
    monkeypatch.setattr(retries.time, "monotonic", lambda: sum(slept))
    monkeypatch.setattr(retries.random, "uniform", lambda low, high: high)
    return slept


def test_pauses_double_up_to_a_limit_and_end_with_the_time(pauses):
    given = []

    def busy(seconds):
        given.append(seconds)
        raise BusyError("full")

    with pytest.raises(BusyError, match="full"):
        persistently(busy, 30.0)
    # Another pause of 8 s would end after 31.75 s.
    assert pauses == [0.25, 0.5, 1, 2, 4, 8, 8]
    assert given == [30.0, 29.75, 29.25, 28.25, 26.25, 22.25, 14.25, 6.25]


def test_the_first_answer_is_the_last_request(pauses):
    answers = [BusyError("full"), BusyError("full"), b"reply", b"another"]

    def send(_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert persistently(send, 30.0) == b"reply"
    assert answers == [b"another"] and pauses == [0.25, 0.5]


def test_what_another_attempt_would_not_mend_is_not_repeated(pauses):
    def broken(_):
        raise ServerError("broken")

    with pytest.raises(ServerError, match="broken"):
        persistently(broken, 30.0)
    assert pauses == []
