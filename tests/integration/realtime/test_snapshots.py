"""Snapshots are bounded in memory, size and time, whatever clients and lists do."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aia_mas.interfaces.realtime import CloseCode, RealtimeOptions
from aia_mas.interfaces.realtime.selection import Selection

pytestmark = pytest.mark.anyio


class List:
    """A list of numbered tasks, as a transaction sees it.

    Attributes:
        position: What it has folded.
        read: Items read so far, of all readings.
        opened: How often it was opened.
        open: How many readings are open now.
        most_open: How many ever were.
        faults: What happens at the next reads instead (None: nothing does).
    """

    def __init__(self, count: int, *, filling: str = "", position: int = 0) -> None:
        self.count = count
        self.position = position
        self.filling = filling
        self.read = self.opened = self.open = self.most_open = 0
        self.faults: list[Exception | None] = []
        self.gate = asyncio.Event()
        self.gate.set()

    @asynccontextmanager
    async def __call__(self, _selection: Selection, limit: int) -> AsyncIterator["Reading"]:
        self.opened += 1
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            yield Reading(self, min(limit, self.count))
        finally:
            self.open -= 1


class Reading:
    def __init__(self, source: List, limit: int) -> None:
        self.position = source.position
        self.source = source
        self.next_number = 0
        self.limit = limit

    async def next(self) -> list[bytes]:
        await self.source.gate.wait()
        if self.source.faults and (fault := self.source.faults.pop(0)) is not None:
            raise fault
        numbers = range(self.next_number, min(self.next_number + 100, self.limit))
        self.next_number = numbers.stop
        self.source.read += len(numbers)
        return [
            json.dumps({"task_id": f"t{number}", "filling": self.source.filling}).encode()
            for number in numbers
        ]


async def pages(client: Any) -> list[dict[str, Any]]:
    """Return all pages of a snapshot."""
    heard = [await client.next("snapshot")]
    while not heard[-1]["data"]["done"]:
        heard.append(await client.next("snapshot"))
    return heard


def ids(heard: list[dict[str, Any]]) -> list[str]:
    return [item["task_id"] for page in heard for item in page["data"]["items"]]


def numbered(count: int) -> list[str]:
    return [f"t{number}" for number in range(count)]


async def test_pages_of_one_position_and_then_what_follows_it(run_node, log, writer):
    await writer.submit("a")
    tasks = List(1_000, filling="x" * 200, position=1)
    async with run_node(log, lists={"tasks": tasks}) as node, node.client() as client:
        await writer.submit("b")
        answer = await client.subscribe(id="s", snapshot=True)
        assert (answer["id"], answer["snapshot"], answer["position"]) == ("s", True, None)
        heard = await pages(client)
        assert ids(heard) == numbered(1_000)
        assert {(page["id"], page["position"]) for page in heard} == {("s", 1)}
        first, *others = (page["data"] for page in heard)
        assert first["first"] is True
        assert not any(data["first"] or data["truncated"] for data in others)
        await writer.submit("c")
        assert [fact["position"] for fact in await client.facts(2)] == [2, 3]


@pytest.mark.parametrize("position", [1, 400, 1_000])
async def test_what_follows_may_be_older_than_the_ring_or_newer_than_the_node(
    run_node, log, writer, position
):
    """A read model may lag, or be kept by a node that is ahead of this one."""
    tiny = RealtimeOptions(ring_bytes=2_000, prefill=0, cached_pages=2)
    tasks = List(10, position=position)
    async with (
        run_node(log, options=tiny, lists={"tasks": tasks}) as node,
        node.client() as client,
    ):
        await writer.submit("a")
        await writer.progress("a", 699)
        await client.subscribe(snapshot=True)
        await pages(client)
        await client.say(type="ping")
        assert (await client.next("pong"))["data"]["positions"]["tasks"] >= position
        await writer.progress("a", 400)
        heard = [fact["position"] for fact in await client.facts(1_100 - position)]
        assert heard == [*range(position + 1, 1_101)]


@pytest.mark.parametrize("count", [0, 1, 100, 200])
async def test_however_many_there_are_the_last_page_says_so(run_node, log, count):
    tasks = List(count)
    async with run_node(log, lists={"tasks": tasks}) as node, node.client() as client:
        await client.subscribe(snapshot=True)
        heard = await pages(client)
        assert ids(heard) == numbered(count)
        assert heard[0]["data"]["first"] is True
        assert tasks.open == 0


@pytest.mark.parametrize(("count", "truncated"), [(250, False), (251, True), (300, True)])
async def test_a_longer_list_is_cut_and_says_so(run_node, log, count, truncated):
    options = RealtimeOptions(snapshot_items=250)
    lists = {"tasks": List(count)}
    async with run_node(log, options=options, lists=lists) as node, node.client() as client:
        await client.subscribe(snapshot=True)
        heard = await pages(client)
        assert ids(heard) == numbered(250)
        assert heard[-1]["data"]["truncated"] is truncated


async def test_a_hundred_thousand_items_are_read_as_they_are_taken(run_node, log):
    """A client that takes its time is not too slow, and the node holds a few pages, no more."""
    tasks = List(100_000, filling="x" * 200)
    async with (
        run_node(log, lists={"tasks": tasks}) as node,
        node.client(sock=deaf_socket(node.port), max_queue=1) as client,
    ):
        await client.subscribe(snapshot=True)
        [connection] = node.hub.connections
        taken = await client.next("snapshot")
        count, most_ahead, most_queued = len(taken["data"]["items"]), 0, 0
        while not taken["data"]["done"]:
            taken = await client.next("snapshot")
            count += len(taken["data"]["items"])
            most_ahead = max(most_ahead, tasks.read - count)
            most_queued = max(most_queued, connection.queued_bytes)
        assert count == 100_000
        assert most_queued < 200_000
        assert most_ahead < 3_000  # what the sockets and the client hold among them
        assert connection.closing is None


async def test_who_takes_nothing_is_cut_and_holds_no_transaction(run_node, log):
    tasks = List(10_000, filling="x" * 2_000)
    options = RealtimeOptions(send_timeout=0.2, coalesce_interval=0.02)
    async with (
        run_node(log, options=options, lists={"tasks": tasks}) as node,
        node.client(sock=deaf_socket(node.port), max_queue=1) as client,
    ):
        await client.say(type="subscribe", topic="tasks", snapshot=True)
        await node.vacant()
        assert (tasks.opened, tasks.open) == (1, 0)
        assert tasks.read < 10_000
        assert (await client.closed())[0] == CloseCode.SLOW_CONSUMER


async def test_the_transaction_ends_when_its_time_is_over(run_node, log, writer):
    tasks = List(10_000, filling="x" * 2_000)
    options = RealtimeOptions(snapshot_seconds=0.2, coalesce_interval=0.02)
    async with (
        run_node(log, options=options, lists={"tasks": tasks}) as node,
        node.client(sock=deaf_socket(node.port), max_queue=1) as client,
    ):
        await client.say(type="subscribe", topic="tasks", snapshot=True)
        async with asyncio.timeout(20):
            while not tasks.opened or tasks.open:
                await asyncio.sleep(0.01)
        heard = await pages(client)
        assert heard[-1]["data"]["truncated"] is True
        got = ids(heard)
        assert 0 < len(got) < 10_000
        assert got == numbered(len(got))
        await writer.submit("a")
        assert (await client.facts(1))[0]["position"] == 1


async def test_a_snapshot_that_breaks_off_begins_anew(run_node, log, monkeypatch):
    monkeypatch.setattr("aia_mas.interfaces.realtime.snapshots._RETRY", 0.01)
    tasks = List(500)
    tasks.faults = [OSError("away"), None, None, OSError("away again")]
    async with run_node(log, lists={"tasks": tasks}) as node, node.client() as client:
        await client.subscribe(snapshot=True)
        heard = await pages(client)
        anew = [number for number, page in enumerate(heard) if page["data"]["first"]]
        assert len(anew) == 2
        assert ids(heard[anew[-1] :]) == numbered(500)
        assert (tasks.opened, tasks.open) == (3, 0)


async def test_until_a_snapshot_has_ended_there_is_no_place_to_resume_from(run_node, log, writer):
    tasks = List(150)
    async with run_node(log, lists={"tasks": tasks}) as node, node.client() as client:
        tasks.gate.clear()
        await client.subscribe(snapshot=True)
        await client.subscribe("agents")
        await writer.submit("a")
        await writer.register("b")
        assert (await client.facts(1))[0]["position"] == 2  # others go on meanwhile
        await client.say(type="ping")
        assert set((await client.next("pong"))["data"]["positions"]) == {"agents"}
        tasks.gate.set()
        await pages(client)
        await client.say(type="ping")
        assert set((await client.next("pong"))["data"]["positions"]) == {"agents", "tasks"}
        assert (await client.facts(1))[0]["position"] == 1


async def test_a_subscription_that_ends_ends_its_snapshot(run_node, log):
    tasks = List(150)
    async with run_node(log, lists={"tasks": tasks}) as node, node.client() as client:
        tasks.gate.clear()
        await client.subscribe(id="s", snapshot=True)
        async with asyncio.timeout(20):
            while not tasks.open:
                await asyncio.sleep(0.001)
        await client.say(type="unsubscribe", id="s")
        await client.next("unsubscribed")
        async with asyncio.timeout(20):
            while tasks.open:
                await asyncio.sleep(0.001)
        tasks.gate.set()
        await client.subscribe(id="s", snapshot=True)
        assert ids(await pages(client)) == numbered(150)


async def test_few_are_read_at_once_and_all_have_their_turn(run_node, log):
    tasks = List(150)
    options = RealtimeOptions(snapshot_readers=2, coalesce_interval=0.02)
    async with run_node(log, options=options, lists={"tasks": tasks}) as node, node.client() as one:
        tasks.gate.clear()
        for number in range(20):
            await one.subscribe(id=f"s{number}", snapshot=True)
        async with asyncio.timeout(20):
            while tasks.open < 2:
                await asyncio.sleep(0.001)
        tasks.gate.set()
        done = 0
        while done < 20:
            done += (await one.next("snapshot"))["data"]["done"]
        assert (tasks.opened, tasks.most_open, tasks.open) == (20, 2, 0)


async def test_a_node_that_stops_does_not_wait_for_snapshots(run_node, log):
    tasks = List(150)
    # Cut off after that time, they would be waited for all the same.
    options = RealtimeOptions(drain_timeout=60, coalesce_interval=0.02)
    async with (
        run_node(log, options=options, lists={"tasks": tasks}) as node,
        node.client() as client,
    ):
        tasks.gate.clear()
        await client.subscribe(snapshot=True)
        async with asyncio.timeout(20):
            await node.hub.drain()
        assert (await client.closed())[0] == CloseCode.GOING_AWAY
        assert tasks.open == 0


async def test_a_topic_without_a_list_has_no_snapshot(node):
    async with node.client() as client:
        error = await client.subscribe("agents", id="s", snapshot=True)
        assert (error["data"]["code"], error["data"]["id"]) == ("invalid_message", "s")
        assert (await client.subscribe("agents", id="s"))["snapshot"] is False


def deaf_socket(port: int) -> socket.socket:
    """A socket with little room for what is not read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
    sock.connect(("127.0.0.1", port))
    return sock
