"""Random histories of agents and tasks, and a subscriber that folds what it is told of them."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .agents_at_work import API
from .conftest import Dashboard

Entity = dict[str, Any]


class History:
    """Does at random what clients and agents do over HTTP."""

    def __init__(self, node: Any, prefix: str, chance: random.Random) -> None:
        self.node = node
        self.chance = chance
        self.agents = [f"{prefix}-{number}" for number in range(4)]
        self.type = prefix
        self.held: list[Entity] = []
        self.task_ids: list[str] = []

    def write(self, steps: int) -> Iterator[Sequence[str]]:
        """Do so many things, and yield before each which tasks there are."""
        for agent_id in self.agents:
            self.register(agent_id)
        doings = [self.submit, self.submit, self.claim, self.claim, self.work, self.work, self.work]
        doings += [self.cancel, self.manage, self.register_one]
        for _ in range(steps):
            yield self.task_ids
            self.chance.choice(doings)()

    def register(self, agent_id: str) -> None:
        body = {"skills": {self.type: self.chance.random()}, "max_concurrent_tasks": 3}
        self.ask("PUT", f"agents/{agent_id}", body)

    def register_one(self) -> None:
        self.register(self.chance.choice(self.agents))

    def submit(self) -> None:
        retry = {"max_attempts": 2}
        wanted = {"task_type": self.type, "requirements": {"skills": [self.type]}}
        priority = {"priority": self.chance.choice(["low", "normal", "critical"])}
        answer = self.ask("POST", "agents/tasks/submit", wanted | priority | retry)
        self.task_ids.append(answer["task_id"])

    def claim(self) -> None:
        agent_id = self.chance.choice(self.agents)
        self.held += self.ask("POST", f"agents/{agent_id}/claim", {"limit": 2}).get("items", [])

    def work(self) -> None:
        if not self.held:
            return
        task = self.chance.choice(self.held)
        more = self.chance.choice(
            [
                ("start", {}),
                ("start", {}),
                ("progress", {"percent": self.chance.randint(0, 100), "message": "x"}),
                ("ask", {"question": "which?"}),
                ("complete", {"result": 1, "quality": 0.5}),
                ("fail", {"error_code": "broken"}),
            ]
        )
        action, body = more
        holder = {"agent_id": task["agent_id"], "lease": task["lease"]}
        self.ask("POST", f"agents/tasks/{task['task_id']}/{action}", holder | body)
        self.ask("POST", f"agents/tasks/{task['task_id']}/input", {"answer": 1})

    def cancel(self) -> None:
        if self.task_ids:
            self.ask("POST", f"agents/tasks/{self.chance.choice(self.task_ids)}/cancel", {})

    def manage(self) -> None:
        agent_id = self.chance.choice(self.agents)
        if self.chance.random() < 0.2:
            self.ask("DELETE", f"agents/{agent_id}", None)
        else:
            action = self.chance.choice(["drain", "suspend", "activate"])
            self.ask("POST", f"agents/{agent_id}/{action}", {})

    def ask(self, method: str, path: str, body: Any) -> Entity:
        answer = self.node.client.request(method, f"{API}/{path}", json=body)
        assert answer.status_code < 500, answer.text
        content: Entity = answer.json() if answer.content else {}
        return content


class Follower:
    """Subscribes to tasks and agents with snapshots, and keeps what it is told.

    Attributes:
        tasks: What it knows of tasks, by their ids.
        agents: What it knows of agents.
        facts: How many facts it was told.
    """

    def __init__(self, board: Dashboard, task_ids: Sequence[str] | None) -> None:
        self.board = board
        self.wanted = None if task_ids is None else {"task_ids": [*task_ids]}
        self.tasks: dict[str, Entity] = {}
        self.agents: dict[str, Entity] = {}
        self.facts = 0

    def follow(self, end: Callable[[], int]) -> None:
        """Listen until it was told everything up to the end, once there is one."""
        wanted = {} if self.wanted is None else {"filter": self.wanted}
        self.board.say(type="subscribe", topic="tasks", snapshot=True, **wanted)
        self.board.say(type="subscribe", topic="agents", snapshot=True)
        while True:
            last = end()
            self.board.say(type="ping")
            while (frame := self.board.hear())["type"] != "pong":
                self.hear(frame)
            positions = frame["data"]["positions"]
            if last and len(positions) == 2 and min(positions.values()) >= last:
                return

    def hear(self, frame: Entity) -> None:
        kind, data = frame["type"], frame["data"]
        known = self.tasks if frame.get("id") == "tasks" else self.agents
        key = "task_id" if known is self.tasks else "agent_id"
        if kind == "snapshot":
            if data["first"]:
                known.clear()
            known.update({item[key]: item for item in data["items"]})
        elif kind in {"task_update", "agent_update"}:
            self.facts += 1
            fold(known.setdefault(data[key], {"version": 0}), data, frame["position"])
        else:
            assert kind in {"subscribed", "metrics_update"}, frame


def fold(entity: Entity, data: Entity, position: int) -> None:
    """Take in a fact, which must be the next one."""
    came_anew = data["event"] == "agent.registered"  # those that are gone are not in snapshots
    assert data["version"] == entity["version"] + 1 or (came_anew and not entity["version"]), data
    assert position > entity.get("position", 0) or "online" in entity
    told = ("status", "online", "priority", "attempt", "quality", "max_concurrent_tasks")
    entity |= {name: data[name] for name in told if name in data}
    entity["version"] = data["version"]
