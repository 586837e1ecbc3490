"""What goes over the sockets is what the AsyncAPI document says, frame by frame."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema_rs import validator_for

from .agents_at_work import API, Worker, held, register, submit
from .economy_at_work import ECONOMIC, post, propose, staker


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: on a shared one others' tasks take places, too."""
    return start_for_module()


class Protocol:
    """The document, and which of its frames were seen."""

    def __init__(self, node: Any) -> None:
        self.document = node.client.get("/asyncapi.json").json()
        self.seen: set[str] = set()
        self._checks: dict[str, Any] = {}

    def check(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind not in self._checks:
            payload = self.document["components"]["messages"][kind]["payload"]
            schema = {**payload, "components": self.document["components"]}
            self._checks[kind] = validator_for(schema)
        problems = [error.message for error in self._checks[kind].iter_errors(frame)]
        assert not problems, (problems, frame)
        self.seen.add(kind)

    def said_on(self, channel: str, action: str) -> set[str]:
        operations = self.document["operations"].values()
        return {
            message["$ref"].rpartition("/")[2]
            for operation in operations
            if operation["action"] == action
            and operation["channel"]["$ref"] == f"#/channels/{channel}"
            for message in operation["messages"]
        }


class Watched:
    """A connection whose every frame is held against the document, both ways."""

    def __init__(self, connection: Any, protocol: Protocol) -> None:
        self._connection, self._protocol = connection, protocol

    def recv(self, *patience: Any) -> Any:
        text = self._connection.recv(*patience)
        self._protocol.check(json.loads(text))
        return text

    def send(self, text: str) -> None:
        message = json.loads(text)
        if message["type"] != "nonsense":
            self._protocol.check(message)
        self._connection.send(text)

    def close(self) -> None:
        self._connection.close()


@pytest.mark.parametrize("path", ["/asyncapi.json", "/mas/asyncapi.json"])
def test_the_document_names_the_node_it_came_from(node: Any, path: str) -> None:
    answer = node.client.get(path)
    made = answer.json()
    assert made["asyncapi"] == "3.0.0"
    assert f"http://{made['servers']['node']['host']}" == node.url
    assert answer.headers["content-type"].startswith("application/json")


def test_types_for_typescript_come_from_the_node_too(node: Any) -> None:
    answer = node.client.get("/asyncapi.ts")
    assert "export type AgentHears =" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_every_frame_of_a_story_is_as_the_document_says(
    node: Any, work: Callable[..., Worker], watch: Callable[..., Any], unique: str
) -> None:
    protocol = Protocol(node)
    board = watch(node, unique)
    board.connection = Watched(board.connection, protocol)
    board.next("metrics_update")
    board.subscribe("tasks")
    board.subscribe("agents", id="a", after=0, filter={"agent_ids": [unique]})
    register(node, unique, max_concurrent_tasks=3)
    worker = work(node, f"{unique}?messages=true")
    worker.connection = Watched(worker.connection, protocol)
    worker.next("welcome")

    done, asked, lost = (submit(node, unique, payload={"n": n}) for n in range(3))
    tasks = [worker.next("task_assigned")["data"] for _ in (done, asked, lost)]
    given = {task["task_id"]: task for task in tasks}
    for task in given.values():
        worker.ask("accept", held(task), idempotency_key=f"{unique}-{task['task_id']}")
    worker.ask("progress", held(given[done], percent=50, message="half", partial=[1], log=["x"]))
    worker.ask("complete", held(given[done], result={"sum": 3}, quality=0.5))
    worker.ask("input", held(given[asked], question="Which?", choices=["a", "b"]))
    node.client.post(f"{API}/agents/tasks/{asked}/input", json={"answer": "a"})
    worker.next("task_input")
    worker.ask("heartbeat", {"tasks": [asked], "load": 0.5, "metrics": {"gb": 1}})
    failed = held(given[asked], error_code="no", message="cannot", retryable=False)
    worker.ask("fail", failed)
    assert worker.ask("fail", failed)["status"] >= 400  # a problem is a receipt, too
    node.client.post(f"{API}/agents/tasks/{lost}/cancel", json={"reason": "no more"})
    worker.next("task_lost")
    node.client.post(f"{API}/agents/{unique}/drain", json={})
    worker.next("agent_status")
    worker.say("nonsense")
    worker.next("error")

    board.subscribe("messages")
    worker.ask("subscribe_topics", {"patterns": [unique]})
    for place in ({"topic": unique}, {"to_agent": unique}):
        said = {"message_type": "t", "from_agent": f"{unique}-x", "headers": {"a": "b"}, **place}
        worker.ask("send", {**said, "payload": {"n": 1}, "priority": "high", "ttl": 60})
    messages = [worker.next("message")["data"]["message_id"] for _ in range(2)]
    worker.ask("nack", {"message_id": messages[0], "reason": "no", "retry_after_seconds": 0})
    assert worker.next("message")["data"]["attempt"] == 2
    assert worker.ask("ack", {"message_ids": messages})["data"]["acknowledged"] == 2
    assert worker.ask("ack", {"message_ids": messages})["data"]["refused"] == 2
    worker.ask("unsubscribe_topics", {"patterns": [unique]})
    board.next("message_update")

    for topic in ("tasks", "agents"):
        board.subscribe(topic, id=f"s-{topic}", snapshot=True, filter={"agent_ids": [unique]})
        assert board.next("snapshot")["data"]["items"]
    board.subscribe("economy")
    board.next("economic_update")
    board.subscribe("proposals")
    propose(node, unique, staker(node, unique))
    board.next("proposal_update")
    board.subscribe("budgets")
    terms = {"scope": "client", "match": unique, "amount": "5", "period": "day"}
    post(node, f"{ECONOMIC}/budgets", **terms)
    board.next("budget_update")
    board.say(type="ping", id="p")
    board.next("pong")
    board.say(type="unsubscribe", id="a")
    board.next("unsubscribed")
    told = protocol.said_on("agent", "send") | protocol.said_on("agent", "receive")
    assert told | protocol.said_on("frontend", "send") == protocol.seen
    for action in ("send", "receive"):
        assert protocol.said_on("mailbox", action) < protocol.seen
