"""The access log: a line for every request, governed like all logs of ours."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from aia_mas.application import logs
from aia_mas.interfaces.http.access_log import AccessLog


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the logs write; the set-up of before comes back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("aia")
    before = (root.handlers[:], root.level, ours.level)
    configured = structlog.get_config() if structlog.is_configured() else None
    structlog.reset_defaults()
    stream = io.StringIO()
    logs.configure("json", "info", stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])
    structlog.reset_defaults()
    if configured is not None:
        structlog.configure(**configured)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_has_the_fields_and_when_and_who(written: io.StringIO) -> None:
    AccessLog().write({"event": "request", "status": 201, "duration_ms": 1.5})

    (line,) = lines(written)
    assert (
        line.items()
        >= {
            "event": "request",
            "status": 201,
            "duration_ms": 1.5,
            "level": "info",
            "logger": "aia.http",
        }.items()
    )
    assert line["timestamp"].endswith("Z")


def test_the_switch_of_the_guide_governs_it(written: io.StringIO) -> None:
    access = AccessLog()
    switch = logging.getLogger("aia.agents")
    assert access.enabled
    switch.setLevel(logging.ERROR)
    try:
        assert not access.enabled
    finally:
        switch.setLevel(logging.NOTSET)
