"""Frames that come to nothing: all are counted, few are answered, and fewer are told of."""

from __future__ import annotations

from typing import Any

import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.interfaces.redis_bridge import faults as module
from aia_mas.interfaces.redis_bridge.faults import Faults


class Lines:
    """Takes what is logged, whatever this process does with its log otherwise."""

    def __init__(self) -> None:
        self.warnings: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = []

    def warning(self, event: str, **fields: Any) -> None:
        self.warnings.append({"event": event, **fields})

    def error(self, event: str, **fields: Any) -> None:
        self.errors.append({"event": event, **fields})


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    lines = Lines()
    monkeypatch.setattr(module, "log", lines)
    return lines


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def faults(clock: ManualClock, lines: Lines) -> Faults:
    return Faults(clock)


def flood(faults: Faults, code: str, count: int) -> int:
    """Note so many; return how many of them are to be answered."""
    return sum(faults.note(code) for _ in range(count))


def test_a_flood_is_counted_and_answered_at_a_bounded_rate(
    faults: Faults, clock: ManualClock
) -> None:
    assert flood(faults, "invalid_token", 1_000) == 20
    clock.advance(1.0)
    assert flood(faults, "invalid_token", 1_000) == 10
    clock.advance(3_600.0)
    assert flood(faults, "invalid_token", 1_000) == 20

    assert faults.counts == {"invalid_token": 3_000}
    assert faults.unanswered == 3_000 - 50


def test_one_reason_takes_no_answers_from_another(faults: Faults) -> None:
    flood(faults, "invalid_token", 1_000)

    assert faults.note("invalid_message")
    assert faults.counts == {"invalid_token": 1_000, "invalid_message": 1}


def test_a_line_for_each_reason_tells_now_and_then_how_many_there_were(
    faults: Faults, clock: ManualClock, lines: Lines
) -> None:
    flood(faults, "invalid_token", 1_000)
    clock.advance(9.9)
    faults.tell()
    flood(faults, "invalid_token", 1_000)
    assert [line["frames"] for line in lines.warnings] == [1]

    clock.advance(0.2)
    faults.tell()
    faults.tell()
    clock.advance(3_600.0)
    faults.tell()
    counts = [(line["frames"], line["total"]) for line in lines.warnings]
    assert counts == [(1, 1), (1_999, 2_000)]


def test_what_was_kept_back_is_told_at_the_end(faults: Faults, lines: Lines) -> None:
    flood(faults, "invalid_token", 7)
    faults.note("invalid_message")
    faults.tell(at_once=True)
    faults.tell(at_once=True)

    assert [(line["code"], line["frames"]) for line in lines.warnings] == [
        ("invalid_token", 1),
        ("invalid_message", 1),
        ("invalid_token", 6),
    ]


def test_where_something_failed_here_is_told_with_the_line(faults: Faults, lines: Lines) -> None:
    failed = ZeroDivisionError("here")
    for _ in range(100):
        faults.note("internal_error", failed)

    assert len(lines.warnings) == 1
    assert [line["exc_info"] for line in lines.errors] == [failed]
