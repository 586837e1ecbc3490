"""An agent with an endpoint, as its operators see it over HTTP."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from .receivers import PATIENCE

AGENTS = "/mas/api/v1/agents"
TASKS = f"{AGENTS}/tasks"


class Firm:
    """Registers one agent whose skill is its id, and submits tasks that only it can do."""

    def __init__(self, client: httpx.Client, endpoint: str | None, agent_id: str) -> None:
        self.client = client
        self.agent_id = agent_id
        self.path = f"{AGENTS}/{agent_id}"
        self.body = {"skills": {agent_id: 1}, "endpoint": endpoint, "max_concurrent_tasks": 20}
        self.put()

    def put(self) -> None:
        answer = self.client.put(self.path, json=self.body)
        assert answer.status_code in {200, 201}, answer.text

    def submit(self, **more: Any) -> str:
        body = {"task_type": "t", "requirements": {"skills": [self.agent_id]}, **more}
        answer = self.client.post(f"{TASKS}/submit", json=body)
        assert answer.status_code == 201, answer.text
        task_id: str = answer.json()["task_id"]
        return task_id

    def webhook(self) -> dict[str, Any]:
        answer = self.client.get(f"{self.path}/webhook")
        assert answer.status_code == 200, answer.text
        state: dict[str, Any] = answer.json()
        return state

    def task(self, task_id: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return a task once it is as it should be."""
        return self.wait(f"{TASKS}/{task_id}", good)

    def ends(self, task_id: str, status: str = "completed") -> dict[str, Any]:
        return self.task(task_id, lambda task: bool(task["status"] == status))

    def agent(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the agent once it is as it should be."""
        return self.wait(self.path, good)

    def state(self, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return how things stand with the endpoint once they are as they should be."""
        return self.wait(f"{self.path}/webhook", good)

    def wait(self, path: str, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while True:
            answer = self.client.get(path)
            found: dict[str, Any] = answer.json()
            if good(found):
                return found
            assert time.monotonic() < until, found
            position = answer.headers.get("x-event-position")
            if position is None:
                time.sleep(0.02)
            else:
                # Answered when something has happened, or after a while.
                self.client.get(path, params={"min_position": int(position) + 1})

    def events(self) -> list[dict[str, Any]]:
        """Return what happened to the agent."""
        answer = self.client.get(f"/mas/api/v1/audit/streams/agent/{self.agent_id}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items
