"""The hub outlives outages of the store and failures of suppliers; they cost latency only."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from aia_mas.application.event_log.errors import LogUnavailable
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.interfaces.realtime import RealtimeOptions, Sample, hub, pages

pytestmark = pytest.mark.anyio

PAGES_ONLY = RealtimeOptions(ring_bytes=0, prefill=10_000, coalesce_interval=0.01)


class FlakyLog(MemoryEventLog):
    """A store that cannot be read at times."""

    down = False
    refused = 0

    async def read(self, *args, **more):
        self._check()
        return await super().read(*args, **more)

    async def head(self):
        self._check()
        return await super().head()

    def _check(self) -> None:
        if self.down:
            self.refused += 1
            raise LogUnavailable("the test has stopped the store")

    async def refusing(self) -> None:
        """Wait until a read was refused."""
        before = self.refused
        async with asyncio.timeout(20):
            while self.refused == before:
                await asyncio.sleep(0.001)


@pytest.fixture
async def log(make_writer, monkeypatch) -> AsyncIterator[FlakyLog]:
    monkeypatch.setattr(hub, "_RETRY", 0.01)
    monkeypatch.setattr(pages, "_RETRY", 0.01)
    async with FlakyLog(make_writer().log.mapper).running() as log:
        yield log


async def test_pages_are_read_once_the_store_is_back(run_node, log, writer):
    await writer.progress("t1", 600)
    async with run_node(log, options=PAGES_ONLY) as node, node.client() as client:
        log.feed.start(600)  # the window has moved on
        log.down = True
        await client.subscribe(after=0)
        await client.subscribe("agents", after=0)
        await log.refusing()
        log.down = False
        assert [fact["position"] for fact in await client.facts(600)] == [*range(1, 601)]


async def test_the_hub_follows_again_once_the_store_is_back(run_node, log, writer, monkeypatch):
    await writer.progress("t1", 5)
    async with run_node(log, options=PAGES_ONLY) as node, node.client() as client:
        await client.subscribe()
        log.down = True
        monkeypatch.setattr(log.committer, "_publish", lambda _events: None)
        await writer.progress("t1", 5)  # as if another node did it: this one has to read them
        log.feed.start(10)
        await log.refusing()
        log.down = False
        assert [fact["position"] for fact in await client.facts(5)] == [*range(6, 11)]


async def test_a_place_that_cannot_be_checked_is_to_be_asked_for_again(run_node, log, writer):
    await writer.submit("t1")
    async with run_node(log) as node, node.client() as client:
        log.down = True
        error = await client.subscribe(after=5)
        assert (error["data"]["code"], error["data"]["id"]) == ("event_log_unavailable", "tasks")
        log.down = False
        assert (await client.subscribe(after=5))["recovered"] is False


async def test_a_supplier_that_fails_is_asked_again(node, writer):
    broken = True

    def supply() -> Sample:
        if broken:
            raise ZeroDivisionError
        return Sample({"load": 1}, 0)

    node.hub.coalesce("load", supply)
    async with node.client() as client:
        # The list of permissions does not know this topic, so no client may ask for it.
        assert (await client.subscribe("load"))["data"]["code"] == "permission_denied"
        [connection] = node.hub.connections
        node.hub.subscriptions.join(connection, "load")
        await client.subscribe("tasks")
        await writer.submit("t1")
        await client.facts(1)
        broken = False
        node.hub.touch("load")
        frame = await client.next("load_update")
        assert (frame["data"], frame["id"]) == ({"load": 1}, "load")
