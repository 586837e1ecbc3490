"""Agents on their socket: work comes by itself, and every message gets its receipt."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from .agents_at_work import API, PATIENCE, Worker, held, register, submit


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: on a shared one others' tasks take places, too."""
    return start_for_module()


def test_a_task_comes_by_itself_and_is_worked_to_its_end(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    assert worker.next("welcome")["data"] == {
        "agent_id": unique,
        "status": "active",
        "heartbeat_seconds": 30.0,
        "tasks": [],
    }
    task_id = submit(node, unique, payload={"rows": [1, 2]})
    task = worker.next("task_assigned")["data"]
    assert (task["task_id"], task["payload"]) == (task_id, {"rows": [1, 2]})

    started = worker.ask("accept", held(task))
    assert (started["status"], started["data"]["status"]) == (200, "running")
    advanced = worker.ask("progress", held(task, percent=50, message="half", log=["line"]))
    assert advanced["data"]["status"] == "running"
    done = worker.ask("complete", held(task, result={"sum": 3}, usage={"cost": "1.5"}))
    assert (done["status"], done["data"]["status"]) == (200, "completed")
    assert started["position"] < advanced["position"] < done["position"]
    stands = node.client.get(
        f"{API}/agents/tasks/{task_id}", params={"min_position": done["position"]}
    ).json()
    assert (stands["status"], stands["result"]) == ("completed", {"sum": 3})


def test_what_was_assigned_before_comes_when_the_agent_connects(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique, max_concurrent_tasks=3)
    ids = [submit(node, unique) for _ in range(3)]
    worker = work(node, unique)
    got = [worker.next("task_assigned")["data"] for _ in ids]
    assert sorted(task["task_id"] for task in got) == sorted(ids)
    assert worker.ask("accept", held(got[0]))["status"] == 200
    worker.connection.close()

    again = work(node, unique)
    begun = again.next("welcome")["data"]["tasks"]
    assert [(task["task_id"], task["lease"]) for task in begun] == [
        (got[0]["task_id"], got[0]["lease"])
    ]
    waiting = [again.next("task_assigned")["data"] for _ in ids[1:]]
    assert waiting == got[1:]


def test_an_agent_is_told_what_was_taken_from_it_and_not_what_it_ended(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique, max_concurrent_tasks=2)
    worker = work(node, unique)
    first, second = submit(node, unique), submit(node, unique)
    tasks = {
        task["task_id"]: task for task in (worker.next("task_assigned")["data"] for _ in range(2))
    }
    for task in tasks.values():
        worker.ask("accept", held(task))
    assert worker.ask("complete", held(tasks[first]))["status"] == 200
    node.client.post(f"{API}/agents/tasks/{second}/cancel", json={"reason": "no more"})
    assert worker.next("task_lost")["data"] == {
        "task_id": second,
        "lease": tasks[second]["lease"],
        "status": "cancelled",
    }
    late = worker.ask("complete", held(tasks[second]))
    assert (late["status"], late["data"]["code"]) == (409, "task_cancelled")


def test_an_answer_to_a_question_comes_to_the_agent(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    task_id = submit(node, unique)
    task = worker.next("task_assigned")["data"]
    worker.ask("accept", held(task))
    asked = worker.ask("input", held(task, question="Which?", choices=["a", "b"]))
    assert asked["data"]["status"] == "input_required"
    node.client.post(f"{API}/agents/tasks/{task_id}/input", json={"answer": "b"})
    told = worker.next("task_input")["data"]
    assert (told["task_id"], told["number"], told["answer"]) == (task_id, 1, "b")


def test_a_message_repeated_with_its_key_is_carried_out_once(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    submit(node, unique)
    task = worker.next("task_assigned")["data"]
    worker.ask("accept", held(task))
    once = worker.ask("complete", held(task, result=1), idempotency_key=unique)
    worker.connection.close()

    again = work(node, unique).ask("complete", held(task, result=1), idempotency_key=unique)
    assert (again["status"], again["position"]) == (200, once["position"])
    assert again["replayed"] is True
    other = work(node, unique).ask("complete", held(task, result=2), idempotency_key=unique)
    assert (other["status"], other["data"]["code"]) == (422, "idempotency_key_reused")


def test_messages_about_one_task_are_carried_out_in_their_order(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique, max_concurrent_tasks=20)
    worker = work(node, unique)
    for _ in range(20):
        submit(node, unique)
    tasks = [worker.next("task_assigned")["data"] for _ in range(20)]
    wanted = [
        [worker.say(kind, held(task)) for kind in ("accept", "progress", "complete")]
        for task in tasks
    ]
    receipts = {}
    while len(receipts) < 60:
        receipt = worker.next("receipt")
        receipts[receipt["id"]] = receipt
    for ids in wanted:
        assert [receipts[each]["data"]["status"] for each in ids] == [
            "running",
            "running",
            "completed",
        ]


def test_heartbeats_extend_leases_and_tell_what_was_lost(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    submit(node, unique)
    task = worker.next("task_assigned")["data"]
    worker.ask("accept", held(task))
    alive = worker.ask("heartbeat", {"tasks": [task["task_id"], "gone"], "load": 0.5})
    assert alive["status"] == 200
    assert [each["task_id"] for each in alive["data"]["tasks"]] == [task["task_id"]]
    assert alive["data"]["lost"] == [{"task_id": "gone", "status": "unknown", "attempt": 0}]


def test_an_agent_that_answers_pings_stays_online(
    start_node: Callable[..., Any], work: Callable[..., Worker]
) -> None:
    node = start_node(heartbeat_interval_seconds=0.5, websocket_ping_interval_seconds=0.1)
    register(node, "silent")
    register(node, "connected")
    work(node, "connected").next("welcome")
    board = work(node, "connected")
    board.connection.send(json.dumps({"type": "subscribe", "topic": "agents", "after": 0}))
    fact: dict[str, Any] = {}
    while (fact.get("event"), fact.get("agent_id")) != ("agent.went_offline", "silent"):
        fact = board.next("agent_update")["data"]
    agents = node.client.get(f"{API}/agents", params={"min_position": 3}).json()["items"]
    assert {agent["agent_id"]: agent["online"] for agent in agents} == {
        "connected": True,
        "silent": False,
    }


def test_an_agent_may_wait_for_work_for_as_long_as_it_takes(
    start_node: Callable[..., Any],
    work: Callable[..., Worker],
    watch: Callable[..., Any],
) -> None:
    node = start_node(websocket_idle_seconds=1)
    register(node, "patient")
    worker = work(node, "patient")
    board = watch(node)
    board.say(type="unsubscribe", id="metrics")
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            board.connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4009  # it said something later than the agent

    task_id = submit(node, "patient")
    assert worker.next("task_assigned")["data"]["task_id"] == task_id


def test_a_change_of_state_is_told(node: Any, work: Callable[..., Worker], unique: str) -> None:
    register(node, unique)
    worker = work(node, unique)
    node.client.post(f"{API}/agents/{unique}/drain", json={})
    assert worker.next("agent_status")["data"] == {"agent_id": unique, "status": "draining"}


def test_facts_are_had_on_the_same_socket(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    worker.connection.send(
        json.dumps({"type": "subscribe", "topic": "tasks", "filter": {"agent_ids": [unique]}})
    )
    assert worker.next("subscribed")["data"] == {"topic": "tasks"}
    task_id = submit(node, unique)
    assert worker.next("task_update")["data"]["task_id"] == task_id


def test_the_newer_of_two_sockets_serves_the_agent(
    node: Any, work: Callable[..., Worker], unique: str
) -> None:
    register(node, unique)
    older = work(node, unique)
    older.next("welcome")
    newer = work(node, unique)
    newer.next("welcome")
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            older.connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (
        4010,
        "this agent connected once more",
    )
    submit(node, unique)
    newer.next("task_assigned")


@pytest.mark.parametrize(
    ("agent_id", "code", "reason"),
    [("nobody-here", 4004, "agent_not_found"), ("no%20id", 1008, "invalid_id")],
)
def test_who_is_no_agent_is_turned_away(
    node: Any, work: Callable[..., Worker], agent_id: str, code: int, reason: str
) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        work(node, agent_id).connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ({"type": "accept", "data": {"task_id": "t"}}, 422, "missing_field"),
        ({"type": "accept", "data": {"task_id": "t", "lease": 7}}, 422, "invalid_type"),
        ({"type": "accept", "data": {"task_id": "t", "lease": "x", "y": 1}}, 422, "unknown_field"),
        ({"type": "accept", "data": {"task_id": "t t", "lease": "x"}}, 422, "invalid_id"),
        ({"type": "accept", "data": {"task_id": "none", "lease": "x"}}, 404, "task_not_found"),
        (
            {"type": "accept", "data": {"task_id": "t", "lease": "x", "agent_id": "other"}},
            403,
            "permission_denied",
        ),
        ({"type": "accept", "data": [1]}, 422, "invalid_type"),
        ({"type": "heartbeat", "data": {"load": 2}}, 422, "invalid_value"),
        ({"type": "complete", "data": {"task_id": "t\\u0000", "lease": "x"}}, 422, "invalid_id"),
    ],
)
def test_a_message_that_cannot_be_followed_gets_the_problem_of_its_request(
    node: Any,
    work: Callable[..., Worker],
    unique: str,
    message: dict[str, Any],
    status: int,
    code: str,
) -> None:
    register(node, unique)
    worker = work(node, unique)
    receipt = worker.ask(message["type"], message["data"])
    assert (receipt["status"], receipt["data"]["code"]) == (status, code)
    assert receipt["data"]["instance"].endswith(f"/agents/ws/agent/{unique}")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "malformed_json"),
        ('{"type":"dance","id":"1"}', "unknown_type"),
        ('{"type":"accept"}', "invalid_message"),
        ('{"type":"accept","id":"m1","more":1}', "invalid_message"),
        ('{"type":"accept","id":"no id","data":{}}', "invalid_message"),
        ('{"type":"accept","id":"1","idempotency_key":""}', "invalid_message"),
    ],
)
def test_what_is_no_message_is_told_and_the_socket_goes_on(
    node: Any, work: Callable[..., Worker], unique: str, text: str, code: str
) -> None:
    register(node, unique)
    worker = work(node, unique)
    worker.connection.send(text)
    assert worker.next("error")["data"]["code"] == code
    assert worker.ask("heartbeat")["status"] == 200
