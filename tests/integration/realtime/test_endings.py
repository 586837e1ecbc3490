"""How connections end: drained, idle, unanswered."""

import asyncio
import socket

import pytest
from websockets.asyncio.client import connect

from aia_mas.interfaces.realtime import CloseCode, RealtimeOptions, socket_options
from aia_mas.interfaces.realtime.messages import Subscribe

pytestmark = pytest.mark.anyio


async def test_a_drain_sends_what_is_queued_and_closes_everybody(node, writer):
    async with node.client("d1") as first, node.client("d2") as second:
        await first.subscribe()
        await second.subscribe(after=0)
        await writer.submit("t1")
        await writer.progress("t1", 100)
        while node.hub.position < 101:
            await asyncio.sleep(0)
        await node.hub.drain()
        for client in (first, second):
            facts = await client.facts(101)
            assert [fact["position"] for fact in facts] == [*range(1, 102)]
            assert (await client.closed())[0] == CloseCode.GOING_AWAY
    assert not node.hub.connections


async def test_who_comes_during_a_drain_is_sent_away(node):
    await node.hub.drain()
    async with node.client() as client:
        assert (await client.closed())[0] == CloseCode.GOING_AWAY


async def test_a_drain_does_not_wait_for_those_who_do_not_read(run_node, log, writer):
    options = RealtimeOptions(queue_bytes=10**9, drain_timeout=0.2)
    async with run_node(log, options=options) as node:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
        sock.connect(("127.0.0.1", node.port))
        deaf = await connect(node.url(), sock=sock, compression=None, max_queue=1, close_timeout=0)
        await deaf.send('{"type":"subscribe","topic":"tasks","after":0}')
        await writer.submit("t1")
        for _ in range(10):
            await writer.progress("t1", 20, "x" * 5_000)
        [connection] = node.hub.connections
        async with asyncio.timeout(20):
            while connection.queued_bytes < 100_000:
                await asyncio.sleep(0.005)
            await node.hub.drain()
            await node.vacant()
        deaf.transport.abort()
        await deaf.wait_closed()


async def test_an_idle_connection_without_subscriptions_is_closed(run_node, log):
    async with (
        run_node(log, options=RealtimeOptions(idle_timeout=0.1)) as node,
        node.client("quiet") as quiet,
        node.client("listens") as listens,
    ):
        await quiet.say(type="unsubscribe", id="metrics")
        assert (await quiet.closed())[0] == CloseCode.IDLE
        assert len(node.hub.connections) == 1
        await listens.say(type="ping")
        await listens.next("pong")


async def test_a_client_that_answers_no_pings_is_given_up(run_node, log):
    server = socket_options(ping_interval=0.1, ping_timeout=0.1)
    async with run_node(log, server=server) as node:
        connection = await connect(node.url(), compression=None, close_timeout=0)
        await connection.recv()
        connection.transport.pause_reading()  # pings stay in the kernel
        await node.vacant()
        connection.transport.resume_reading()
        await connection.wait_closed()
        assert connection.close_code == CloseCode.INTERNAL_ERROR


async def test_one_that_neither_reads_nor_answers_pings_is_gone_too(run_node, log, writer):
    """What was written to it and never read must not keep its connection alive."""
    server = socket_options(ping_interval=0.1, ping_timeout=0.1)
    options = RealtimeOptions(queue_bytes=10**9)
    async with run_node(log, options=options, server=server) as node:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
        sock.connect(("127.0.0.1", node.port))
        deaf = await connect(node.url(), sock=sock, compression=None, max_queue=1, close_timeout=0)
        await deaf.recv()
        [connection] = node.hub.connections
        protocol = connection.transport._protocol
        protocol.close_timeout = 0.1
        deaf.transport.pause_reading()
        await node.hub.subscriptions.start(connection, Subscribe("tasks"))
        await writer.submit("t1")
        for _ in range(10):
            await writer.progress("t1", 20, "x" * 5_000)
        async with asyncio.timeout(20):
            while node.hub.connections or protocol in protocol.connections:
                await asyncio.sleep(0.01)
        deaf.transport.abort()
        await deaf.wait_closed()


async def test_a_client_that_answers_pings_stays(run_node, log):
    server = socket_options(ping_interval=0.05, ping_timeout=1)
    async with run_node(log, server=server) as node, node.client() as client:
        await client.hear()
        [connection] = node.hub.connections
        protocol = connection.transport._protocol
        answered = protocol.last_ping_rtt
        async with asyncio.timeout(20):
            for _ in range(3):
                while protocol.last_ping_rtt == answered:
                    await asyncio.sleep(0.01)
                answered = protocol.last_ping_rtt
        assert connection in node.hub.connections


async def test_a_failure_of_ours_closes_with_a_code_and_hits_nobody_else(node, monkeypatch):
    async with node.client("unlucky") as unlucky, node.client("other") as other:
        await other.hear()

        def fail(_connection):
            raise RuntimeError("a mistake in the program")

        with monkeypatch.context() as patch:
            patch.setattr(node.hub, "positions", fail)
            await unlucky.say(type="ping")
            assert (await unlucky.closed())[0] == CloseCode.INTERNAL_ERROR
        await other.say(type="ping")
        await other.next("pong")
    await node.vacant()
