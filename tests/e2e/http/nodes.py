"""What tests share about nodes: one on which nothing happens by itself, and waits for what does."""

import time
from typing import Any

import httpx

QUIET = {"heartbeat_interval_seconds": 3_600, "pickup_timeout_seconds": 3_600}
"""Settings of a node whose log stands still between requests, once every task has its agent."""

NOBODY_S: dict[str, Any] = {"requirements": {"skills": ["nobody-has-it"]}}
"""What a task asks for that is to wait on a shared node: without it any test's agent may get it."""


def assigned(client: httpx.Client, task_id: str) -> dict[str, Any]:
    """Return a task once an agent has it: with its submission, or a moment later (bounded)."""
    path, until = f"/mas/api/v1/agents/tasks/{task_id}", time.monotonic() + 60.0
    position = 0
    while time.monotonic() < until:
        # Answered when something has happened, or after a while.
        answer = client.get(path, params={"min_position": position})
        # What was submitted a moment ago need not be in the read model yet.
        if answer.status_code == 200:
            task: dict[str, Any] = answer.json()
            if task["lease"]:
                return task
            position = int(answer.headers["x-event-position"]) + 1
    raise AssertionError(f"nobody has {task_id}: {client.get(f'{path}/explain').text}")


def stranger_on(client: httpx.Client) -> str:
    """Register the agent that bad requests talk about; returns its id, which is its skill too."""
    body = {"agent_id": "bad-input", "skills": {"bad-input": 1}, "max_concurrent_tasks": 1000}
    answer = client.put("/mas/api/v1/agents/bad-input", json=body)
    assert answer.status_code in {200, 201}, answer.text
    return "bad-input"
