"""What is sent says exactly what was meant."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import httpx
import pytest

from aia.client import Client
from aia.client.types import ReportedUsage, TaskRequirements, TaskSubmission


class Sent:
    """A client whose requests are looked at; every one is refused."""

    def __init__(self) -> None:
        self.client = Client("http://mas", transport=httpx.MockTransport(self._handle))

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        return httpx.Response(404)

    def __call__(self, work: Any) -> httpx.Request:
        from aia.client import NotFound

        with pytest.raises(NotFound):
            work(self.client)
        return self.request


@pytest.fixture
def sent() -> Any:
    one = Sent()
    yield one
    one.client.close()


def body(request: httpx.Request) -> Any:
    return json.loads(request.content)


@pytest.mark.parametrize(
    ("price", "written"),
    [
        (Decimal("1E+2"), "100"),
        (Decimal("0.000000000000000001"), "0.000000000000000001"),
        ("15", "15"),
        (15, 15),
        (0.5, 0.5),
    ],
)
def test_amounts_are_exact(sent: Any, price: Any, written: Any) -> None:
    assert body(sent(lambda c: c.agents.put("a", cost_per_task=price))) == {
        "cost_per_task": written
    }
    usage = ReportedUsage(cost=price)
    assert body(sent(lambda c: c.tasks.complete("t", "a", "l", usage=usage)))["usage"] == {
        "cost": written
    }
    tasks = [TaskSubmission(task_type="x", max_cost=price)]
    assert body(sent(lambda c: c.tasks.submit_batch(tasks)))["tasks"] == [
        {"task_type": "x", "max_cost": written}
    ]


def test_what_was_not_given_is_not_sent(sent: Any) -> None:
    assert body(sent(lambda c: c.tasks.submit("x"))) == {"task_type": "x"}
    assert body(sent(lambda c: c.agents.put("a"))) == {}
    assert sent(lambda c: c.agents.drain("a")).content == b""
    assert sent(lambda c: c.tasks.list()).url.query == b""


def test_null_is_sent_where_it_says_something(sent: Any) -> None:
    assert body(sent(lambda c: c.agents.update("a", endpoint=None))) == {"endpoint": None}
    assert body(sent(lambda c: c.tasks.give_input("t", None))) == {"answer": None}


def test_empty_collections_are_sent(sent: Any) -> None:
    assert body(sent(lambda c: c.agents.update("a", skills={}, data_sources=()))) == {
        "skills": {},
        "data_sources": [],
    }
    assert body(sent(lambda c: c.tasks.cancel_many(filter={}))) == {"filter": {}}


def test_requirements_are_a_struct_or_a_mapping(sent: Any) -> None:
    for wanted in (TaskRequirements(skills=["a"]), MappingProxyType({"skills": ("a",)})):
        said = body(sent(lambda c, wanted=wanted: c.tasks.submit("x", requirements=wanted)))
        assert said["requirements"] == {"skills": ["a"]}


def test_queries_take_one_or_several_words(sent: Any) -> None:
    one = sent(lambda c: c.tasks.list(status="queued", total=True))
    assert one.url.params.multi_items() == [("status", "queued"), ("total", "true")]
    several = sent(lambda c: c.tasks.list(status=["queued", "running"]))
    assert several.url.params.get_list("status") == ["queued", "running"]


def test_times_carry_their_zone(sent: Any) -> None:
    since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert sent(lambda c: c.metrics.history(from_=since)).url.params["from"] == (
        "2026-01-02T03:04:05+00:00"
    )
    assert body(sent(lambda c: c.tasks.submit("x", deadline=since)))["deadline"] == (
        "2026-01-02T03:04:05Z"
    )


@pytest.mark.parametrize(
    ("revisions", "header"),
    [(3, '"rev-3"'), ([3, 4], '"rev-3", "rev-4"'), ("*", "*"), ('"rev-7"', '"rev-7"')],
)
def test_revisions_are_named_as_tags(sent: Any, revisions: Any, header: str) -> None:
    request = sent(lambda c: c.agents.update("a", if_match=revisions))
    assert request.headers["if-match"] == header


def test_ids_stay_one_part_of_the_path(sent: Any) -> None:
    assert sent(lambda c: c.agents.get("a/b?c#d é")).url.raw_path == (
        b"/mas/api/v1/agents/a%2Fb%3Fc%23d%20%C3%A9"
    )
    assert sent(lambda c: c.audit.stream("agent/a:1")).url.raw_path.endswith(
        b"/audit/streams/agent/a:1"
    )
