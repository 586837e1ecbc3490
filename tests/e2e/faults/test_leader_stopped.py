"""A leader that is stopped beyond its lease and continues, not knowing that it was replaced."""

from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self

import anyio
import httpx

from .aftermath import aftermath
from .clients import answer_of, client_of
from .firm import SUBMIT, Firm
from .nodes import Node
from .places import Place
from .waiting import PATIENCE, happens

AGENTS = {"ann": 1, "bob": 2, "cat": 3}
CAPACITY = 3
"""Of the one agent that has nothing to do when the leader is stopped, and all its hands full when
the leader goes on."""
LATE = range(100, 116)
"""Tasks for this agent that reach the leader while it is stopped."""


async def test_leader_stopped(place: Place) -> None:
    one, two = await place.start_two()

    async with (
        client_of(place.urls, patience=3.0) as client,
        client_of(place.urls, patience=3.0) as other_client,
    ):
        firm, rare = Firm(client, AGENTS), Firm(other_client, {"rare": CAPACITY}, "rare")
        await firm.open()
        await rare.open()
        leader = await place.leader()
        other = two if leader is one else one
        async with Late(leader, rare) as late, anyio.create_task_group() as tasks:
            tasks.start_soon(partial(firm.run, clients=3))
            await firm.finished(10)

            leader.stop()
            tasks.start_soon(late.send)
            assert await place.leader() is other
            for number in range(CAPACITY):
                await rare.submit(number)
            await happens(lambda: late.sent == len(LATE), "the late ones on their way")
            # As a client does that got no answer: the same key, and another node.
            for number in LATE[::2]:
                await rare.submit(number)
            await firm.finished(10)

            leader.go_on()
            await happens(lambda: len(late.answers) == len(LATE), "answers to the late ones")
            late.check()
            tasks.start_soon(partial(rare.run, clients=0))
            await firm.finished(20)
            assert await place.leader() is other
            firm.close()
            rare.close()
        await place.caught_up()

    # It learns of it by the renewal or by a refused append, whichever comes first.
    lost = [*leader.logged("lease_lost"), *leader.logged("dispatcher_fenced")]
    assert {line["epoch"] for line in lost if line.get("lease", "dispatcher") == "dispatcher"} == {
        1
    }
    for node in (one, two):
        await node.finish()
        assert node.complaints() == []
    async with aftermath(place.data_dir) as left:
        firm.check(left.history)
        rare.check(left.history)
        await left.nothing_was_given_up()
        await left.read_models_equal_rebuilds()


class Late:
    """Submissions that wait in the sockets of the stopped leader, and are its first work later.

    Attributes:
        sent: How many are on their way.
        answers: The answers, by number.
    """

    def __init__(self, leader: Node, firm: Firm) -> None:
        self.sent = 0
        self.answers: dict[int, httpx.Response] = {}
        self._url = leader.url
        self._firm = firm
        self._clients: dict[int, httpx.AsyncClient] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the connections while the leader still answers."""
        for number in LATE:
            client = httpx.AsyncClient(timeout=PATIENCE, trust_env=False, verify=False)
            self._clients[number] = await self._stack.enter_async_context(client)
            assert (await client.get(f"{self._url}/agents/rare")).status_code == 200
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._stack.aclose()

    async def send(self) -> None:
        """Send all of them and wait for the answers."""
        async with anyio.create_task_group() as tasks:
            for number in LATE:
                tasks.start_soon(self._send, number)

    def check(self) -> None:
        """All were accepted; those that both nodes got are one task, and have one answer."""
        for number, got in self.answers.items():
            if number in self._firm.tasks:
                assert got.status_code == 201, got.text
                assert got.content == self._firm.client.answers[self._firm.key(number)].body
            else:
                self._firm.note(number, answer_of(got, SUBMIT, self._firm.order(number)))

    async def _send(self, number: int) -> None:
        async def count(event: str, _details: Any) -> None:
            self.sent += event == "http11.send_request_body.complete"

        self.answers[number] = await self._clients[number].post(
            self._url + SUBMIT,
            json=self._firm.order(number),
            headers={"Idempotency-Key": self._firm.key(number)},
            extensions={"trace": count},
        )
