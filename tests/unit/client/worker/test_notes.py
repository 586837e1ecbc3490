"""Progress and log lines go in few messages, in order, and none twice."""

import asyncio
from typing import Any

import pytest

from aia.client import ApiError, StaleLease
from aia.client.worker.frames import Receipt
from aia.client.worker.notes import Notes, checked


class Wire:
    """Takes reports, and gives their receipts when told to."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        self.receipts: list[asyncio.Future[Receipt]] = []
        self.refused: list[ApiError] = []
        self.said = asyncio.Event()
        self.notes = Notes(self._say, self.refused.append)

    def _say(self, data: dict[str, Any]) -> "asyncio.Future[Receipt]":
        self.reports.append(data)
        self.receipts.append(asyncio.get_running_loop().create_future())
        self.said.set()
        return self.receipts[-1]

    async def report(self) -> dict[str, Any]:
        """Return the next report."""
        await self.said.wait()
        self.said.clear()
        return self.reports[-1]


async def test_of_the_progress_only_the_latest_is_told() -> None:
    wire = Wire()
    wire.notes.progress({"percent": 1.0, "message": "begun"})
    assert await wire.report() == {"percent": 1.0, "message": "begun"}
    for percent in range(2, 100):
        wire.notes.progress({"percent": float(percent)})
    wire.notes.log("a line")
    assert len(wire.reports) == 1
    wire.receipts[0].set_result(Receipt())
    assert await wire.report() == {"percent": 99.0, "log": ["a line"]}


async def test_lines_are_gathered_a_hundred_at_a_time_and_flushed_before_the_end() -> None:
    wire = Wire()
    for number in range(250):
        wire.notes.log(f"{number}")
    wire.notes.log("two\nlines and one that is too long " + "x" * 2_000)
    wire.notes.flush()
    lines = [line for report in wire.reports for line in report["log"]]
    assert [len(report["log"]) for report in wire.reports] == [100, 100, 52]
    assert lines[:251] == [*map(str, range(250)), "two"]
    assert len(lines[251]) <= 1_000


async def test_lines_that_nobody_can_be_told_are_bounded() -> None:
    wire = Wire()
    wire.notes.progress({"percent": 1.0})
    await wire.report()
    for number in range(5_000):
        wire.notes.log(f"{number}")
    wire.notes.flush()
    lines = [line for report in wire.reports[1:] for line in report["log"]]
    assert lines[0] == "(4000 lines were left out)"
    assert lines[1:] == [str(number) for number in range(4_000, 5_000)]


async def test_a_refusal_is_told() -> None:
    wire = Wire()
    wire.notes.progress({"percent": 1.0})
    await wire.report()
    error = StaleLease(409, "stale_lease")
    wire.receipts[0].set_exception(error)
    await asyncio.sleep(0)
    assert wire.refused == [error]


async def test_nothing_is_said_after_the_end() -> None:
    wire = Wire()
    wire.notes.log("never told")
    wire.notes.close()
    wire.notes.flush()
    assert wire.reports == []


def test_what_would_be_refused_is_no_progress() -> None:
    assert checked(0, "", None) == {"percent": 0.0}
    assert checked(None, "x" * 20_000, None)["message"].count("x") < 10_000
    for percent, partial in ((-1, None), (100.1, None), (float("nan"), None), (1, "\ud800")):
        with pytest.raises(ValueError, match=r"percent|partial"):
            checked(percent, "", partial)
