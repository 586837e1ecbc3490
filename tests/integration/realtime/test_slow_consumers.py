"""Who does not read is closed with a code that says so, costs no memory, and loses nothing."""

import asyncio
import socket

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from aia_mas.interfaces.realtime import CloseCode, RealtimeOptions

pytestmark = pytest.mark.anyio

SMALL = RealtimeOptions(queue_bytes=100_000, send_timeout=60, coalesce_interval=0.01)
LONG = "x" * 5_000


def deaf_socket(port: int) -> socket.socket:
    """A socket with little room for what is not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
    sock.connect(("127.0.0.1", port))
    return sock


async def test_facts_that_pile_up_close_the_connection_and_it_resumes_without_loss(
    run_node, log, writer
):
    async with run_node(log, options=SMALL) as node:
        last = 0
        async with node.client(sock=deaf_socket(node.port), max_queue=1) as client:
            await client.subscribe(after=0)
            [held] = node.hub.connections
            await writer.submit("t1")
            for _ in range(20):
                await writer.progress("t1", 20, LONG)
            async with asyncio.timeout(20):
                while held.closing is None:
                    await asyncio.sleep(0.01)
            assert held.queued_bytes <= SMALL.queue_bytes
            with pytest.raises(ConnectionClosed):
                while True:
                    last = (await client.facts(1))[0]["position"]
            assert client.connection.close_code == CloseCode.SLOW_CONSUMER
        assert 0 < last < 401
        await node.vacant()
        async with node.client() as client:
            await client.subscribe(after=last)
            facts = await client.facts(401 - last)
            assert [fact["position"] for fact in facts] == [*range(last + 1, 402)]


async def test_a_client_that_never_reads_is_cut_and_others_are_served(run_node, log, writer):
    options = RealtimeOptions(queue_bytes=10**9, send_timeout=1.0, coalesce_interval=0.01)
    async with run_node(log, options=options) as node, node.client() as reader:
        await reader.subscribe()
        deaf = await connect(
            node.url("deaf"),
            sock=deaf_socket(node.port),
            compression=None,
            max_queue=1,
            close_timeout=0,
        )
        await deaf.send('{"type":"subscribe","topic":"tasks"}')
        async with asyncio.timeout(20):
            while not all(one.subscriptions.get("tasks") for one in node.hub.connections):
                await asyncio.sleep(0.01)
        [protocol] = [
            one.transport._protocol for one in node.hub.connections if one.client_id == "deaf"
        ]
        protocol.close_timeout = 0.1
        await writer.submit("t1")
        for _ in range(10):
            await writer.progress("t1", 20, LONG)
        assert [fact["position"] for fact in await reader.facts(201)] == [*range(1, 202)]
        async with asyncio.timeout(20):
            while len(node.hub.connections) > 1 or protocol in protocol.connections:
                await asyncio.sleep(0.01)
        deaf.transport.abort()
        await deaf.wait_closed()
        assert not reader.connection.close_code


async def test_metrics_never_pile_up(run_node, log):
    async with (
        run_node(log, options=SMALL) as node,
        node.client(sock=deaf_socket(node.port), max_queue=1) as client,
    ):
        await client.hear()
        [connection] = node.hub.connections
        for number in range(150):
            node.metrics = {"agents": number, "filling": "x" * 20_000}
            node.hub.touch("metrics")
            await asyncio.sleep(0.011)
        assert connection.queued_bytes == 0
        assert connection.closing is None
        seen = []
        while not seen or seen[-1] != 149:
            seen.append((await client.hear())["data"]["agents"])
        assert seen == sorted(set(seen))
        assert len(seen) < 150


async def test_metrics_asked_for_many_times_hold_no_more_memory(run_node, log):
    async with (
        run_node(log, options=SMALL) as node,
        node.client(sock=deaf_socket(node.port), max_queue=1) as client,
    ):
        node.metrics = {"filling": "x" * 20_000, "number": 0}
        for number in range(60):
            await client.say(type="subscribe", topic="metrics", id=f"m{number}")
        [connection] = node.hub.connections
        async with asyncio.timeout(20):
            while len(connection.subscriptions) < 61:
                await asyncio.sleep(0.01)
        transport = connection.transport._protocol.transport
        for number in range(1, 30):
            node.metrics = {"filling": "x" * 20_000, "number": number}
            node.hub.touch("metrics")
            await asyncio.sleep(0.011)
        most = 0
        heard: dict[str, int | None] = {}
        while len(heard) < 61 or set(heard.values()) != {29}:
            frame = await client.hear()
            most = max(most, transport.get_write_buffer_size())
            if frame["type"] == "metrics_update":
                heard[frame["id"]] = frame["data"].get("number")
        assert most < 200_000
