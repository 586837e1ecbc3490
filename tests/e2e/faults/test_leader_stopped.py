"""A leader that is stopped beyond its lease and continues, not knowing that it was replaced."""

import anyio
import httpx

from .aftermath import aftermath
from .clients import answer_of, client_of
from .firm import SUBMIT, Firm, order
from .nodes import Node
from .places import Place
from .waiting import PATIENCE, happens

AGENTS = {"ann": 1, "bob": 2, "cat": 3}
LATE = range(1_000_001, 1_000_013)
"""Numbers of the tasks that are sent to the leader while it is stopped."""


async def test_leader_stopped(place: Place) -> None:
    place.begin("one"), place.begin("two")
    one, two = [await node.up() for node in place.nodes]

    async with client_of(place.urls, patience=3.0) as client:
        firm = Firm(client, AGENTS)
        await firm.open()
        leader = await place.leader()
        other = two if leader is one else one
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: firm.run(clients=3))
            await work_is_done(firm, 10)

            leader.stop()
            late = Late(leader, other)
            tasks.start_soon(late.send)
            assert await place.leader() is other
            await work_is_done(firm, 10)
            await late.send_again(firm)

            leader.go_on()
            await happens(lambda: len(late.answers) == len(LATE), "answers to the late ones")
            late.check(firm)
            await work_is_done(firm, 20)
            assert await place.leader() is other
            firm.close()
        await place.caught_up()

    lost = {line["lease"]: line["epoch"] for line in leader.logged("lease_lost")}
    assert lost["dispatcher"] == 1
    for node in (one, two):
        await node.finish()
        assert node.complaints() == []
    async with aftermath(place.data_dir) as left:
        firm.check(left.history)
        await left.nothing_was_given_up()
        await left.read_models_equal_rebuilds()


async def work_is_done(firm: Firm, more: int) -> None:
    """Wait until so many more tasks are done."""
    enough = len(firm.done) + more
    await happens(lambda: len(firm.done) >= enough, f"{more} more tasks done")


class Late:
    """Submissions that the leader gets while it is stopped, and carries out when it goes on.

    Half of them are sent to the other node as well, as a client does that got no answer.
    """

    def __init__(self, leader: Node, other: Node) -> None:
        self.answers: dict[int, httpx.Response] = {}
        self._leader = leader
        self._other = other

    async def send(self) -> None:
        """Send all to the leader and wait for its answers."""
        async with (
            httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as http,
            anyio.create_task_group() as tasks,
        ):
            for number in LATE:
                tasks.start_soon(self._send, http, number)

    async def send_again(self, firm: Firm) -> None:
        """Send every other one to the other node."""
        for number in LATE[::2]:
            await firm.submit(number)

    def check(self, firm: Firm) -> None:
        """All were accepted; those that both nodes got are one task, and one answer."""
        for number, got in self.answers.items():
            assert got.status_code == 201, got.text
            key = f"submit:{number}"
            if number in firm.tasks:
                assert got.content == firm.client.answers[key].body
            else:
                firm.note(number, answer_of(got, SUBMIT, order(number)))

    async def _send(self, http: httpx.AsyncClient, number: int) -> None:
        self.answers[number] = await http.post(
            self._leader.url + SUBMIT,
            json=order(number),
            headers={"Idempotency-Key": f"submit:{number}"},
        )
