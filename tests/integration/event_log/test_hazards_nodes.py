"""One test for each hazard of several nodes and of servers that go away, named after it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psycopg

from aia_mas.application.embedded_postgres import EmbeddedPostgres
from aia_mas.application.event_log import chain
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.migrations import migrate, migrations

from .conftest import MAPPER, NEW, PATIENCE, collect, end_of, eventually, note, positions, texts


async def test_two_nodes_starting_and_migrating_at_once_on_an_empty_database(
    empty_database: str,
) -> None:
    """Six, in fact: each applies what is missing, all of them find the same schema, none fails."""
    applied: list[list[str]] = []
    appended: list[int] = []

    async def start(name: str) -> None:
        applied.append(await migrate(empty_database))
        async with PostgresEventLog(empty_database, MAPPER).running() as log:
            place = NEW
            for number in range(5):
                request = note(name, place, f"{name}:{number}")
                appended.append((await log.append(request)).first)
                place = end_of(request)
            await collect(log, 0, 30)

    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(start, f"node{number}")

    names = [f"{migration.number:04d}_{migration.name}" for migration in migrations()]
    assert sorted(applied, key=len) == [[], [], [], [], [], names]
    assert sorted(appended) == list(range(1, 31))
    assert (await chain.verify(empty_database)).findings == ()


@asynccontextmanager
async def _own_server(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(folder)
    await server.start()
    try:
        await migrate(server.owner_url)
        yield server
    finally:
        with anyio.CancelScope(shield=True):
            await server.stop()


async def test_postgresql_restart_during_appends(tmp_path: Path) -> None:
    """It crashes, and it is shut down; every acknowledged request is there exactly once."""
    acknowledged: dict[str, tuple[int, int]] = {}
    progress = asyncio.Condition()

    async def write(log: PostgresEventLog, name: str) -> None:
        place = NEW
        while True:
            request = note(name, place, "x", "y")
            appended = await log.append(request)
            assert request.command_id not in acknowledged
            acknowledged[request.command_id] = (appended.first, appended.last)
            place = end_of(request)
            async with progress:
                progress.notify_all()

    async def more(count: int) -> None:
        wanted = len(acknowledged) + count
        with anyio.fail_after(PATIENCE):
            async with progress:
                await progress.wait_for(lambda: len(acknowledged) >= wanted)

    async with _own_server(tmp_path / "pg") as server:
        url = server.owner_url
        async with PostgresEventLog(url, MAPPER, poll=0.1).running() as log:
            async with anyio.create_task_group() as tasks:
                for number in range(10):
                    tasks.start_soon(write, log, f"s{number}")
                for how in (signal.SIGQUIT, signal.SIGINT):
                    await more(100)
                    [pid_file] = (tmp_path / "pg").glob("*/postmaster.pid")
                    os.kill(int(pid_file.read_text().split()[0]), how)
                    await eventually(lambda: _gone(url))
                    await server.ensure_running()
                    assert server.owner_url == url
                await more(100)
                tasks.cancel_scope.cancel()
            await log.drain()
            head = await log.head()
            seen = await collect(log, 0, head.position)

        assert positions(seen) == list(range(1, head.position + 1))
        written: dict[str, list[int]] = {}
        for event in seen:
            written.setdefault(event.command_id, []).append(event.position)
        for command_id, (first, last) in acknowledged.items():
            assert written[command_id] == [first, last]
        assert len(written) - len(acknowledged) <= 10, "at most one each was not yet answered"
        assert (await chain.verify(url)).findings == ()


async def _gone(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url):
            return False
    except psycopg.OperationalError:
        return True


# A leader that never looks whether it still leads: what it does is up to the log alone.
FORMER_LEADER = """
import asyncio, sys
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation, NewEvent

async def main(url):
    async with PostgresEventLog(url, EventMapper([])).running() as log:
        lease = await LeaseKeeper(log.pool, log.store_id, "former", seconds=0.5).take("work")
        print(f"leads {lease.epoch}", flush=True)
        for number, line in enumerate(iter(sys.stdin.readline, "")):
            stream = line.strip()
            state = b'\\1{"text":"former"}'
            event = NewEvent(stream, 1, "test.noted.v1", state, None)
            expected = Expectation(stream, 0, "")
            try:
                await log.append(
                    AppendRequest(f"former:{number}", [event], [expected], fence=lease.fence)
                )
                print("appended", flush=True)
            except EventLogError as error:
                print(error.code, flush=True)

asyncio.run(main(sys.argv[1]))
"""


async def test_leader_stopped_by_sigstop_beyond_its_lease_and_continued(
    node: PostgresEventLog, database: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        FORMER_LEADER,
        database,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def says() -> str:
        assert process.stdout is not None
        with anyio.fail_after(PATIENCE):
            return (await process.stdout.readline()).decode().strip()

    try:
        assert await says() == "leads 1"
        process.stdin.write(b"a\n")
        assert await says() == "appended"

        process.send_signal(signal.SIGSTOP)
        process.stdin.write(b"b\n")  # its next work, taken up when it goes on
        keeper = LeaseKeeper(node.pool, node.store_id, "new")
        taken = []

        async def take() -> bool:
            taken.append(await keeper.take("work"))
            return taken[-1] is not None

        await eventually(take)
        assert taken[-1] is not None
        assert (taken[-1].epoch, taken[-1].head) == (2, 1)
        await node.append(note("b", NEW, "new", fence=taken[-1].fence))

        process.send_signal(signal.SIGCONT)
        assert await says() == "fenced"
        process.stdin.write(b"c\n")
        assert await says() == "fenced", "and it stays so"
    finally:
        process.send_signal(signal.SIGCONT)
        process.stdin.close()
        with anyio.fail_after(PATIENCE):
            await process.wait()

    assert texts(await node.read(0, 10)) == ["former", "new"]
    assert (await chain.verify(database)).findings == ()
