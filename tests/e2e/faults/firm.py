"""A small firm: clients that submit tasks and agents that do them, until there are no more."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import anyio

from .clients import Answer, Client
from .history import History
from .waiting import happens

SUBMIT = "/agents/tasks/submit"


class Firm:
    """What is done, and what of it was acknowledged.

    Attributes:
        client: Through which everything is done.
        name: The skill that its agents have and its tasks ask for.
        tasks: Submitted tasks, by number.
        done: Tasks that ended.
    """

    def __init__(self, client: Client, agents: Mapping[str, int], name: str = "work") -> None:
        """Wire a firm.

        Args:
            client: How to reach the nodes; each firm has one of its own.
            agents: How many tasks each takes at once.
            name: What distinguishes it from other firms.
        """
        self.client = client
        self.name = name
        self.tasks: dict[int, str] = {}
        self.done: set[str] = set()
        self._agents = agents
        self._numbers = count(1)
        self._taking_orders = True

    async def open(self) -> None:
        """Register the agents."""
        for agent_id, capacity in self._agents.items():
            await self.register(agent_id, capacity)

    async def register(self, agent_id: str, capacity: int) -> None:
        """Register an agent for the firm's tasks."""
        body = {
            "agent_id": agent_id,
            "skills": {self.name: 0.9},
            "max_concurrent_tasks": capacity,
        }
        answer = await self.client.give(f"register:{agent_id}", "/agents/register", body)
        assert answer.status == 201, answer

    async def run(self, *, clients: int) -> None:
        """Submit and work until ``close``, and then until nothing is left to do."""
        async with anyio.create_task_group() as people:
            for agent_id, capacity in self._agents.items():
                people.start_soon(self._work, agent_id, capacity)
            for _ in range(clients):
                people.start_soon(self._order)

    def close(self) -> None:
        """Take no more orders; what was submitted is still done."""
        self._taking_orders = False

    async def answered(self, more: int) -> None:
        """Wait until so many more commands were answered."""
        enough = len(self.client.answers) + more
        await happens(lambda: len(self.client.answers) >= enough, f"{more} more answers")

    async def finished(self, more: int) -> None:
        """Wait until so many more tasks are done."""
        enough = len(self.done) + more
        await happens(lambda: len(self.done) >= enough, f"{more} more tasks done")

    async def submit(self, number: int) -> None:
        """Submit the task of a number."""
        answer = await self.client.repeat(self.key(number), SUBMIT, self.order(number))
        self.note(number, answer)

    def key(self, number: int) -> str:
        """Return the key with which a task is submitted."""
        return f"submit:{self.name}:{number}"

    def order(self, number: int) -> dict[str, Any]:
        """Return what is submitted."""
        return order(number, self.name)

    def note(self, number: int, answer: Answer) -> None:
        """Remember the answer to a submission."""
        assert answer.status == 201, answer
        self.client.keep(self.key(number), answer)
        self.tasks[number] = answer.data["task_id"]

    async def _order(self) -> None:
        while self._taking_orders:
            number = next(self._numbers)
            await self.submit(number)
            if number % 13 == 0:
                await self._call_off(self.tasks[number])
            # Not more than the agents can do.
            while len(self.tasks) - len(self.done) > 4 * len(self._agents) and self._taking_orders:
                await anyio.sleep(0.01)

    async def _call_off(self, task: str) -> None:
        answer = await self.client.give(f"cancel:{task}", f"/agents/tasks/{task}/cancel", {})
        if answer.status == 200:
            self.done.add(task)
        else:
            assert answer.code == "task_already_finished", answer

    async def _work(self, agent_id: str, capacity: int) -> None:
        while self._taking_orders or len(self.done) < len(self.tasks):
            taken = []
            for task in await self.client.claim(agent_id, limit=capacity):
                key = f"start:{task['task_id']}:{task['attempt']}"
                # A node that lags behind may offer once more what is under way or done.
                if key not in self.client.answers and await self._act(key, "start", agent_id, task):
                    taken.append(task)
            for task in taken:
                await self._finish(agent_id, task)

    async def _finish(self, agent_id: str, task: Any) -> None:
        name = f"{task['task_id']}:{task['attempt']}"
        if task["payload"]["flaky"] and task["attempt"] == 1:
            await self._act(f"fail:{name}", "fail", agent_id, task, error_code="flaky")
        elif await self._act(
            f"complete:{name}", "complete", agent_id, task, result=result_of(task)
        ):
            self.done.add(task["task_id"])

    async def _act(self, key: str, action: str, agent_id: str, task: Any, **fields: Any) -> bool:
        """Do something with a task; False when it is no longer this agent's to do."""
        path = f"/agents/tasks/{task['task_id']}/{action}"
        body = {"agent_id": agent_id, "lease": task["lease"], **fields}
        answer = await self.client.give(key, path, body)
        if answer.status == 200:
            return True
        assert answer.code in NO_LONGER_OURS, answer
        return False

    def check(self, history: History) -> None:
        """Compare what was acknowledged with the log: all of it is there, and exactly once."""
        submitted = {
            task: payload["number"]
            for task, payload in history.submitted.items()
            if payload["firm"] == self.name
        }
        assert sorted(submitted.values()) == sorted(self.tasks)
        assert submitted == {task: number for number, task in self.tasks.items()}
        cancelled = {key.split(":")[1] for key in self._accepted("cancel:")}
        completed = {key.split(":")[1] for key in self._accepted("complete:")}
        assert completed == history.completed.keys() & submitted.keys()
        assert completed | cancelled == set(self.tasks.values())
        assert not completed & cancelled
        for key, answer in self._accepted("complete:").items():
            task = key.split(":")[1]
            assert history.completed[task] == answer.sent["result"]
        self._check_commands(history)

    def _accepted(self, prefix: str) -> dict[str, Answer]:
        answers = self.client.answers.items()
        return {key: a for key, a in answers if key.startswith(prefix) and a.status < 400}

    def _check_commands(self, history: History) -> None:
        """Find the events of every command by its key; positions are those that were told."""
        found = history.by_command()
        for key, answer in self._accepted("").items():
            events = found[f"http:{ACTOR}:{key}"]
            # At most a submission and its first assignment; the position is that of the last.
            assert len(events) <= 2
            assert events[-1].position == answer.position, (key, answer)
            assert len({event.stream for event in events}) == 1


NO_LONGER_OURS = {
    "stale_lease",
    "task_already_finished",
    "task_cancelled",
    "not_assigned_to_agent",
}
"""What an agent is told that comes too late: for another attempt, an end, a client's cancel."""

ACTOR = "dev"
"""Who everybody is where no keys are configured."""


def order(number: int, firm: str) -> dict[str, Any]:
    """Return what a client of a firm submits."""
    return {
        "task_type": "work",
        "requirements": {"skills": [firm]},
        "payload": {"firm": firm, "number": number, "flaky": number % 10 == 3},
        "backoff_base_seconds": 0.05,
        "max_attempts": 50,
    }


def result_of(task: Any) -> dict[str, Any]:
    """Return the result of a task."""
    return {"number": task["payload"]["number"], "attempt": task["attempt"]}
