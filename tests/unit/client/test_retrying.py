"""Requests are sent again where that helps, with the same key, and not for ever."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from aia.client import (
    ApiError,
    Backoff,
    Client,
    ConnectionFailed,
    NotFound,
    RateLimited,
    Unavailable,
    UnexpectedAnswer,
)
from aia.client.retrying import pause_before
from aia.client.synchronous import connection
from aia.client.types import Order, ToldTransfer

TASK = {
    "task_id": "t", "status": "queued", "agent_id": None, "priority": "normal", "attempt": 0,
    "lease": None, "task_type": "x", "lease_seconds": 60,
}  # fmt: skip
ORDER = {
    "order_id": "o", "status": "placed", "kind": "reverse_transfer", "order": {}, "by": "b",
    "placed_at": "2026-01-02T03:04:05Z",
}  # fmt: skip
TRANSFER = {
    "transfer_id": "t", "status": "posted", "pending": False, "from": "a", "to": "b",
    "token": "AIA", "amount": "1", "legs": [], "moved": [], "reason": "r", "metadata": {},
    "expires_at": None, "reverses": "s", "reversed_by": None, "by": "b",
    "at": "2026-01-02T03:04:05Z",
}  # fmt: skip
BUSY = {"type": "x", "title": "Busy", "status": 503, "code": "overloaded", "detail": "later"}


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(connection, "time", clock)
    return clock


@pytest.fixture
def told() -> Iterator[Callable[..., tuple[Client, list[httpx.Request]]]]:
    """Makes clients that get these answers, one after another; the last one again and again."""
    clients: list[Client] = []

    def client(*answers: Any, **options: Any) -> tuple[Client, list[httpx.Request]]:
        seen: list[httpx.Request] = []

        def handle(request: httpx.Request) -> httpx.Response:
            answer = answers[min(len(seen), len(answers) - 1)]
            seen.append(request)
            if isinstance(answer, Exception):
                raise answer
            return httpx.Response(*answer[:1], json=answer[1], headers=dict(answer[2:]))

        clients.append(Client("http://mas", transport=httpx.MockTransport(handle), **options))
        return clients[-1], seen

    yield client
    for one in clients:
        one.close()


def test_what_is_ordered_only_is_answered_with_the_order(told: Any) -> None:
    client, _ = told((202, ORDER), (201, TRANSFER))

    ordered = client.economy.reverse_transfer("s")
    made = client.economy.reverse_transfer("s")

    assert isinstance(ordered, Order) and ordered.order_id == "o"
    assert isinstance(made, ToldTransfer) and made.reverses == "s"


def test_a_command_is_sent_again_with_the_key_it_had(clock: Clock, told: Any) -> None:
    client, seen = told(
        httpx.ConnectError("refused"),
        httpx.ReadError("cut"),
        (502, {}),
        (503, BUSY),
        (504, {}),
        (429, {**BUSY, "status": 429, "code": "rate_limited"}),
        (409, {**BUSY, "status": 409, "code": "conflict"}),
        (201, TASK),
    )
    assert client.tasks.submit("x").task_id == "t"
    keys = {request.headers["idempotency-key"] for request in seen}
    assert (len(seen), len(keys)) == (8, 1)
    client.tasks.submit("x")
    assert seen[-1].headers["idempotency-key"] not in keys


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 413, 422, 500])
def test_what_would_be_refused_again_is_sent_once(clock: Clock, told: Any, status: int) -> None:
    client, seen = told((status, {**BUSY, "status": status, "index": 3}))
    with pytest.raises(ApiError) as caught:
        client.tasks.submit("x")
    assert (len(seen), caught.value.facts) == (1, {"index": 3})


def test_it_waits_as_long_as_the_server_asks_for(clock: Clock, told: Any) -> None:
    client, _ = told((503, BUSY, ("retry-after", "7")), (201, TASK))
    client.tasks.submit("x")
    assert 7.0 <= clock.pauses[0] <= 7.1


def test_it_gives_up_at_once_when_it_would_have_to_wait_too_long(clock: Clock, told: Any) -> None:
    client, seen = told((429, {**BUSY, "code": "queue_full"}, ("retry-after", "61")))
    with pytest.raises(RateLimited) as caught:
        client.tasks.submit("x")
    assert (caught.value.code, caught.value.retry_after, len(seen)) == ("queue_full", 61, 1)
    assert not clock.pauses


def test_all_tries_together_take_no_longer_than_they_may(clock: Clock, told: Any) -> None:
    client, seen = told((503, BUSY), retries=Backoff(attempts=1_000, total_seconds=20))
    with pytest.raises(Unavailable):
        client.tasks.get("t")
    assert len(seen) > 3
    assert clock.now < 20


def test_it_gives_up_after_so_many_tries(clock: Clock, told: Any) -> None:
    client, seen = told(httpx.ConnectError("refused"), retries=Backoff(attempts=3))
    with pytest.raises(ConnectionFailed, match="ConnectError: refused") as caught:
        client.tasks.submit("x", idempotency_key="mine")
    assert (len(seen), caught.value.idempotency_key) == (3, "mine")


def test_pauses_grow_to_a_bound_and_are_drawn_from_all_below() -> None:
    policy = Backoff(base_seconds=1, cap_seconds=8)
    for attempt, longest in ((2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (2_000, 8)):
        drawn = [pause_before(attempt, policy) for _ in range(300)]
        assert 0 <= min(drawn) < longest / 4
        assert longest * 3 / 4 < max(drawn) <= longest


def test_questions_about_health_are_answered_by_errors_at_once(clock: Clock, told: Any) -> None:
    client, seen = told((503, {**BUSY, "code": "not_ready"}))
    with pytest.raises(Unavailable):
        client.health.ready()
    assert len(seen) == 1


def test_an_answer_that_trickles_in_is_not_waited_for(clock: Clock) -> None:
    class Trickle(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                clock.now += 1
                yield b" "

    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle()))
    with (
        Client("http://mas", transport=transport, retries=Backoff(attempts=1)) as client,
        pytest.raises(ConnectionFailed, match="took too long"),
    ):
        client.tasks.get("t")


def test_what_is_no_answer_of_the_api_is_told_apart(clock: Clock, told: Any) -> None:
    client, _ = told((200, {"hello": "world"}), (404, ["no problem document"]))
    with pytest.raises(UnexpectedAnswer, match="no TaskAnswer"):
        client.tasks.submit("x")
    with pytest.raises(NotFound) as caught:
        client.tasks.get("x")
    assert caught.value.code == "http_404"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(301, headers={"location": "https://mas/"}), "to https://mas/: is this"),
        (httpx.Response(200, content=b'{"items": [{"agent_id": "\xff"}]}'), "no AgentPage"),
        (
            httpx.Response(
                200,
                headers={"content-encoding": "gzip"},
                stream=httpx.ByteStream(b"no gzip at all"),
            ),
            "garbled",
        ),
    ],
)
def test_what_another_server_answers_is_unexpected(answer: httpx.Response, words: str) -> None:
    with (
        Client("http://mas", transport=httpx.MockTransport(lambda _: answer)) as client,
        pytest.raises(UnexpectedAnswer, match=words),
    ):
        client.agents.list()


def test_a_refusal_of_a_proxy_may_hold_any_bytes() -> None:
    refusal = httpx.Response(404, content=b'{"code": "\xff"}')
    with (
        Client("http://mas", transport=httpx.MockTransport(lambda _: refusal)) as client,
        pytest.raises(NotFound, match="http_404"),
    ):
        client.agents.list()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(200, html="<p>welcome</p>"), "no stream of events"),
        (httpx.Response(302, headers={"location": "/login"}), "leads elsewhere"),
        (
            httpx.Response(
                200,
                headers={"content-type": "text/event-stream"},
                content=b'event: task_update\ndata: {"data": {"task_id": "\xff"}}\n\n',
            ),
            "tells no task_update",
        ),
    ],
)
def test_what_is_no_stream_of_this_api_is_not_listened_to(
    answer: httpx.Response, words: str
) -> None:
    with (
        Client("http://mas", transport=httpx.MockTransport(lambda _: answer)) as client,
        client.tasks.updates() as updates,
        pytest.raises(UnexpectedAnswer, match=words),
    ):
        next(updates)


def test_a_token_is_asked_for_before_every_try(clock: Clock, told: Any) -> None:
    tokens = iter(["old", "new"])
    client, seen = told((503, BUSY), (201, TASK), token=lambda: next(tokens))
    client.tasks.submit("x")
    assert [each.headers["authorization"] for each in seen] == ["Bearer old", "Bearer new"]


def test_address_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAS_URL", "https://mas.example/sub/")
    monkeypatch.setenv("MAS_TOKEN", "t0k3n")
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"status": "live"})

    with Client(transport=httpx.MockTransport(handle)) as client:
        client.health.live()
    assert str(seen[0].url) == "https://mas.example/sub/mas/health/live"
    assert seen[0].headers["authorization"] == "Bearer t0k3n"


def test_a_consistent_client_reads_no_older_than_it_has_seen(clock: Clock, told: Any) -> None:
    client, seen = told(
        (201, TASK, ("x-event-position", "41")),
        (404, BUSY),
        consistent=True,
    )
    assert client.tasks.submit("x").position == 41
    for read in (client.agents.get, client.tasks.get):
        with pytest.raises(NotFound):
            read("a")
    assert [each.url.params.get("min_position") for each in seen] == [None, "41", "41"]
    with pytest.raises(NotFound):
        client.tasks.get("a", min_position=7)
    assert seen[-1].url.params["min_position"] == "7"


def test_failures_tell_no_passwords_and_no_tokens(clock: Clock) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=b"x"))
    with (
        Client("http://me:s3cr3t@mas/a", "t0k3n", transport=transport) as client,
        pytest.raises(UnexpectedAnswer, match=r"http://mas/a/mas/api/v1/agents answers") as caught,
    ):
        client.agents.list(q="secret")
    assert "s3cr3t" not in str(caught.value)
    assert "t0k3n" not in repr(client._connection.configuration)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_would_name_another_resource_is_no_id(told: Any, name: str) -> None:
    client, seen = told((200, {}))
    with pytest.raises(ValueError, match="is no id"):
        client.agents.get(name)
    assert not seen
