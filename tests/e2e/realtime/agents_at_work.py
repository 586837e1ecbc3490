"""A client of the agent socket, and what it is given to do."""

import json
from typing import Any

from websockets.sync.client import ClientConnection

API = "/mas/api/v1"
PATIENCE = 30.0  # seconds; only ever waited out when something is wrong


class Worker:
    """A client of the agent socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._number = 0
        self._kept: list[dict[str, Any]] = []

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next frame of a type; others are kept."""
        for frame in self._kept:
            if frame["type"] == kind:
                self._kept.remove(frame)
                return frame
        while True:
            frame = json.loads(self.connection.recv(PATIENCE))
            if frame["type"] == kind:
                return frame
            self._kept.append(frame)

    def say(self, kind: str, data: Any = None, **more: Any) -> str:
        """Send a message; returns its id."""
        self._number += 1
        message = {"type": kind, "id": f"m{self._number}", "data": data or {}, **more}
        self.connection.send(json.dumps(message))
        return f"m{self._number}"

    def ask(self, kind: str, data: Any = None, **more: Any) -> dict[str, Any]:
        """Send a message and return its receipt."""
        wanted = self.say(kind, data, **more)
        while True:
            receipt = self.next("receipt")
            if receipt["id"] == wanted:
                return receipt


def register(node: Any, agent_id: str, **capabilities: Any) -> None:
    body = {"skills": {agent_id: 1.0}, **capabilities}
    assert node.client.put(f"{API}/agents/{agent_id}", json=body).status_code == 201


def submit(node: Any, agent_id: str, **more: Any) -> str:
    body = {"task_type": "work", "requirements": {"skills": [agent_id]}, **more}
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def held(task: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"task_id": task["task_id"], "lease": task["lease"], **more}


def task_of(node: Any, task_id: str) -> dict[str, Any]:
    task: dict[str, Any] = node.client.get(f"{API}/agents/tasks/{task_id}").json()
    return task
