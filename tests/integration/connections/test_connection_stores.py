"""The list of connections: what both stores promise, and what several nodes share."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from uuid_utils import uuid7

from aia_mas.application.connections import (
    AgentSocket,
    ConnectionFilter,
    ConnectionStore,
    MemoryConnections,
    OpenConnection,
    PostgresConnections,
)
from aia_mas.application.event_log.connections import Connection, Pool

AT = datetime(2026, 1, 2, tzinfo=UTC)
ALL = ConnectionFilter()
SILENCE = 60.0
CHANNEL = "hints"


def opened(client_id: str, agent_id: str | None = None, **more: Any) -> OpenConnection:
    known: dict[str, Any] = {
        "connection_id": str(uuid7()),
        "kind": "frontend" if agent_id is None else "agent",
        "client_id": client_id,
        "agent_id": agent_id,
        "subject": "ann",
        "opened_at": AT,
        "topics": (),
        "queued_bytes": 0,
    }
    return OpenConnection(**{**known, **more})


@pytest.fixture
async def nodes(database: str) -> AsyncIterator[Callable[[str], PostgresConnections]]:
    """The stores of nodes, by name."""
    kwargs = {"autocommit": True}
    async with Pool(database, connection_class=Connection, kwargs=kwargs, max_size=4) as pool:
        yield lambda name: PostgresConnections(
            pool, node_id=f"{name}:1", node=name, silence=SILENCE, channel=CHANNEL
        )


@pytest.fixture(params=["postgres", "memory"])
async def store(
    request: pytest.FixtureRequest, nodes: Callable[[str], PostgresConnections]
) -> ConnectionStore:
    if request.param == "memory":
        return MemoryConnections("one")
    postgres = nodes("one")
    await postgres.renew()
    return postgres


async def named(store: ConnectionStore, where: ConnectionFilter = ALL) -> list[str]:
    return [one.client_id for one in await store.page(where, None, 1_000)]


async def test_connections_are_written_changed_and_removed(store: ConnectionStore) -> None:
    first, second = opened("a", topics=("agents", "tasks")), opened("b", "b", queued_bytes=7)
    await store.write([second, first])
    found = await store.page(ALL, None, 10)
    assert [one.client_id for one in found] == ["a", "b"]
    assert found[0].topics == ("agents", "tasks")
    assert (found[1].agent_id, found[1].queued_bytes) == ("b", 7)
    assert {(one.node, one.opened_at) for one in found} == {("one", AT)}
    assert await store.has(first.connection_id)

    await store.write([OpenConnection(**{**_fields(first), "topics": ("metrics",)})])
    assert (await store.page(ALL, None, 1))[0].topics == ("metrics",)
    await store.remove([first.connection_id, str(uuid7())])
    assert not await store.has(first.connection_id)
    assert await named(store) == ["b"]
    await store.leave()
    assert await named(store) == []


def _fields(one: OpenConnection) -> dict[str, Any]:
    return {name: getattr(one, name) for name in OpenConnection.__struct_fields__}


async def test_connections_are_found_by_what_they_are(store: ConnectionStore) -> None:
    several = [opened(f"c{n}", subject="bob" if n % 2 else "ann") for n in range(6)]
    await store.write([*several, opened("worker", "worker")])
    assert await named(store, ConnectionFilter(subject="bob")) == ["c1", "c3", "c5"]
    assert await named(store, ConnectionFilter(kind="agent")) == ["worker"]
    assert await named(store, ConnectionFilter(agent_id="worker", subject="bob")) == []
    assert await named(store, ConnectionFilter(client_id="c3")) == ["c3"]
    assert await named(store, ConnectionFilter(node="another")) == []
    assert await store.count(ConnectionFilter(subject="bob", node="one")) == 3
    page = await store.page(ALL, several[2].connection_id, 2)
    assert [one.client_id for one in page] == ["c3", "c4"]


async def test_the_newest_socket_of_an_agent_supersedes_the_others(store: ConnectionStore) -> None:
    older, newer = opened("a", "a"), opened("a", "a")
    await store.write([older, newer])
    await store.claim([AgentSocket("a", older.connection_id)], newly=True)
    await store.claim([AgentSocket("a", newer.connection_id)], newly=True)
    assert await store.superseded() == [older.connection_id]
    # One that only says it again takes nothing away.
    await store.claim([AgentSocket("a", older.connection_id)], newly=False)
    assert await store.superseded() == [older.connection_id]
    await store.remove([newer.connection_id])
    assert await store.superseded() == []
    await store.claim([AgentSocket("a", older.connection_id)], newly=False)
    assert await store.superseded() == []


async def test_a_node_learns_that_all_it_wrote_is_lost(
    nodes: Callable[[str], PostgresConnections], database: str
) -> None:
    node = nodes("one")
    assert not await node.renew()
    assert await node.renew()
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("truncate connection_nodes")
    assert not await node.renew()


async def test_what_a_silent_node_wrote_is_not_shown_and_then_removed(
    nodes: Callable[[str], PostgresConnections], database: str
) -> None:
    quiet, lively = nodes("quiet"), nodes("lively")
    for node in (quiet, lively):
        await node.renew()
    mine = opened("a", "a")
    await quiet.write([mine, opened("b")])
    await quiet.claim([AgentSocket("a", mine.connection_id)], newly=True)
    await lively.write([opened("c")])

    await _let_pass(database, "quiet:1", SILENCE + 1)
    assert await named(lively) == ["c"]
    assert await lively.count(ALL) == 1
    await lively.forget_gone()
    assert await quiet.renew(), "it was away for a short while, and nothing is lost"
    assert await named(lively) == ["a", "b", "c"]

    await _let_pass(database, "quiet:1", 6 * SILENCE)
    await lively.forget_gone()
    async with await psycopg.AsyncConnection.connect(database) as connection:
        for table in ("connection_nodes", "connections", "agent_sockets"):
            rows = await connection.execute(f"select node_id from {table}")
            assert {node_id for (node_id,) in await rows.fetchall()} <= {"lively:1"}
    assert not await quiet.renew(), "it is to write all of it anew"


async def _let_pass(database: str, node_id: str, seconds: float) -> None:
    """Let a node have been silent for so long."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(
            """update connection_nodes set renewed_at = renewed_at - make_interval(secs => %s)
            where node_id = %s""",
            (seconds, node_id),
        )


async def test_a_node_that_comes_back_takes_no_agent_from_where_it_is_now(
    nodes: Callable[[str], PostgresConnections],
) -> None:
    before, now = nodes("before"), nodes("now")
    older, newer = opened("a", "a"), opened("a", "a")
    for node, socket in ((before, older), (now, newer)):
        await node.renew()
        await node.write([socket])
        await node.claim([AgentSocket("a", socket.connection_id)], newly=True)
    await before.write([older])
    await before.claim([AgentSocket("a", older.connection_id)], newly=False)
    assert await before.superseded() == [older.connection_id]
    assert await now.superseded() == []
    # It ends its socket, and the agent's place stays with the other one.
    await before.remove([older.connection_id])
    await before.write([older])
    assert await before.superseded() == [older.connection_id]


@pytest.mark.parametrize("count", [1, 2_000])
async def test_the_others_are_woken_however_many_agents_connect(
    nodes: Callable[[str], PostgresConnections], database: str, count: int
) -> None:
    node = nodes("one")
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as listening:
        await listening.execute(f"listen {CHANNEL}")
        sockets = [AgentSocket(f"agent-{n}", str(uuid7())) for n in range(count)]
        await node.claim(sockets, newly=True)
        async for notification in listening.notifies(timeout=30, stop_after=1):
            # Too many to tell: all look.
            agents = nodes("two").told_by_another(notification.payload)
            assert agents == ("agent-0" if count == 1 else "")
            assert node.told_by_another(notification.payload) is None
            return
    raise AssertionError("nobody was woken")
