"""A laptop that is closed: its agent, and its node, go on later as if no time had passed."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from aia_mas.domain.orchestration.task_events import TaskCompleted

from .aftermath import aftermath
from .heartbeats import SUBMIT
from .nodes import Node
from .places import Place
from .waiting import PATIENCE, eventually, happens

PROGRAM = Path(__file__).with_name("naive_agent.py")
SETTINGS = {
    "MAS_HEARTBEAT_INTERVAL": "1",
    "MAS_TASK_LEASE": "3",
    "MAS_PICKUP_TIMEOUT": "3",
    "MAS_LEADER_LEASE": "2",
}


class Laptop:
    """An agent's program, and what it has told."""

    def __init__(self, node: Node, name: str, told: Path) -> None:
        self.name = name
        self._told = told
        url = node.url.replace("http", "ws", 1) + f"/agents/ws/agent/{name}"
        with told.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), url], stdin=subprocess.DEVNULL, stdout=output
            )

    def told(self, what: str) -> list[dict[str, Any]]:
        """Return what it told of one kind."""
        lines = self._told.read_text().splitlines(keepends=True)
        found = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line for line in found if line["what"] == what]

    async def begun(self, count: int) -> None:
        """Wait until it has begun so many tasks."""
        await happens(lambda: len(self.told("accept")) == count, f"a task begun by {self.name}")

    async def delivered(self, count: int) -> dict[str, Any]:
        """Wait until so many deliveries were answered; return the last answer."""
        await happens(lambda: len(self.told("complete")) == count, f"an answer to {self.name}")
        return self.told("complete")[-1]


class Home:
    """Two nodes, an agent at each, and tasks that both may do."""

    def __init__(self, place: Place, http: httpx.AsyncClient, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.laptops: list[Laptop] = []
        self._http = http

    async def open(self, node: Node, name: str) -> Laptop:
        """Register an agent and start its program."""
        await self.post(node, "/agents/register", {"agent_id": name})
        self.laptops.append(Laptop(node, name, self.folder / name))
        await happens(lambda: self.laptops[-1].told("connected"), f"the connection of {name}")
        return self.laptops[-1]

    async def post(self, node: Node, path: str, body: Any = None) -> Any:
        """Have something done."""
        got = await self._http.post(node.url + path, json=body or {})
        assert got.is_success, got.text
        return got.json()

    async def submit(self, node: Node, name: str) -> tuple[str, Path]:
        """Submit a task; return its id, and the file that lets it be done."""
        until = self.folder / f"until-{name}"
        body = {"task_type": "work", "payload": {"until": str(until)}}
        return (await self.post(node, SUBMIT, body))["task_id"], until

    async def is_begun_by(self, node: Node, task_id: str, name: str) -> None:
        """Wait until a task is worked on by an agent."""

        async def look() -> bool:
            task = (await self._http.get(f"{node.url}/agents/tasks/{task_id}")).json()
            return (task["status"], task["agent_id"]) == ("running", name)

        await eventually(look, f"the work of {name}")


@asynccontextmanager
async def home(place: Place, folder: Path) -> AsyncIterator[Home]:
    """A home; its agents' programs end with it."""
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http:
        here = Home(place, http, folder)
        try:
            yield here
        finally:
            for laptop in here.laptops:
                laptop.process.kill()
                laptop.process.wait()


async def test_nothing_is_done_twice_after_a_suspended_agent_or_node(
    place: Place, tmp_path: Path
) -> None:
    one, two = await place.start_two(SETTINGS)
    async with home(place, tmp_path) as here:
        leader = await place.leader()
        other = two if leader is one else one
        closed = await here.open(leader, "closed")

        # The agent is stopped while it works, beyond its lease.
        first, done = await here.submit(other, "first")
        await closed.begun(1)
        steady = await here.open(other, "steady")
        closed.process.send_signal(signal.SIGSTOP)
        await here.is_begun_by(other, first, "steady")
        done.touch()
        assert (await steady.delivered(1))["status"] == 200
        closed.process.send_signal(signal.SIGCONT)
        late = await closed.delivered(1)
        assert (late["status"], late["code"]) == (409, "stale_lease"), late

        # The node of an agent is stopped, beyond its own leases and those of the agent.
        await here.post(other, "/agents/steady/drain")
        second, done = await here.submit(other, "second")
        await closed.begun(2)
        await here.post(other, "/agents/steady/activate")
        leader.stop()
        assert await place.leader() is other
        await here.is_begun_by(other, second, "steady")
        done.touch()
        assert (await steady.delivered(2))["status"] == 200
        # What it delivers waits in the socket of the node that is stopped.
        await happens(lambda: len(closed.told("delivering")) == 2, "the delivery")
        leader.go_on()
        late = await closed.delivered(2)
        assert (late["status"], late["code"]) == (409, "stale_lease"), late

        # Both go on as if nothing had happened.
        await here.post(other, "/agents/steady/drain")
        third, done = await here.submit(leader, "third")
        done.touch()
        assert (await closed.delivered(3))["status"] == 200
    for node in (one, two):
        await node.finish()
        assert node.complaints() == []
    async with aftermath(place.data_dir) as left:
        done_by = {
            event.stream.partition("/")[2]: event.event.agent_id
            for event in left.history.of(TaskCompleted)
        }
        assert done_by == {first: "steady", second: "steady", third: "closed"}
        assert len(left.history.of(TaskCompleted)) == 3
        assert left.history.holders[first] == left.history.holders[second] == ["closed", "steady"]
        assert left.history.refused == {first: 1, second: 1}
        await left.nothing_was_given_up()
