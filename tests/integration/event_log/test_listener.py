"""A connection that listens and is lost takes nothing with it that came after it."""

import asyncio
import os
import socket

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.connections import Connection
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.listener import Listener

from .conftest import PATIENCE


async def test_whoever_gets_the_number_of_a_lost_connection_keeps_it(
    database: str, connection: psycopg.AsyncConnection
) -> None:
    """The next client of a node may come in before the listener has noticed its loss."""
    loop = asyncio.get_running_loop()
    listener, lost = Listener(Feed()), await Connection.connect(database, autocommit=True)
    await listener.listen(lost, "somewhere")
    number, backend = lost.pgconn.socket, lost.info.backend_pid
    hearing = asyncio.create_task(listener.hear())
    await asyncio.sleep(0)
    heard = asyncio.Event()
    ours, theirs = socket.socketpair()

    with ours, theirs, anyio.fail_after(PATIENCE):
        await connection.execute("select pg_terminate_backend(%s)", [backend])
        while _is_open(number):  # libpq closes it while it reads, and only then the task goes on
            await asyncio.sleep(0)
        os.dup2(ours.fileno(), number)
        loop.add_reader(number, heard.set)
        with pytest.raises(psycopg.OperationalError):
            await hearing
        theirs.send(b"x")
        await heard.wait()

    loop.remove_reader(number)
    os.close(number)
    await lost.close()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
