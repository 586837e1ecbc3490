"""Two nodes on one database: one fleet, one log, and a successor when the leader dies."""

import signal
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import anyio.abc
import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from .aftermath import aftermath
from .clients import Client, client_of, comes_again
from .firm import Firm
from .history import History
from .nodes import Node
from .places import Place
from .sockets import Dashboard, dashboard
from .waiting import eventually, happens

AGENTS = {"ann": 1, "bob": 2, "cat": 3, "dan": 1, "eve": 2, "flo": 3}
FICKLE = ("ann", "bob", "cat")
"""Agents that are suspended, or leave, while they work."""


async def test_two_nodes(place: Place) -> None:
    one, two = await place.start_two()

    async with client_of(place.urls) as client, anyio.create_task_group() as tasks:
        firm = Firm(client, AGENTS)
        await firm.open()
        witnesses = [Witness(place, node) for node in (one, two)]
        for witness in witnesses:
            await tasks.start(witness.watch)
        async with anyio.create_task_group() as work:
            work.start_soon(partial(firm.run, clients=3))
            await own_writes_are_read_elsewhere(client, one, two)
            await both_nodes_tell_metrics(client, one, two)
            await agents_come_and_go(client, rounds=6)

            leader = await place.leader()
            survivor = two if leader is one else one
            await leader.kill()
            assert await place.leader() is survivor
            await agents_come_and_go(client, rounds=4)
            await firm.finished(20)

            await place.restart_postgres(signal.SIGKILL)
            await firm.finished(20)
            firm.close()
        last = max(answer.position for answer in client.answers.values())
        for witness in witnesses:
            await witness.heard_of(last)
        await place.caught_up()
        tasks.cancel_scope.cancel()

    await survivor.finish()
    assert one.complaints() == two.complaints() == []
    async with aftermath(place.data_dir) as left:
        firm.check(left.history)
        for witness in witnesses:
            witness.check(left.history)
        await left.nothing_was_given_up()
        await left.read_models_equal_rebuilds()


async def own_writes_are_read_elsewhere(client: Client, *nodes: Node) -> None:
    """Write on one node and read on the other, which waits until it has that position."""

    async def answer(method: str, url: str, **more: Any) -> httpx.Response:
        """Ask until there is another answer than to come again, which a busy machine may give."""

        async def look() -> httpx.Response | None:
            got = await client.http.request(method, url, **more)
            return None if comes_again(got) else got

        return await eventually(look, f"an answer to {method} {url}")

    for number in range(10):
        writer, reader = nodes[number % 2], nodes[1 - number % 2]
        labels = {"number": str(number)}
        written = await answer("PATCH", f"{writer.url}/agents/flo", json={"labels": labels})
        assert written.status_code == 200, written.text
        position = {"min_position": written.headers["x-event-position"]}
        one = await answer("GET", f"{reader.url}/agents/flo", params=position)
        assert one.json()["labels"] == labels
        several = await answer("GET", f"{reader.url}/agents", params=position)
        assert labels in [agent["labels"] for agent in several.json()["items"]]


async def both_nodes_tell_metrics(client: Client, one: Node, two: Node) -> None:
    """Metrics arrive over both sockets, whichever node took the command."""
    async with dashboard(one) as left, dashboard(two) as right:
        for board in (left, right):
            await agents_are_counted(board, len(AGENTS))
        for node in (one, two):
            await client.order("PUT", f"/agents/idle-{node.name}", {"skills": {"idling": 1.0}})
        for board in (left, right):
            await agents_are_counted(board, len(AGENTS) + 2)


async def agents_are_counted(board: Dashboard, number: int) -> None:
    """Wait until a socket tells of so many agents."""
    while (await board.hear("metrics_update"))["data"]["agents"]["registered"] != number:
        pass


async def agents_come_and_go(client: Client, *, rounds: int) -> None:
    """Suspend agents and let them leave while they work, each time asking another node."""
    for number in range(rounds):
        agent = FICKLE[number % len(FICKLE)]
        if number % 2:
            await client.order("DELETE", f"/agents/{agent}")
            body = {"skills": {"work": 0.8}, "max_concurrent_tasks": AGENTS[agent]}
            await client.order("PUT", f"/agents/{agent}", body)
        else:
            await client.order("POST", f"/agents/{agent}/suspend")
            await client.order("POST", f"/agents/{agent}/activate")


class Witness:
    """A client that wants every fact about tasks, and resumes on another node if it must.

    Attributes:
        first: The position behind which it began.
        position: The last position that it heard of.
        heard: All of them.
    """

    def __init__(self, place: Place, node: Node) -> None:
        self.first = self.position = 0
        self.heard: list[int] = []
        self._place = place
        self._node = node

    async def watch(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Listen until cancelled."""
        async with dashboard(self._node) as board:
            self.first = self.position = (await board.subscribe("tasks"))["position"]
            task_status.started()
            await self._listen(board)
        while True:
            await happens(self._place.urls, "a node")
            self._node = next(node for node in self._place.nodes if node.answers)
            # A node that dies may break the connection off before or while it is opened.
            with suppress(OSError, InvalidHandshake):
                await self._resume()

    async def _resume(self) -> None:
        async with dashboard(self._node) as board:
            answer = await board.subscribe("tasks", after=self.position)
            assert answer["recovered"], answer
            await self._listen(board)

    async def _listen(self, board: Dashboard) -> None:
        with suppress(ConnectionClosed):
            while True:
                self.position = (await board.hear("task_update"))["position"]
                self.heard.append(self.position)

    async def heard_of(self, position: int) -> None:
        """Wait until it has heard of a position."""
        await happens(lambda: self.position >= position, f"the fact at {position}")

    def check(self, history: History) -> None:
        """It heard of everything once and in order, over however many connections."""
        assert self.heard == [
            event.position
            for event in history.events
            if event.stream.startswith("task/") and self.first < event.position <= self.position
        ]
