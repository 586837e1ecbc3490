"""An agent with an endpoint gets its tasks by signed POSTs, and what it answers counts."""

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from .firms import TASKS, Firm
from .receivers import Receiver, Reply, receiving


def test_a_task_is_sent_signed_and_started_when_the_endpoint_takes_it(
    firm: Firm, receiver: Receiver
) -> None:
    secret = firm.webhook()["secret"]
    task_id = firm.submit(payload={"rows": [1, 2.50]})

    received = receiver.next()
    running = firm.ends(task_id, "running")

    assert received.webhook_id == f"{task_id}:1"
    assert received.signatures == [received.signed_with(secret)]
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("aia-mas/")
    sent = received.json
    assert (sent["task_id"], sent["agent_id"]) == (task_id, firm.agent_id)
    assert (sent["payload"], sent["lease"]) == ({"rows": [1, 2.5]}, running["lease"])
    # From here on it is a task like any other.
    report = {"agent_id": firm.agent_id, "lease": sent["lease"], "result": "done"}
    done = firm.client.post(f"{TASKS}/{task_id}/complete", json=report)
    assert done.json()["status"] == "completed"
    assert receiver.tasks.empty()
    last = firm.webhook()["last_delivery"]
    assert (last["webhook_id"], last["outcome"], last["status"]) == (f"{task_id}:1", "taken", 202)


def test_a_task_is_completed_in_one_go(firm: Firm, receiver: Receiver) -> None:
    usage = {"model": "m", "tokens_in": 3, "cost": "0.25"}
    receiver.answer = lambda got: Reply(
        200, {"result": got.json["payload"] * 2, "quality": 0.75, "usage": usage}
    )

    task = firm.ends(firm.submit(payload=21))

    assert (task["result"], task["quality"], task["agent_id"]) == (42, 0.75, firm.agent_id)
    assert task["usage"]["cost"] == "0.25"
    assert task["started_at"] is not None


def test_a_task_is_given_up_in_one_go(firm: Firm, receiver: Receiver) -> None:
    wrong = {"error_code": "bad_payload", "message": "no rows", "retryable": False}
    receiver.answer = lambda _: Reply(200, wrong)

    task = firm.ends(firm.submit(), "failed")

    assert (task["error"]["code"], task["error"]["message"]) == ("bad_payload", "no rows")


def test_a_result_that_costs_too_much_fails_the_attempt(firm: Firm, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, {"result": 1, "usage": {"cost": 3}})

    retry = {"max_attempts": 1}
    task = firm.ends(firm.submit(max_cost="2", cost_policy="refuse", retry=retry), "dead")

    assert task["error"]["code"] == "cost_exceeded"


@pytest.mark.parametrize(
    "bad",
    [
        Reply(500),
        Reply(404, b"not here"),
        Reply(429),
        Reply(200, b"OK"),
        Reply(200, {"quality": 0.5}),
        Reply(200, {"result": 1, "quality": 7}),
        Reply(200, b'{"result": "\\u0000"}'),
        Reply(200, {"result": 1}, {"content-encoding": "gzip"}),
        Reply(301, b"", {"location": "/elsewhere"}),
    ],
    ids=lambda reply: f"{reply.status} {str(reply.body)[:20]}",
)
def test_whatever_else_is_answered_the_task_is_sent_again(
    firm: Firm, receiver: Receiver, bad: Reply
) -> None:
    answers = iter([bad, bad])
    receiver.answer = lambda _: next(answers, Reply(200, {"result": "at last"}))

    task = firm.ends(firm.submit())

    assert (task["result"], task["attempt"]) == ("at last", 1)
    got = [receiver.next() for _ in range(3)]
    assert {each.webhook_id for each in got} == {f"{task['task_id']}:1"}
    assert {each.path for each in got} == {"/"}  # redirects are not followed
    assert receiver.tasks.empty()
    assert firm.webhook()["failures"] == 0


@pytest.mark.parametrize("by", ["seconds", "date"])
def test_an_endpoint_that_asks_for_a_pause_gets_it(firm: Firm, receiver: Receiver, by: str) -> None:
    pause = "1" if by == "seconds" else ""
    times: list[datetime] = []

    def answer(_: Any) -> Reply:
        times.append(datetime.now(UTC))
        if len(times) > 1:
            return Reply()
        at = format_datetime(times[0] + timedelta(seconds=2), usegmt=True)
        return Reply(503, b"", {"retry-after": pause or at})

    receiver.answer = answer
    firm.ends(firm.submit(), "running")

    assert times[1] - times[0] >= timedelta(seconds=0.9)
    assert not any(event["topic"].endswith("disabled.v1") for event in firm.events())


def test_what_is_started_otherwise_is_not_sent_again(firm: Firm, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(500)
    task_id = firm.submit()
    sent = receiver.next().json
    attempt = {"agent_id": firm.agent_id, "lease": sent["lease"]}
    assert firm.client.post(f"{TASKS}/{task_id}/start", json=attempt).status_code == 200
    receiver.answer = lambda _: Reply()
    other = firm.submit()

    while (got := receiver.next()).webhook_id != f"{other}:1":
        assert got.webhook_id == f"{task_id}:1"

    firm.ends(other, "running")
    assert receiver.tasks.empty()


def test_a_slow_endpoint_holds_up_nobody_else(
    hooks: Any, firm: Firm, receiver: Receiver, unique: str
) -> None:
    go_on = threading.Event()

    def slow(_: Any) -> Reply:
        go_on.wait(15)
        return Reply(200, {"result": "slow"})

    receiver.answer = slow
    held = [firm.submit() for _ in range(15)]  # more than one host may have under way
    try:
        with receiving() as other:
            other.answer = lambda _: Reply(200, {"result": "quick"})
            quick = Firm(hooks.client, other.url, f"{unique}-quick")
            for task_id in [quick.submit() for _ in range(3)]:
                assert quick.ends(task_id)["result"] == "quick"
        assert not go_on.is_set()
    finally:
        go_on.set()
    for task_id in held:
        firm.ends(task_id)


def test_an_endpoint_that_is_set_later_gets_what_waits(
    hooks: Any, receiver: Receiver, unique: str
) -> None:
    firm = Firm(hooks.client, None, unique)
    task_id = firm.submit()
    assert firm.webhook()["state"] == "none"

    firm.client.patch(firm.path, json={"endpoint": f"{receiver.url}/agents?a=1"})

    received = receiver.next()
    assert (received.path, received.json["task_id"]) == ("/agents?a=1", task_id)
    firm.ends(task_id, "running")


def test_deliveries_are_counted(hooks: Any, firm: Firm, receiver: Receiver) -> None:
    firm.ends(firm.submit(), "running")

    metrics = hooks.client.get(hooks.url + "/metrics").text

    lines = [line for line in metrics.splitlines() if "webhook" in line]
    assert any('deliveries_total{outcome="taken"}' in line for line in lines), lines
    assert any('webhook_endpoints{state="enabled"}' in line for line in lines)


def test_a_body_is_sent_as_claim_answers_it(firm: Firm, receiver: Receiver, unique: str) -> None:
    other = Firm(firm.client, None, f"{unique}-asks")
    claimed_id = other.submit(tags=["x"], payload={"n": "ü"}, deadline="2100-01-01T00:00:00Z")
    (claimed,) = firm.client.post(f"{other.path}/claim", json={"wait": 10}).json()["items"]
    firm.submit(tags=["x"], payload={"n": "ü"}, deadline="2100-01-01T00:00:00Z")
    sent = json.loads(receiver.next().body)

    own = {"task_id", "agent_id", "lease", "requirements"}
    assert claimed["task_id"] == claimed_id
    assert {key: value for key, value in sent.items() if key not in own} == {
        key: value for key, value in claimed.items() if key not in own
    }
    assert sent.keys() == claimed.keys()
