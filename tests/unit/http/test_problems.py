"""Errors as problem documents: one table, no gaps, nothing of ours inside."""

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from litestar.exceptions import MethodNotAllowedException, NotFoundException

from aia_mas.application.engine.outcomes import StoredRefusal
from aia_mas.application.event_log.errors import CommandIdReused, EventLogError, Overloaded
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration.errors import AgentAlreadyRegistered, InvalidSkillLevel, QueueFull
from aia_mas.interfaces.http.errors import RateLimited, Unauthenticated
from aia_mas.interfaces.http.problem_statuses import STATUS_OF
from aia_mas.interfaces.http.problems import (
    ProblemAnswer,
    pointer_to,
    problem_answer,
)


def subclasses(cls: type[Any]) -> set[type[Any]]:
    return {cls}.union(*(subclasses(sub) for sub in cls.__subclasses__()))


def answer_to(error: BaseException) -> ProblemAnswer:
    return problem_answer(error, instance="/x", request_id="r-1")


def document(error: BaseException) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(answer_to(error).body)
    return loaded


def test_every_error_class_of_ours_has_a_status() -> None:
    refusals = {cls for cls in subclasses(DomainError) if cls.__module__.startswith("aia_mas.")}
    # Those of the read models are for the command line.
    failures = {cls for cls in subclasses(EventLogError) if ".application." in cls.__module__}

    assert {cls.code for cls in refusals | failures if cls.code not in STATUS_OF} == set()


def test_every_code_is_documented_under_its_status() -> None:
    text = (Path(__file__).parents[3] / "docs" / "http.md").read_text(encoding="utf-8")
    documented = {
        code: int(status)
        for status, codes in re.findall(r"^\| (\d{3}) \| (.*) \|$", text, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }

    assert documented == dict(STATUS_OF)


def test_codes_are_words() -> None:
    assert all(code.replace("_", "").isalpha() and code.islower() for code in STATUS_OF)


def test_a_refusal_becomes_a_problem_with_its_facts() -> None:
    answer = answer_to(AgentAlreadyRegistered(agent_id="a1", status="lies"))

    assert answer.status == 409
    assert dict(answer.headers)[b"content-type"] == b"application/problem+json"
    assert dict(answer.headers)[b"content-length"] == str(len(answer.body)).encode()
    assert json.loads(answer.body) == {
        "type": "urn:aia-mas:problem:agent_already_registered",
        "title": "An agent is already registered under this id.",
        "status": 409,
        "code": "agent_already_registered",
        "detail": "An agent is already registered under this id.",
        "instance": "/x",
        "request_id": "r-1",
        "agent_id": "a1",
    }


def test_a_value_that_is_not_allowed_is_told_with_its_field() -> None:
    problem = document(InvalidSkillLevel(field="skills.python"))

    assert problem["status"] == 422
    assert problem["errors"] == [
        {
            "field": "skills.python",
            "pointer": "/skills/python",
            "code": "invalid_skill_level",
            "message": problem["detail"],
        }
    ]


def test_list_indexes_are_steps_of_the_pointer() -> None:
    error = InvalidSkillLevel(field="specializations.3")

    assert document(error)["errors"][0]["pointer"] == "/specializations/3"
    assert pointer_to("a/b", 3, "~") == "/a~1b/3/~0"


def test_a_replayed_refusal_keeps_its_status_and_says_so() -> None:
    stored = StoredRefusal("agent_not_found", "title", "detail", "", {"agent_id": "x"})
    answer = answer_to(stored)

    assert answer.status == 404
    assert (b"idempotent-replayed", b"true") in answer.headers


def test_errors_of_the_log_are_told_in_general_words() -> None:
    reused, overloaded = answer_to(CommandIdReused("http:secret:1")), answer_to(Overloaded("x"))

    assert (reused.status, reused.code) == (422, "idempotency_key_reused")
    assert b"secret" not in reused.body
    assert overloaded.status == 503
    assert dict(overloaded.headers)[b"retry-after"].isdigit()


@pytest.mark.parametrize(
    "error", [QueueFull(retry_after=7, limit=3), RateLimited(7), Overloaded("")]
)
def test_what_says_when_to_come_again_says_so_in_the_body_too(error: Exception) -> None:
    answer = answer_to(error)

    told = json.loads(answer.body)["retry_after"]
    assert dict(answer.headers)[b"retry-after"] == str(told).encode()
    assert told == (1 if answer.status == 503 else 7)
    assert "retry_after" not in document(AgentAlreadyRegistered(agent_id="a1"))


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), KeyError("hunter2")])
def test_what_is_not_ours_says_nothing_but_that_it_is_our_fault(error: Exception) -> None:
    answer = answer_to(error)

    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"hunter2" not in answer.body


def test_a_database_that_is_gone_is_a_matter_of_time() -> None:
    answer = answer_to(psycopg.OperationalError("host=secret"))

    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert b"retry-after" in dict(answer.headers)
    assert b"secret" not in answer.body


def test_routing_errors_are_problems_too() -> None:
    assert answer_to(NotFoundException()).code == "route_not_found"
    not_allowed = answer_to(MethodNotAllowedException(headers={"allow": "GET, OPTIONS"}))

    assert not_allowed.status == 405
    assert dict(not_allowed.headers)[b"allow"] == b"GET, HEAD, OPTIONS"


def test_401_tells_how_to_authenticate() -> None:
    header = (b"www-authenticate", b"Bearer")

    assert header in answer_to(Unauthenticated(headers=[header])).headers
