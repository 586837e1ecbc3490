"""Snapshots of long streams: used when they fit, ignored when they do not, never in the way."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import psycopg
import pytest

from aia_mas.application.engine import working_set
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.orchestration.agent import AgentState

from .conftest import Node, Nodes, register, update

LONG = 30


async def _long_stream(node: Node) -> None:
    await node.do(register())
    for cost in range(1, LONG):
        await node.do(update(cost_per_task=cost))


class _Reads:
    """Notes from which version on streams are read."""

    def __init__(self, node: Node) -> None:
        self._read = node.log.read_streams
        self.after: list[int] = []
        node.log.read_streams = self.read  # type: ignore[method-assign]

    async def read(
        self, after: Mapping[str, int], limit: int = PAGE, *, max_bytes: int = PAGE_BYTES
    ) -> list[RecordedEvent]:
        self.after += after.values()
        return await self._read(after, limit, max_bytes=max_bytes)


async def _stored(connection: psycopg.AsyncConnection) -> list[tuple[str, int]]:
    cursor = await connection.execute("select stream, version from stream_snapshots")
    return [(stream, version) for stream, version in await cursor.fetchall()]


@pytest.fixture
async def snapshot(nodes: Nodes) -> None:
    """A stream of ``LONG`` events with a snapshot at its end."""
    async with nodes() as writer:
        await _long_stream(writer)
    async with nodes(worth_while=LONG) as reader:
        await reader.do(update(cost_per_task=LONG - 1))  # changes nothing
        assert await reader.snapshots.write_waiting() == 1


@pytest.mark.usefixtures("snapshot")
async def test_a_snapshot_is_used(nodes: Nodes) -> None:
    async with nodes() as node:
        reads = _Reads(node)
        await node.do(update(cost_per_task=1000))
        entry = node.working_set.known("agent/a")

    assert reads.after == [LONG]
    assert entry is not None
    assert (entry.version, entry.state.revision) == (LONG + 1, LONG + 1)
    assert entry.state.capabilities.cost_per_task == 1000


@pytest.mark.usefixtures("snapshot")
async def test_events_behind_a_snapshot_are_folded_onto_it(nodes: Nodes) -> None:
    async with nodes() as writer:
        for cost in range(5):
            await writer.do(update(cost_per_task=5000 + cost))
    async with nodes() as node:
        reads = _Reads(node)
        result = await node.do(update(labels={"x": "y"}))
        entry = node.working_set.known("agent/a")

    assert reads.after == [LONG]
    assert result.position == LONG + 6
    assert entry is not None
    assert entry.state.capabilities.cost_per_task == 5004


class _OtherState(AgentState, frozen=True, kw_only=True):
    """The state of an agent as a later release has it."""

    mood: str = "good"


@pytest.mark.usefixtures("snapshot")
async def test_a_snapshot_of_another_shape_is_not_used(
    nodes: Nodes, connection: psycopg.AsyncConnection
) -> None:
    """The release before or after this one has other states; it makes snapshots of its own."""
    states: dict[str, type[msgspec.Struct]] = {"agent": _OtherState}
    async with nodes(states=states, worth_while=LONG) as node:
        reads = _Reads(node)
        await node.do(update(cost_per_task=1))
        assert reads.after == [-1]

    assert await _stored(connection) == [("agent/a", LONG)]


@pytest.mark.parametrize("damage", ["''", "'\\xc1'", "substring(state for 10)"])
@pytest.mark.usefixtures("snapshot")
async def test_a_damaged_snapshot_is_not_used(
    nodes: Nodes, connection: psycopg.AsyncConnection, damage: str
) -> None:
    await connection.execute(f"update stream_snapshots set state = {damage}".encode())
    async with nodes() as node:
        reads = _Reads(node)
        await node.do(update(cost_per_task=1000))

    assert reads.after == [-1]


@pytest.mark.usefixtures("snapshot")
async def test_an_older_snapshot_does_not_replace_a_newer_one(
    nodes: Nodes, connection: psycopg.AsyncConnection
) -> None:
    async with nodes(worth_while=1) as node:
        entry_of = node.working_set.known
        await node.do(update(cost_per_task=1))
        entry = entry_of("agent/a")
        assert entry is not None
        node.snapshots.consider("agent/a", entry.state, LONG - 5, "older", 100)
        await node.snapshots.write_waiting()

    assert await _stored(connection) == [("agent/a", LONG)]


async def test_short_streams_get_none(nodes: Nodes, connection: psycopg.AsyncConnection) -> None:
    async with nodes() as writer:
        await _long_stream(writer)
    async with nodes(worth_while=LONG + 1) as node:
        await node.do(update(cost_per_task=LONG - 1))
        assert await node.snapshots.write_waiting() == 0

    assert await _stored(connection) == []


async def test_a_stream_that_is_written_again_and_again_gets_one_while_it_is(
    nodes: Nodes, connection: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads it before this node stops; then it would be as long as the node was up."""
    monkeypatch.setattr(working_set, "_OFTEN", 10)
    async with nodes(worth_while=10) as writer:
        await _long_stream(writer)
        assert await writer.snapshots.write_waiting() == 1
        assert await _stored(connection) == [("agent/a", LONG - LONG % 10)]
        entry = writer.working_set.known("agent/a")
        # Of amounts as large as there are.
        await writer.do(update(cost_per_task=10**33))
    async with nodes(worth_while=10) as reader:
        again = await reader.working_set.anew("agent/a")

    assert entry is not None
    assert again.version == LONG + 1
    assert again.state.capabilities.cost_per_task == 10**33


async def test_a_snapshot_that_cannot_be_written_fails_nothing(
    nodes: Nodes, connection: psycopg.AsyncConnection
) -> None:
    async with nodes() as writer:
        await _long_stream(writer)
    async with nodes(worth_while=1) as node:
        await node.do(update(cost_per_task=LONG - 1))
        await connection.execute("alter table stream_snapshots rename to hidden")
        try:
            assert await node.snapshots.write_waiting() == 0
            await node.do(update(cost_per_task=7))
        finally:
            await connection.execute("alter table hidden rename to stream_snapshots")
        assert await node.snapshots.write_waiting() == 0, "it is not kept for ever"


async def test_snapshots_are_of_committed_states_only(
    nodes: Nodes, connection: psycopg.AsyncConnection
) -> None:
    """What a command made of the state since is not in it, even when it is already in memory."""
    async with nodes() as writer:
        await _long_stream(writer)
    async with nodes(worth_while=LONG) as node:
        commands = [node.start(update(cost_per_task=cost)) for cost in range(100, 110)]
        for command in commands:
            await command
        await node.snapshots.write_waiting()

    assert await _stored(connection) == [("agent/a", LONG)]
    cursor = await connection.execute("select command_id, state from stream_snapshots")
    row = await cursor.fetchone()
    assert row is not None
    state = msgspec.json.decode(row[1], type=AgentState)
    assert state.capabilities.cost_per_task == LONG - 1
    cursor = await connection.execute(
        "select command_id from events where stream = 'agent/a' and version = %s", [LONG]
    )
    assert await cursor.fetchone() == (row[0],)
