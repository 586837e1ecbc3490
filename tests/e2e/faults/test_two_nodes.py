"""Two nodes on one database: one fleet, one log, and a successor when the leader dies."""

from collections.abc import Sequence

import anyio

from .aftermath import aftermath
from .clients import Client, client_of
from .firm import Firm
from .nodes import Node, Place
from .sockets import dashboard
from .waiting import happens

AGENTS = {"ann": 1, "bob": 2, "cat": 3, "dan": 1, "eve": 2, "flo": 3}
FICKLE = ("ann", "bob", "cat")
"""Agents that are suspended, or leave, while they work."""


async def test_two_nodes(place: Place) -> None:
    place.begin("one"), place.begin("two")  # at once, on nothing at all
    one, two = [await node.up() for node in place.nodes]

    async with client_of(place.urls) as client:
        firm = Firm(client, AGENTS)
        await firm.open()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: firm.run(clients=3))
            await own_writes_are_read_elsewhere(client, one, two)
            await both_nodes_tell_the_same(client, one, two)
            await agents_come_and_go(client, rounds=8)

            leader = await place.leader()
            survivor = two if leader is one else one
            await leader.kill()
            assert await place.leader() is survivor
            enough = len(firm.done) + 20
            await happens(lambda: len(firm.done) >= enough, "work done under the successor")
            await agents_come_and_go(client, rounds=4)
            firm.close()
        await place.caught_up()

    await survivor.finish()
    assert one.complaints() == two.complaints() == []
    async with aftermath(place.data_dir) as left:
        firm.check(left.history)
        await left.nothing_was_given_up()
        await left.read_models_equal_rebuilds()


async def own_writes_are_read_elsewhere(client: Client, *nodes: Node) -> None:
    """Write on one node and read on the other, which waits until it has that position."""
    for number in range(10):
        writer, reader = nodes[number % 2], nodes[1 - number % 2]
        url = f"{writer.url}/agents/flo"
        written = await client.http.patch(url, json={"labels": {"number": str(number)}})
        assert written.status_code == 200, written.text
        position = written.headers["x-event-position"]
        for path in ("agents/flo", "agents"):
            read = await client.http.get(f"{reader.url}/{path}", params={"min_position": position})
            agent = read.json() if path == "agents/flo" else by_id(read.json()["items"], "flo")
            assert agent["labels"] == {"number": str(number)}


def by_id(items: Sequence[dict[str, object]], agent_id: str) -> dict[str, object]:
    """Return one agent of a list."""
    return next(agent for agent in items if agent["agent_id"] == agent_id)


async def both_nodes_tell_the_same(client: Client, one: Node, two: Node) -> None:
    """Metrics and facts arrive over both nodes, whichever took the commands."""
    async with dashboard(one) as left, dashboard(two) as right:
        boards = (left, right)
        for board in boards:
            metrics = (await board.hear("metrics_update"))["data"]
            assert metrics["agents"]["registered"] == len(AGENTS)
        first = max([(await board.subscribe("tasks"))["position"] for board in boards])
        head = first + 50
        told = [[at for at in await board.facts(head) if at > first] for board in boards]
        upto = min(positions[-1] for positions in told)
        same = [[at for at in positions if at <= upto] for positions in told]
        assert same[0] == same[1] == sorted(set(same[0]))
        # From one node to the other, nothing is missed and nothing comes twice.
        async with dashboard(two, "resumed") as resumed:
            answer = await resumed.subscribe("tasks", after=first)
            assert answer["recovered"] or answer["position"] == first
            again = await resumed.facts(upto)
            assert again == same[0]
        for node in (one, two):
            body = {"agent_id": f"extra-{node.name}"}
            answer = await client.http.post(f"{node.url}/agents/register", json=body)
            assert answer.status_code == 201
        for board in boards:
            while (await board.hear("metrics_update"))["data"]["agents"]["registered"] < (
                len(AGENTS) + 2
            ):
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
