"""Cuts clients at random moments while events flow, and prints what they missed as a line of JSON.

``cut_clients.py SECONDS CLIENTS RATE SEED PORT...``: dashboards that subscribe to tasks at one of
the nodes on these ports, are cut off, hang up or stop reading for a while, and come back to another
one behind the last position they have seen, until the time is over. A node may end and come back
meanwhile. What they must have heard is read from the log itself.
"""

import asyncio
import json
import random
import sys
from typing import Any
from uuid import uuid4

import uvloop
from picows import WSError
from wires import FRONTEND, PATIENCE, Http, Listener, open_socket, paced, raise_limits, recorded

TASK = {"task_type": "cut_clients", "requirements": {"skills": ["nobody-has-it"]}}
STAY = 1.5
"""Longest time between two cuts of one client, seconds."""
NEVER = 2**62


class Crowd:
    """Clients that come and go.

    Attributes:
        start: The position behind which all began.
        head: The last position that was acknowledged.
        cuts: How often a connection was ended by its client.
        ended: Close codes of the server, and how often each came.
    """

    def __init__(self, ports: list[int], seed: int) -> None:
        """Know the nodes."""
        self.start = self.head = self.cuts = 0
        self.ended: dict[int, int] = {}
        self._https = [Http(port) for port in ports]
        self._random = random.Random(seed)

    async def submit(self) -> None:
        """Submit two tasks until that is acknowledged by some node."""
        key = uuid4().hex
        async with asyncio.timeout(PATIENCE):
            while True:
                http = self._random.choice(self._https)
                try:
                    status, headers, body = await http.ask(
                        "POST", "/agents/tasks/submit-batch", {"tasks": [TASK, TASK]}, key
                    )
                except OSError:
                    status, headers, body = 0, {}, b""
                if status == 200:
                    self.head = max(self.head, int(headers["x-event-position"]))
                    return
                assert status in {0, 409, 503}, body
                await asyncio.sleep(0.05)

    async def client(self, number: int, flowing: asyncio.Future[Any]) -> list[int]:
        """Come and go as long as events flow, then stay until all was heard; return it."""
        choose = random.Random(self._random.random())
        heard = [self.start]
        while not flowing.done() or heard[-1] < self.head:
            over = flowing.done()
            listener = Listener(goal=self.head if over else NEVER)
            try:
                await self._come(number, listener, heard[-1], choose)
                if over:
                    await either(listener.reached, listener.gone)
                    listener.cut()
                    await listener.gone.wait()
                else:
                    await self._leave(listener, choose)
            except (OSError, WSError):
                await asyncio.sleep(0.05)  # the node is away
            heard += listener.seen
            if listener.code:
                self.ended[listener.code] = self.ended.get(listener.code, 0) + 1
        return heard[1:]

    async def _come(
        self, number: int, listener: Listener, after: int, choose: random.Random
    ) -> None:
        await open_socket(choose.choice(self._https).port, f"{FRONTEND}cut-{number}", listener)
        # Sometimes cut before the server has answered at all.
        listener.say(type="subscribe", topic="tasks", after=after)
        if choose.random() < 0.9:
            await listener.subscribed.wait()

    async def _leave(self, listener: Listener, choose: random.Random) -> None:
        wire = listener.wire
        assert wire is not None
        deaf = choose.random() < 0.2
        if deaf:
            wire.underlying_transport.pause_reading()
        try:
            async with asyncio.timeout(choose.random() * STAY):
                await listener.gone.wait()
                return
        except TimeoutError:
            pass
        self.cuts += 1
        if not deaf and choose.random() < 0.3:
            wire.send_close()
            wire.disconnect()
        else:
            listener.cut()
        await listener.gone.wait()

    async def run(self, seconds: float, clients: int, rate: float) -> dict[str, Any]:
        """Let them come and go; return what they missed."""
        await self.submit()
        self.start = self.head
        flowing = asyncio.ensure_future(paced(rate / 2, seconds, self.submit))
        heard = await asyncio.gather(*(self.client(number, flowing) for number in range(clients)))
        wanted = await self._wanted()
        lost = repeated = disordered = 0
        for positions in heard:
            lost += len(set(wanted) - set(positions))
            repeated += len(positions) - len(set(positions))
            disordered += positions != sorted(positions)
        return {
            "cuts": self.cuts,
            "events": len(wanted),
            "facts": sum(map(len, heard)),
            "lost": lost,
            "repeated": repeated,
            "disordered": disordered,
            "ended": self.ended,
        }

    async def _wanted(self) -> list[int]:
        """Return what all of them must have heard, as any node has it."""
        for http in self._https:
            try:
                return await recorded(http, self.start, self.head)
            except OSError:
                continue  # this one has ended
        raise AssertionError("no node is left")


async def either(one: asyncio.Event, other: asyncio.Event) -> None:
    """Wait for one of two events."""
    waits = [asyncio.ensure_future(event.wait()) for event in (one, other)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def main(seconds: str, clients: str, rate: str, seed: str, *ports: str) -> None:
    """Do it."""
    crowd = Crowd([int(port) for port in ports], int(seed))
    async with asyncio.timeout(float(seconds) + 2 * PATIENCE):
        print(json.dumps(await crowd.run(float(seconds), int(clients), float(rate))))


if __name__ == "__main__":
    raise_limits()
    uvloop.run(main(*sys.argv[1:]))
