"""A client that does not give up, while node and database are killed under it again and again."""

import random
import signal
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from ...ports import stable_port
from .aftermath import aftermath
from .clients import Client, client_of
from .firm import Firm
from .nodes import Node
from .places import Place

AGENTS = {"ann": 1, "bob": 2, "cat": 2, "dan": 3}
QUICK = {"MAS_LEADER_LEASE": "1"}
"""How long a node that was killed keeps its successor from leading, seconds."""
NODE_KILLS, POSTGRES_RESTARTS = 10, 3


class Faults:
    """What is done to a node and its database."""

    def __init__(self, place: Place, node: Node) -> None:
        self.place = place
        self.node = node
        self.node_kills = self.postgres_restarts = 0

    async def node_killed(self) -> None:
        """The node dies at once and is started again on the same port."""
        port = self.node.port
        self.node_kills += 1
        await self.node.kill()
        self.node = await self.place.start(QUICK, port=port)

    async def postgres_killed(self) -> None:
        """The database server dies at once; the node brings it back."""
        self.postgres_restarts += 1
        await self.place.restart_postgres(signal.SIGKILL)

    async def postgres_shut_down(self) -> None:
        """The database server is shut down by somebody else; the node brings it back."""
        self.postgres_restarts += 1
        await self.place.restart_postgres(signal.SIGINT)

    async def both_killed(self) -> None:
        """Node and database die together; the next node brings the database back."""
        self.postgres_restarts += 1
        self.place.kill_postgres()
        await self.node_killed()

    def plan(self) -> list[Callable[[], Awaitable[None]]]:
        """Return what to do, in order."""
        node = self.node_killed
        return [
            *(node, node, self.postgres_killed),
            *(node, node, self.postgres_shut_down),
            *(node, node, self.both_killed),
            *(node, node, node),
        ]


async def test_kill_and_restart(place: Place) -> None:
    chance = random.Random(2)  # the same moments, counted in answers, on every run
    faults = Faults(place, await place.start(QUICK, port=stable_port()))
    api = faults.node.url
    async with client_of(lambda: [api]) as client:
        firm = Firm(client, AGENTS)
        await firm.open()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(firm.run, clients=3))
            for fault in faults.plan():
                await firm.answered(chance.randint(20, 60))
                await fault()
            await firm.answered(50)
            firm.close()
        assert client.repeated > 0, "no command was ever interrupted"
        await everything_is_answered_again_alike(client)
        await place.caught_up()

    await faults.node.finish()
    assert (faults.node_kills, faults.postgres_restarts) == (NODE_KILLS, POSTGRES_RESTARTS)
    for node in place.nodes:
        assert node.complaints() == []
    async with aftermath(place.data_dir) as left:
        firm.check(left.history)
        await left.nothing_was_given_up()
        await left.read_models_equal_rebuilds()


async def everything_is_answered_again_alike(client: Client) -> None:
    """Repeat every command with its key: the first answer comes again, also for a refusal."""
    for key, first in client.answers.items():
        again = await client.repeat(key, first.path, first.sent)
        assert again.replayed
        assert again.status == first.status
        # Only the request itself has another name in our log.
        assert again.data | {"request_id": ""} == first.data | {"request_id": ""}, key
        if first.status < 400:
            assert again.position == first.position
