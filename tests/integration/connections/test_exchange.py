"""What a node tells the others of its connections: in batches, behind them, and through outages."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import psycopg
import pytest

from aia_mas.application.connections import (
    ConnectionFilter,
    MemoryConnections,
    OpenConnection,
    PostgresConnections,
)
from aia_mas.application.event_log.connections import Connection as DatabaseConnection
from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.domain.kernel import Principal
from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime import CloseCode, Hub, RealtimeOptions
from aia_mas.interfaces.realtime.close_codes import Closing
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.ending import Endings
from aia_mas.interfaces.realtime.presence import ConnectionPresence

ALL = ConnectionFilter()
CREDENTIAL = Credential(Principal("ann"), 2.0**40)
LEAVING = Closing(CloseCode.GOING_AWAY, "")


class Wire:
    """A transport that takes nothing."""

    heard_at = 0.0

    def offer(self, frames: bytes) -> bool:
        return False

    async def send(self, frames: list[bytes]) -> None: ...

    async def close(self, closing: Closing) -> None: ...

    def cut(self, closing: Closing) -> None: ...


@pytest.fixture
async def log() -> AsyncIterator[MemoryEventLog]:
    async with MemoryEventLog(EventMapper([])).running() as log:
        yield log


@pytest.fixture
def hub(log: MemoryEventLog) -> Hub:
    return Hub(log, RealtimeOptions())


def enter(hub: Hub, client_id: str, agent_id: str | None = None) -> Connection:
    connection = hub.connect(client_id, CREDENTIAL.principal, Wire())
    kind = "frontend" if agent_id is None else "agent"
    hub.roster.enter(connection, kind, CREDENTIAL, agent_id)
    return connection


class Store(MemoryConnections):
    """Counts what is written, and is away on request."""

    def __init__(self) -> None:
        super().__init__("one")
        self.away = False
        self.batches: list[int] = []
        self.known = False
        self.during_write: Callable[[], object] = lambda: None

    async def renew(self) -> bool:
        self._answer()
        known, self.known = self.known, True
        return known

    async def write(self, connections: Sequence[OpenConnection]) -> None:
        self.during_write()
        self._answer()
        self.batches.append(len(connections))
        await super().write(connections)

    async def remove(self, connection_ids: Sequence[str]) -> None:
        self._answer()
        await super().remove(connection_ids)

    def _answer(self) -> None:
        if self.away:
            raise psycopg.OperationalError("away")

    async def named(self) -> list[str]:
        return sorted(one.client_id for one in await self.page(ALL, None, 100_000))


async def test_thousands_of_connections_are_told_in_a_few_batches(hub: Hub, database: str) -> None:
    kwargs = {"autocommit": True}
    async with Pool(
        database, connection_class=DatabaseConnection, kwargs=kwargs, min_size=1
    ) as pool:
        store = PostgresConnections(
            pool, node_id="one:1", node="one", silence=60.0, channel="hints"
        )
        presence = ConnectionPresence(hub.roster, store, silence=60.0)
        connections = [enter(hub, f"c{n}", f"c{n}" if n % 2 else None) for n in range(10_000)]
        assert len(hub.roster.changed) == 10_000
        await presence.exchange()
        assert await store.count(ALL) == 10_000
        assert await store.superseded() == []
        for connection in connections[:9_000]:
            hub.disconnect(connection)
        await presence.exchange()
        assert await store.count(ALL) == 1_000
        assert not hub.roster.changed
        async with pool.connection() as connection:
            row = await (await connection.execute("select count(*) from agent_sockets")).fetchone()
        assert row == (500,)


async def test_only_what_changed_is_told(hub: Hub) -> None:
    store = Store()
    presence = ConnectionPresence(hub.roster, store, silence=60.0)
    one, _ = enter(hub, "a"), enter(hub, "b")
    await presence.exchange()
    await presence.exchange()
    assert store.batches == [2]
    hub.roster.change(one)
    await presence.exchange()
    assert store.batches == [2, 1]
    hub.disconnect(enter(hub, "brief"))
    await presence.exchange()
    assert store.batches == [2, 1]


async def test_what_happens_during_an_outage_is_told_after_it(hub: Hub) -> None:
    store = Store()
    presence = ConnectionPresence(hub.roster, store, silence=60.0)
    leaving = enter(hub, "leaving")
    await presence.exchange()
    store.away = True
    hub.disconnect(leaving)
    enter(hub, "coming")
    hub.disconnect(enter(hub, "brief"))
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            await presence.exchange()
    store.away = False
    await presence.exchange()
    assert await store.named() == ["coming"]


async def test_who_leaves_while_being_written_is_removed(hub: Hub) -> None:
    store = Store()
    presence = ConnectionPresence(hub.roster, store, silence=60.0)
    brief = enter(hub, "brief")
    store.during_write = lambda: hub.disconnect(brief)
    await presence.exchange()
    assert await store.named() == []


async def test_what_the_store_lost_is_written_anew(hub: Hub) -> None:
    store = Store()
    presence = ConnectionPresence(hub.roster, store, silence=0.0)
    enter(hub, "a"), enter(hub, "b", "b")
    await presence.exchange()
    await store.leave()
    store.known = False
    await presence.exchange()
    assert await store.named() == ["a", "b"]
    await store.claim([], newly=True)
    assert store._agents.keys() == {"b"}


async def test_of_two_sockets_of_an_agent_here_the_older_is_closed_at_once(hub: Hub) -> None:
    older, newer = enter(hub, "a", "a"), enter(hub, "a", "a")
    assert older.closing is not None
    assert older.closing.code == CloseCode.REPLACED
    assert newer.closing is None
    hub.disconnect(older)
    entry = hub.roster.serving("a")
    assert entry is not None
    assert entry.connection is newer


async def test_a_connection_that_was_not_taken_in_replaces_nobody(log: MemoryEventLog) -> None:
    hub = Hub(log, RealtimeOptions(max_connections=1))
    serving = enter(hub, "a", "a")
    assert enter(hub, "a", "a").closing is not None
    assert serving.closing is None
    assert list(hub.roster.entries) == [serving]


async def test_a_socket_that_is_older_than_one_elsewhere_is_closed(hub: Hub) -> None:
    store = Store()
    presence = ConnectionPresence(hub.roster, store, silence=60.0)
    mine, other = enter(hub, "a", "a"), enter(hub, "b", "b")
    await presence.exchange()
    store._agents["a"] = "a newer one elsewhere"
    presence.heard("c,d")
    await presence.exchange()
    assert mine.closing is None, "a hint about others is none"
    presence.heard("x,a")
    await presence.exchange()
    assert mine.closing is not None
    assert mine.closing.code == CloseCode.REPLACED
    assert other.closing is None


async def test_a_token_that_was_revoked_after_the_handshake_opens_nothing(hub: Hub) -> None:
    hub.roster.refuses = lambda credential: credential is CREDENTIAL
    late = enter(hub, "late")
    assert late.closing is not None
    assert late.closing == (CloseCode.UNAUTHENTICATED, "token_revoked")


async def test_only_what_is_open_when_tokens_are_revoked_is_closed(
    hub: Hub, log: MemoryEventLog
) -> None:
    endings = Endings(log, hub.roster, "one")
    before = [enter(hub, f"c{n}") for n in range(3)]
    gone: set[Any] = {CREDENTIAL}
    hub.roster.refuses = gone.__contains__
    endings.revoked()
    gone.clear()
    after = enter(hub, "after")
    gone.add(CREDENTIAL)
    work = asyncio.create_task(endings.run())
    while before[-1].closing is None:
        await asyncio.sleep(0)
    assert all(one.closing for one in before)
    assert after.closing is None
    work.cancel()
