"""What a handler returns or raises becomes the last message about its attempt."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from aia.client import Conflict, Fail, Result, Usage
from aia.client.worker.outcomes import clipped, delivered, failed, raised


def said(outcome: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(outcome.data))


def test_any_value_is_a_result() -> None:
    for value, wanted in (
        (None, None),
        ({"at": datetime(2026, 1, 2, tzinfo=UTC)}, {"at": "2026-01-02T00:00:00Z"}),
        (
            [
                Decimal("1.50"),
                {
                    1,
                },
            ],
            ["1.50", [1]],
        ),
    ):
        outcome = delivered(value)
        assert (outcome.kind, said(outcome)) == ("complete", {"result": wanted})


def test_a_result_says_its_quality_and_usage() -> None:
    usage = Usage(model="m", tokens_in=3, cost=Decimal("0.000000000000000001"))
    assert said(delivered(Result([1], quality=0.5, usage=usage))) == {
        "result": [1],
        "quality": 0.5,
        "usage": {"model": "m", "tokens_in": 3, "cost": "0.000000000000000001"},
    }


def endless() -> list[Any]:
    nested: list[Any] = []
    nested.append(nested)
    return nested


@pytest.mark.parametrize("value", [object(), {"x": print}, "\ud800", endless()])
def test_what_is_no_json_is_a_failure_that_nobody_need_try_again(value: Any) -> None:
    outcome = delivered(value)
    assert outcome.kind == "fail"
    assert (outcome.data["error_code"], outcome.data["retryable"]) == (
        "unserializable_result",
        False,
    )


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "code", "message", "retryable"),
    [
        (Fail("gone", "It has gone"), "gone", "It has gone", False),
        (Fail("busy", retryable=True), "busy", "", True),
        (KeyError("x"), "KeyError", "'x'", True),
        (Unspeakable(), "Unspeakable", "(its message failed: RuntimeError)", True),
        (
            Conflict(409, "too_many_questions", detail="Enough"),
            "too_many_questions",
            "Enough",
            False,
        ),
    ],
)
def test_an_exception_is_a_failure(
    error: Exception, code: str, message: str, retryable: bool
) -> None:
    outcome = raised(error)
    assert (outcome.kind, said(outcome)) == (
        "fail",
        {"error_code": code, "message": message, "retryable": retryable},
    )


def test_what_is_told_can_be_stored() -> None:
    outcome = failed("c" * 500, "nul \0, half \ud800 " + "x" * 5_000 + " end", retryable=True)
    assert len(outcome.data["error_code"]) == 128
    message = outcome.data["message"]
    assert message.startswith("nul \ufffd, half ? x")
    assert message.endswith("x end")
    assert len(message) <= 2_000
    assert failed("", "", retryable=True).data["error_code"] == "failed"
    assert clipped("short", 10) == "short"
