"""What the writer waits out and what it does not: resources, standbys, settings of the server."""

import anyio
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.event_log.batch import Batch, Status
from aia_mas.application.event_log.errors import LogUnavailable
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.postgres_writer import PostgresBatchWriter

from .conftest import MAPPER, PATIENCE, eventually, lock_held, note, texts

BUSY = "-c lock_timeout=20ms"
"""Has PostgreSQL lack something: the lock, which it does not wait for."""


async def test_a_lack_of_resources_is_waited_out(database: str) -> None:
    writer = PostgresBatchWriter(make_conninfo(database, options=BUSY))
    results = []

    async def write() -> None:
        results.append(await writer.write(Batch([note("a")])))

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks, lock_held(database) as other:
            tasks.start_soon(write)
            await writer.connected.wait()
            await eventually(lambda: _failed(other))
    await writer.close()

    assert list(results[0].statuses) == [Status.ACCEPTED]


async def _failed(connection: psycopg.AsyncConnection) -> bool:
    """Tell whether the writer's call has been given up, and it waits before the next one."""
    # A transaction sees the activity as it was when it first asked.
    await connection.execute("select pg_stat_clear_snapshot()")
    cursor = await connection.execute(
        """select count(*) from pg_stat_activity where datname = current_database()
        and query like '%append_batch%' and state = 'idle' and pid <> pg_backend_pid()"""
    )
    row = await cursor.fetchone()
    return row is not None and row[0] > 0


async def test_a_lasting_lack_of_resources_is_told_and_nothing_is_stored(
    node: PostgresEventLog, database: str
) -> None:
    writer = PostgresBatchWriter(make_conninfo(database, options=BUSY), patience=0.1)
    request = note("a")
    async with lock_held(database):
        with anyio.fail_after(PATIENCE):
            with pytest.raises(LogUnavailable):
                await writer.write(Batch([request]))

    assert await node.read(0, 10) == []
    result = await writer.write(Batch([request]))
    assert list(result.statuses) == [Status.ACCEPTED], "the next one finds everything as before"
    await writer.close()


async def test_a_server_that_only_reads_is_waited_out(own_database: str) -> None:
    """After a failover the address may still lead to a standby, for a moment."""
    name = psycopg.conninfo.conninfo_to_dict(own_database)["dbname"]
    async with (
        await psycopg.AsyncConnection.connect(own_database, autocommit=True) as connection,
        PostgresEventLog(own_database, MAPPER).running() as log,
    ):
        await log.append(note("a", (0, ""), "before"))
        await _read_only(connection, str(name), on=True)
        await connection.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()"""
        )
        waiting = log.enqueue(note("b", (0, ""), "behind"))
        await eventually(lambda: _refused(log))
        assert not waiting.done()
        await _read_only(connection, str(name), on=False)

        with anyio.fail_after(PATIENCE):
            assert (await waiting).first == 2
        assert texts(await log.read(0, 10)) == ["before", "behind"]


async def _read_only(connection: psycopg.AsyncConnection, name: str, *, on: bool) -> None:
    await connection.execute("set default_transaction_read_only = off")
    value = "on" if on else "off"
    await connection.execute(
        f'alter database "{name}" set default_transaction_read_only = {value}'.encode()
    )


async def _refused(log: PostgresEventLog) -> bool:
    return not log._writer.connected.is_set()


@pytest.mark.parametrize(
    "setting",
    [
        "default_transaction_isolation=serializable",
        "default_transaction_isolation=repeatable\\ read",
    ],
)
async def test_a_server_with_another_default_isolation(database: str, setting: str) -> None:
    """What was seen before the lock was taken must not decide what is done under it."""
    conninfo = make_conninfo(database, options=f"-c {setting}")
    async with (
        PostgresEventLog(conninfo, MAPPER).running() as one,
        PostgresEventLog(conninfo, MAPPER).running() as other,
    ):
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for number in range(60):
                    tasks.start_soon((one, other)[number % 2].append, note(f"s{number}"))

        assert [event.position for event in await one.read(0, 100)] == list(range(1, 61))
