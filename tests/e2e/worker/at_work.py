"""Workers in threads of a test, and the tasks that they are given."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aia.client import Worker

API = "/mas/api/v1"
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong


class Working:
    """A worker that runs in a thread.

    Attributes:
        error: What it ended by.
    """

    def __init__(self, worker: Worker) -> None:
        self.error: BaseException | None = None
        self.worker = worker
        self._thread = threading.Thread(target=self._live, name=worker.agent_id)
        self._thread.start()

    def _live(self) -> None:
        try:
            asyncio.run(self.worker.serve())
        except BaseException as error:
            self.error = error

    @property
    def alive(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def ended(self) -> BaseException | None:
        """Wait for its end; return what it ended by."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it did not end"
        return self.error

    def stop(self, times: int = 1) -> None:
        """Ask it to stop."""
        for _ in range(times):
            self.worker.stop()


@contextmanager
def working(worker: Worker) -> Iterator[Working]:
    """Run a worker in this block; it is to end in order."""
    running = Working(worker)
    try:
        yield running
    finally:
        if running.alive:
            running.stop()
            if running.ended() is not None:
                raise AssertionError("the worker failed") from running.error


def submit(node: Any, skill: str, task_type: str = "work", **more: Any) -> str:
    """Submit a task for whoever has a skill; returns its id."""
    body = {"task_type": task_type, "requirements": {"skills": [skill]}, **more}
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def until(node: Any, task_id: str, *statuses: str, attempt: int = 0) -> dict[str, Any]:
    """Return a task once it stands so."""
    path, end = f"{API}/agents/tasks/{task_id}", time.monotonic() + PATIENCE
    seen: dict[str, Any] = {}
    while time.monotonic() < end:
        answer = node.client.get(path)
        seen = answer.json()
        if seen["status"] in statuses and seen["attempt"] >= attempt:
            return seen
        # Answered when something has happened, or after a while.
        node.client.get(path, params={"min_position": int(answer.headers["x-event-position"]) + 1})
    raise AssertionError(f"{task_id} is not {statuses} in time: {seen}")


def done(node: Any, task_id: str) -> dict[str, Any]:
    """Return a task once it is at its end."""
    return until(node, task_id, "completed", "failed", "cancelled", "expired", "dead")


def happens(look: Callable[[], object], wanted: str) -> None:
    """Look until something is so that nothing tells of."""
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, f"{wanted} did not come"
        time.sleep(0.01)


def events(node: Any, task_id: str) -> list[str]:
    """Return what happened to a task: topics without their version."""
    answer = node.client.get(f"{API}/audit/streams/task/{task_id}")
    return [event["topic"].removesuffix(".v1") for event in answer.json()["items"]]


def agent_of(node: Any, agent_id: str) -> dict[str, Any]:
    """Return an agent."""
    agent: dict[str, Any] = node.client.get(f"{API}/agents/{agent_id}").json()
    return agent
