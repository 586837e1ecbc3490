"""The examples in the documentation: every command has one, and each does what it says."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from .mail import until_it_is
from .nodes import assigned

AGENT = "data_analyst_001"
AGENT_PATH = f"/mas/api/v1/agents/{AGENT}"
NOTHING_TO_SAY = {
    *("activate_agent", "create_ticket", "delete_type_policy", "remove_limit"),
    *("rotate_webhook_secret", "test_agent_webhook"),
}
"""Operations whose body is empty."""
ORDER = (
    *("register_agent", "put_agent", "update_agent", "set_limit", "put_policies"),
    *("put_type_policy", "submit_tasks", "submit_task", "claim_tasks", "send_heartbeat"),
    *("start_task", "report_progress", "ask_for_input", "give_input", "complete_task"),
    *("rate_task", "cancel_tasks", "reprioritise_tasks", "reassign_tasks", "drain_agents"),
    *("close_connections", "revoke_tokens"),
    *("pause_tasks", "resume_tasks", "retry_tasks", "redrive_tasks"),
)
"""A story in which each of these can be carried out; the task is that of ``submit_task``."""
LATER = ("reprioritise_task", "reassign_task", "fail_task", "cancel_task", "retry_task")
"""The same about a further task."""


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: the examples are about all tasks and agents."""
    return start_for_module()


def operations(client: httpx.Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation with its method and path."""
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_every_parameter_is_explained(node: Any) -> None:
    for _, path, operation in operations(node.client):
        for parameter in operation["parameters"]:
            assert parameter.get("description"), (path, parameter["name"])


def test_the_groups_of_operations_are_explained(node: Any) -> None:
    explained = {tag["name"] for tag in node.client.get("/openapi.json").json()["tags"]}
    used = {tag for _, _, operation in operations(node.client) for tag in operation["tags"]}

    assert explained == used


def test_a_full_queue_is_announced_without_a_limit_of_requests(node: Any) -> None:
    announced = {
        operation["operationId"]
        for _, _, operation in operations(node.client)
        if "429" in operation["responses"]
    }

    assert announced == {
        *("submit_task", "submit_tasks"),
        *("send_message", "send_messages", "request_reply"),
    }


def examples(client: httpx.Client) -> dict[str, tuple[set[str], tuple[str, str, Any]]]:
    """Return the tags, the method, the path and the example of all that take a body, by name."""
    return {
        operation["operationId"]: (set(operation["tags"]), (method, path, body.get("example")))
        for method, path, operation in operations(client)
        if (body := operation.get("requestBody", {}).get("content", {}).get("application/json"))
    }


class Story:
    """Carries out examples as they stand, for one task at a time."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        # Those of the economy have a story of their own, and so have those of messages.
        self.examples = {
            name: example
            for name, (tags, example) in examples(client).items()
            if not tags & {"economy", "communication"}
        }
        self.task: dict[str, Any] = {}
        self.connection_id = ""

    def do(self, name: str) -> Any:
        method, path, example = self.examples[name]
        places = {"agent_id": AGENT, "task_type": "data_analysis", "key": "reports"}
        places |= {"task_id": self.task.get("task_id", ""), "connection_id": self.connection_id}
        path = path.format(**places)
        if "lease" in example:
            example = {**example, "lease": self.task["lease"]}
        answer = self.client.request(method, path, json=example)
        assert answer.status_code in {200, 201}, (name, answer.text)
        return answer.json()


def connection_id_of(node: Any) -> str:
    """Wait until the one socket of the node is listed."""
    while True:
        listed = node.client.get("/mas/api/v1/communication/connections").json()["items"]
        if listed:
            return str(listed[0]["connection_id"])


def test_every_example_can_be_sent_as_it_stands(node: Any) -> None:
    story = Story(node.client)
    missing = {name for name, (_, _, example) in story.examples.items() if example is None}
    assert missing == NOTHING_TO_SAY
    others = {"unregister_agent", "suspend_agent", "drain_agent", "close_connection"}
    assert story.examples.keys() - missing == {*ORDER, *LATER, *others}

    for name in ORDER:
        answer = story.do(name)
        if name == "submit_task":
            story.task = assigned(node.client, answer["task_id"])
            assert story.task["agent_id"] == AGENT
    assert answer["matched"] == 0
    for name in LATER:
        # Each has a task of its own; whoever lost it does not get it again.
        story.task = assigned(node.client, story.do("submit_task")["task_id"])
        assert story.task["agent_id"] == AGENT
        if name == "retry_task":
            story.do("cancel_task")
        story.do(name)
        story.do("cancel_task")
    story.do("drain_agent")
    story.do("suspend_agent")
    with connect(
        node.url.replace("http", "ws", 1) + AGENT_PATH.replace("agents", "agents/ws/agent")
    ):
        story.connection_id = connection_id_of(node)
        story.do("close_connection")
    answer = node.client.request("DELETE", AGENT_PATH, json=story.examples["unregister_agent"][2])
    assert answer.status_code == 204


def test_every_example_about_messages_can_be_sent_as_it_stands(node: Any) -> None:
    client = node.client
    told = {name: it for name, (tags, it) in examples(client).items() if "communication" in tags}
    assert {name for name, (_, _, example) in told.items() if example is None} == set()
    client.put(AGENT_PATH, json={"skills": {"statistics": 0.8}})
    client.put("/mas/api/v1/agents/on_call_001", json={"labels": {"role": "on_call"}})
    done: set[str] = set()

    def do(name: str, message_id: str = "", **changes: Any) -> Any:
        method, path, example = told[name]
        path = path.format(agent_id=AGENT, message_id=message_id, rule_id="on_call")
        answer = client.request(method, path, json={**example, **changes})
        assert answer.status_code in {200, 201}, (name, answer.text)
        done.add(name)
        return answer.json()

    for name in ("set_subscriptions", "add_subscriptions", "forward_messages", "set_rule"):
        do(name)
    do("forward_messages", webhook=False)
    assert do("explain_route")["recipients"] == [AGENT]
    sent = [do("send_message")["message_id"] for _ in range(3)]
    assert do("send_messages")["accepted"] == 2
    do("broadcast_message")
    do("acknowledge_message", sent[0])
    assert do("acknowledge_messages")["refused"] == 1
    assert do("acknowledge_messages", message_ids=sent[1:2])["acknowledged"] == 1
    do("refuse_message", sent[2], retry_after_seconds=0)
    client.post(
        f"/mas/api/v1/communication/messages/{sent[2]}/nack",
        json={"agent_id": AGENT, "requeue": False},
    )
    until_it_is(client, sent[2], "dead")
    assert do("redrive_dead_letters")["items"][0]["message_id"] == sent[2]
    do("redrive_message", sent[2])

    with ThreadPoolExecutor(1) as pool, node.new_client() as other:
        method, path, example = told["request_reply"]
        asked = pool.submit(other.request, method, path, json=example)
        inbox, question = f"/mas/api/v1/communication/agents/{AGENT}/inbox", {}
        while question.get("message_type") != "question":
            items = client.get(inbox, params={"wait": 20}).json()["items"]
            question = next((each for each in items if "reply_to" in each), {})
        answer = {"to_agent": question["reply_to"], "message_type": "answer"}
        client.post(
            "/mas/api/v1/communication/messages/send",
            json={**answer, "correlation_id": question["correlation_id"]},
        )
        assert asked.result().json()["message_type"] == "answer"
        done.add("request_reply")
    assert done == told.keys()
