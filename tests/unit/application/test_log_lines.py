"""Lines of the log: the quick rendering shows what the slow one does, and held lines keep order."""

import asyncio
import io
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.log_lines import LineHandler, Templates, for_people

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
NAMES = st.sampled_from(["timestamp", "path", "status", "actor", "other", "%s", "z"])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_a_template_shows_what_the_renderer_shows(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    render = for_people(stream)
    templates = Templates(render, ("timestamp", "path", "status", "actor"))

    @given(st.lists(st.dictionaries(NAMES, VALUES), min_size=1, max_size=5))
    def same(events: list[dict[str, Any]]) -> None:
        for fields in events:
            event = {"level": "info", "event": "request", **fields}
            assert templates(dict(event)) == render(dict(event))

    same()


def record(text: str, *, may_wait: bool) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": text})
    made.may_wait = may_wait
    return made


async def test_lines_that_may_wait_are_written_together_and_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("aia_mas.application.log_lines.HELD_SECONDS", 0.0)
    stream = io.StringIO()
    handler = LineHandler(stream)
    handler.handle(record("a", may_wait=True))
    handler.handle(record("b", may_wait=True))
    assert stream.getvalue() == ""
    await asyncio.sleep(0.001)
    assert stream.getvalue() == "a\nb\n"


async def test_a_line_that_may_not_wait_comes_behind_those_that_waited() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)
    handler.handle(record("a", may_wait=True))
    handler.handle(record("error", may_wait=False))
    assert stream.getvalue() == "a\nerror\n"


async def test_not_more_lines_are_held_than_the_bound() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)
    for _ in range(200):
        handler.handle(record("a", may_wait=True))
    assert stream.getvalue() == "a\n" * 200


def test_what_a_loop_that_has_ended_left_behind_is_not_lost() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)

    async def one() -> None:
        handler.handle(record("a", may_wait=True))

    asyncio.run(one())
    asyncio.run(one())
    logging.shutdown([lambda: handler])  # type: ignore[list-item]
    assert stream.getvalue() == "a\na\n"


def test_outside_of_a_loop_nothing_waits() -> None:
    stream = io.StringIO()
    LineHandler(stream).handle(record("a", may_wait=True))
    assert stream.getvalue() == "a\n"


class Broken(io.StringIO):
    def write(self, _: str) -> int:
        raise BrokenPipeError


async def test_a_stream_that_is_gone_ends_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aia_mas.application.log_lines.HELD_SECONDS", 0.0)
    handler = LineHandler(Broken())
    handler.handle(record("a", may_wait=False))
    handler.handle(record("b", may_wait=True))
    await asyncio.sleep(0.001)
    assert "BrokenPipeError" in capsys.readouterr().err
