"""Pings go on whatever one endpoint brings about, and do not pile up."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from aia_mas.application.processes.pings import Pings
from aia_mas.domain.orchestration.webhooks import Endpoint


class World:
    """Two endpoints, ``a`` and ``b``, of agents that nobody hears of.

    Attributes:
        begun: Whom pings were begun for, in order.
        pinging: What a ping does.
    """

    def __init__(self, pinging: Any) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.pinging = pinging

    def endpoints(self) -> Any:
        return ((name, self.endpoint(name)) for name in ("a", "b"))

    def endpoint(self, agent_id: str) -> Endpoint:
        return Endpoint(f"https://{agent_id}.example/", 1)

    async def agent(self, agent_id: str) -> object:
        return object()

    async def ping(self, agent_id: str, *_: object) -> None:
        self.begun.put_nowait(agent_id)
        await self.pinging(agent_id)

    def last_seen(self, *_: object) -> None:
        return None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def begin(self) -> "asyncio.Task[None]":
        this: Any = self
        pings = Pings(this, this, this, this, this, lambda: "1", this, interval=0.01)
        return asyncio.create_task(pings.run(lambda: this, this))


async def test_an_error_over_one_endpoint_keeps_no_other_from_its_pings() -> None:
    async def fail(agent_id: str) -> None:
        raise RuntimeError(agent_id)

    world = World(fail)
    running = await world.begin()

    async with asyncio.timeout(30):
        names = [await world.begun.get() for _ in range(6)]

    assert set(names) == {"a", "b"}
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_endpoint_gets_one_ping_at_a_time() -> None:
    async def hang_for_a(agent_id: str) -> None:
        if agent_id == "a":
            await asyncio.Event().wait()
        raise OSError

    world = World(hang_for_a)
    running = await world.begin()

    async with asyncio.timeout(30):
        names = [await world.begun.get() for _ in range(12)]

    assert names.count("a") == 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
