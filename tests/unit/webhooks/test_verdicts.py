"""What answers mean, and how long a failing endpoint is left alone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aia_mas.application.webhooks.lines import Backoff, Line
from aia_mas.application.webhooks.sending import Reply, Unanswered
from aia_mas.application.webhooks.verdicts import (
    Completed,
    GivenUp,
    Gone,
    Later,
    Taken,
    Undelivered,
    verdict_on,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.interfaces.http.schemas.webhooks import read_answer

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def verdict(status: int, body: bytes = b"", **headers: str) -> Any:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return verdict_on(Reply(status, told, body, 0.1), read_answer, NOW)


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (202, b"", Taken()),
        (204, b"", Taken()),
        (202, b"whatever", Taken()),
        (410, b"", Gone()),
        (500, b"", Undelivered("5xx")),
        (429, b"", Undelivered("4xx")),
        (302, b"", Undelivered("3xx")),
        (201, b'{"result": 1}', Undelivered("2xx")),
        (200, b'{"result": null}', Completed(None, None, None)),
        (200, b'{"result": [1], "quality": 0.5, "more": 1}', Completed([1], 0.5, None)),
        (
            200,
            b'{"result": 1, "usage": {"model": "m", "cost": 0.1}}',
            Completed(1, None, Usage(model="m", cost=10**17)),
        ),
        (200, b'{"error_code": "e"}', GivenUp("e", "", True)),
        (
            200,
            b'{"error_code": "e", "message": "m", "retryable": false}',
            GivenUp("e", "m", False),
        ),
        *(
            (200, body, Undelivered("invalid_answer"))
            for body in (
                b"",
                b"ok",
                b"[]",
                b"{}",
                b'{"result": 1',
                b'{"result": NaN}',
                b'{"result": "\\u0000"}',
                b'{"result": "\xff"}',
                b'{"result": 1, "quality": "good"}',
                b'{"result": 1, "usage": {"cost": "much"}}',
                b'{"result": 1, "usage": {"cost": -1}}',
                b'{"error_code": 7}',
                b'{"result": ' + b"[" * 100_000,
            )
        ),
    ],
)
def test_an_answer_means(status: int, body: bytes, means: Any) -> None:
    assert verdict(status, body) == means


def test_without_an_answer_it_is_not_delivered() -> None:
    assert verdict_on(Unanswered("timed_out", 1.0), read_answer, NOW) == Undelivered("timed_out")


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("120", Later(120.0)),
        ("0", Later(1.0)),
        ("99999999999999999999", Later(3600.0)),
        ("Thu, 01 Jan 2026 12:01:00 GMT", Later(60.0)),
        ("Thu, 01 Jan 2026 11:00:00 GMT", Later(1.0)),
        ("soon", Undelivered("5xx")),
        ("-5", Undelivered("5xx")),
    ],
)
def test_an_endpoint_may_ask_for_a_pause(said: str, means: Any) -> None:
    assert verdict(503, retry_after=said) == means
    if isinstance(means, Later):
        assert verdict(429, retry_after=said) == means
    assert verdict(500, retry_after=said) == Undelivered("5xx")


def test_waits_grow_up_to_a_cap_and_are_jittered() -> None:
    whole, half = Backoff(1.0, 10.0, lambda: 1.0), Backoff(1.0, 10.0, lambda: 0.0)

    assert [whole.seconds(number) for number in (1, 2, 3, 4, 5, 10_000)] == [1, 2, 4, 8, 10, 10]
    assert [half.seconds(number) for number in (1, 2, 5)] == [0.5, 1.0, 5.0]


def test_deliveries_that_fail_together_count_once() -> None:
    line, backoff = Line(since=1), Backoff(1.0, 10.0, lambda: 1.0)

    for now in (10.0, 10.1, 10.2):
        line.failed(began=9.0, now=now, backoff=backoff)
    assert (line.failures, line.not_before) == (1, 11.0)
    line.failed(began=11.0, now=12.0, backoff=backoff)
    assert (line.failures, line.not_before) == (2, 14.0)
    line.worked()
    assert line.failures == 0
    assert line.not_before < 0.0
