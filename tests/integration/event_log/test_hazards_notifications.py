"""What happens when word of new events is lost, or the connection over which it comes."""

import psycopg

from aia_mas.application.event_log.postgres_log import PostgresEventLog

from .conftest import MAPPER, NEVER, PATIENCE, collect, eventually, note, positions
from .wires import Line, Wire


async def test_lost_notify(wire: Wire, node: PostgresEventLog) -> None:
    """Notifications are hints: without any, the poll finds what another node has appended."""
    async with PostgresEventLog(wire.conninfo, MAPPER, poll=0.1).running() as deaf:
        await eventually(lambda: _answered_listen(wire))
        listening = next(line for line in wire.lines if line.listens)
        listening.deaf = True
        for number in range(3):
            appended = await node.append(note(f"s{number}"))
            assert await deaf.feed.wait(appended.last - 1, timeout=PATIENCE)
        assert positions(await collect(deaf, 0, 3)) == [1, 2, 3]
        await eventually(lambda: _was_lost(listening, f"mas_{str(node.store_id)[:8]}"))

        deaf._poll = NEVER
        await node.append(note("last"))
        assert await deaf.feed.wait(3, timeout=PATIENCE)


async def _answered_listen(wire: Wire) -> bool:
    return any(line.listens and b"LISTEN" in line.received for line in wire.lines)


async def _was_lost(line: Line, text: str) -> bool:
    return text.encode() in line.lost


async def test_a_notification_saves_the_wait_for_the_poll(
    node: PostgresEventLog, database: str, connection: psycopg.AsyncConnection
) -> None:
    async with PostgresEventLog(database, MAPPER, poll=NEVER).running() as other:
        await eventually(lambda: _listeners(connection, 2))
        for number in range(3):
            appended = await node.append(note(f"s{number}"))
            assert await other.feed.wait(appended.last - 1, timeout=PATIENCE)


async def test_killed_listen_connection(
    node: PostgresEventLog, database: str, connection: psycopg.AsyncConnection
) -> None:
    """It is opened anew, and what was missed meanwhile is looked for then, whatever the poll."""
    async with PostgresEventLog(database, MAPPER, poll=NEVER).running() as other:
        await eventually(lambda: _listeners(connection, 2))
        before = await _listening(connection)
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid = any(%s)", [before]
        )
        missed = await node.append(note("missed"))
        assert await other.feed.wait(missed.last - 1, timeout=PATIENCE)

        await eventually(lambda: _listeners(connection, 2, but=before))
        heard = await node.append(note("heard"))
        assert await other.feed.wait(heard.last - 1, timeout=PATIENCE)
        assert positions(await collect(other, 0, 2)) == [1, 2]


async def _listening(connection: psycopg.AsyncConnection) -> list[int]:
    cursor = await connection.execute(
        "select pid from pg_stat_activity where datname = current_database()"
        " and query ilike 'listen %%' and state = 'idle'"
    )
    return [pid for (pid,) in await cursor.fetchall()]


async def _listeners(
    connection: psycopg.AsyncConnection, count: int, but: list[int] | None = None
) -> bool:
    return len(set(await _listening(connection)) - set(but or ())) == count
