"""Logs: readable in a host program, switched by the guide's logger, ours only on request."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aia_mas.application.logs import configure, use_standard_loggers


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Give back the logging of the test run."""
    root, ours = logging.getLogger(), logging.getLogger("aia")
    before = (root.handlers[:], root.level, ours.level)
    structlog.reset_defaults()
    yield
    root.handlers[:], root.level, level = before
    ours.setLevel(level)
    logging.getLogger("aia.agents").setLevel(logging.NOTSET)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_hold_the_fields_beside_time_level_and_logger() -> None:
    stream = io.StringIO()
    configure("json", "info", stream)

    structlog.stdlib.get_logger("aia.engine").info("command_done", ms=1.5, task_id="t")

    (line,) = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "level": "info",
        "logger": "aia.engine",
        "event": "command_done",
        "ms": 1.5,
        "task_id": "t",
    }


def test_console_lines_are_for_people() -> None:
    stream = io.StringIO()
    configure("console", "info", stream)

    structlog.stdlib.get_logger("aia.engine").warning("slow", ms=12)

    assert "slow" in stream.getvalue()
    assert "ms=12" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()  # no colours where nobody sees them


def test_records_of_other_libraries_are_in_the_same_form_from_warning_on() -> None:
    stream = io.StringIO()
    configure("json", "debug", stream)

    logging.getLogger("psycopg.pool").info("chatter")
    logging.getLogger("psycopg.pool").warning("%s is down", "it")

    (line,) = lines(stream)
    assert (line["logger"], line["level"], line["event"]) == (
        "psycopg.pool",
        "warning",
        "it is down",
    )


def test_exceptions_and_context_are_in_the_line() -> None:
    stream = io.StringIO()
    configure("json", "info", stream)
    log = structlog.stdlib.get_logger("aia.engine")

    with structlog.contextvars.bound_contextvars(request_id="r1"):
        try:
            raise LookupError("gone")
        except LookupError:
            log.exception("failed")

    (line,) = lines(stream)
    assert line["request_id"] == "r1"
    assert "LookupError: gone" in str(line["exception"])


def test_level_of_aia_agents_governs_all_our_loggers() -> None:
    stream = io.StringIO()
    configure("json", "info", stream)
    log = structlog.stdlib.get_logger("aia.event_log.committer")

    log.debug("before")
    logging.getLogger("aia.agents").setLevel(logging.DEBUG)
    log.debug("after")
    logging.getLogger("aia.agents").setLevel(logging.ERROR)
    log.warning("quiet")

    assert [line["event"] for line in lines(stream)] == ["after"]


def test_host_sees_readable_lines_at_the_levels_it_chose(caplog: pytest.LogCaptureFixture) -> None:
    use_standard_loggers()
    log = structlog.stdlib.get_logger("aia.engine")

    log.info("not wanted: the root logger's level is warning")
    log.warning("task_late", task_id="t1", ms=3)

    assert [record.getMessage() for record in caplog.records] == ["task_late task_id='t1' ms=3"]
    assert caplog.records[0].name == "aia.engine"


def test_nothing_is_printed_and_the_handlers_of_a_host_stay(
    capfd: pytest.CaptureFixture[str],
) -> None:
    handlers = logging.getLogger().handlers[:]
    use_standard_loggers()

    structlog.stdlib.get_logger("aia.engine").info("event")

    assert logging.getLogger().handlers == handlers
    assert capfd.readouterr() == ("", "")


def test_host_with_a_structlog_of_its_own_keeps_it() -> None:
    seen: list[str] = []
    structlog.configure(processors=[lambda _, __, fields: seen.append(fields["event"]) or ""])
    use_standard_loggers()

    structlog.stdlib.get_logger("aia.engine").warning("hello")

    assert seen == ["hello"]
