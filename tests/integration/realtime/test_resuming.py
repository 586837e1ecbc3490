"""Who comes back gets everything behind the last position it saw, once and in order."""

import asyncio
import random
from uuid import uuid4

import psycopg
import pytest

from aia_mas.application.event_log import subscription
from aia_mas.application.event_log.pages import PAGE_BYTES
from aia_mas.interfaces.realtime import RealtimeOptions

pytestmark = pytest.mark.anyio

# Rings of a few frames and no prefill, so that nearly everything must come from pages of the log.
TINY = RealtimeOptions(ring_bytes=2_000, prefill=0, cached_pages=2)


async def test_from_the_ring(node, writer):
    await writer.submit("t1")
    await writer.progress("t1", 700)
    async with node.client() as client:
        answer = await client.subscribe(after=2, epoch=node.hub.epoch)
        assert (answer["recovered"], answer["position"]) == (True, 2)
        assert [fact["position"] for fact in await client.facts(699)] == [*range(3, 702)]
        await writer.submit("t5")
        assert (await client.facts(1))[0]["position"] == 702


@pytest.mark.parametrize("page_bytes", [PAGE_BYTES, 2_000])
async def test_from_pages_beyond_the_ring(
    run_node, postgres_log, postgres_writer, monkeypatch, page_bytes
):
    """However much of the log is read at once: large events make short pages."""
    monkeypatch.setattr(subscription, "PAGE_BYTES", page_bytes)
    async with run_node(postgres_log, options=TINY) as node:
        await postgres_writer.submit("t1")
        await postgres_writer.progress("t1", 900)
        await postgres_writer.register("a1")
        await postgres_writer.progress("t1", 100)
        # As if the window had moved on.
        postgres_log.feed.start(1002)
        async with node.client() as client:
            answer = await client.subscribe(after=1)
            assert answer["recovered"] is True
            await client.subscribe("agents", after=0)
            tasks, agents = [], []
            while len(tasks) < 1000 or not agents:
                [fact] = await client.facts(1)
                (tasks if fact["id"] == "tasks" else agents).append(fact["position"])
            assert tasks == [*range(2, 902), *range(903, 1003)]
            assert agents == [902]
            last = await postgres_writer.submit("t2")
            assert (await client.facts(1))[0]["position"] == last


async def test_one_tasks_story_is_read_without_the_rest_of_the_log(
    run_node, postgres_log, postgres_writer
):
    async with run_node(postgres_log, options=TINY) as node:
        await postgres_writer.submit("mine")
        await postgres_writer.submit("other")
        await postgres_writer.progress("other", 1500)
        last = await postgres_writer.assign("mine", "a1")
        await postgres_writer.progress("other", 20)
        async with node.client() as client:
            await client.subscribe(after=0, filter={"task_ids": ["mine", "none"]})
            assert [fact["position"] for fact in await client.facts(2)] == [1, last]
            await client.say(type="ping")
            pong = await client.next("pong")
            assert pong["data"]["positions"] == {"tasks": last + 20}


async def test_a_long_story_is_read_in_pieces(run_node, log, writer):
    async with run_node(log, options=TINY) as node:
        for _ in range(3):
            await writer.progress("mine", 800)
            await writer.progress("also-mine", 1)
            await writer.progress("other", 300)
        async with node.client() as client:
            await client.subscribe(after=0, filter={"task_ids": ["mine", "also-mine"]})
            heard = [fact["position"] for fact in await client.facts(3 * 801)]
        expected = [event.position for event in log.events if event.stream != "task/other"]
        assert heard == expected


async def test_after_a_restart_the_ring_is_filled_again(run_node, postgres_log, postgres_writer):
    await postgres_writer.submit("t1")
    await postgres_writer.progress("t1", 50)
    async with run_node(postgres_log) as node:
        assert node.hub.position == 51
        async with node.client() as client:
            await client.subscribe(after=40)
            assert [fact["position"] for fact in await client.facts(11)] == [*range(41, 52)]


async def test_another_epoch_is_not_recovered_and_starts_at_the_head(node, writer):
    await writer.submit("t1")
    async with node.client() as client:
        answer = await client.subscribe(after=1, epoch=str(uuid4()))
        assert (answer["recovered"], answer["position"]) == (False, 1)
        assert answer["epoch"] == node.hub.epoch
        await writer.submit("t2")
        assert (await client.facts(1))[0]["position"] == 2


async def test_a_position_beyond_the_head_is_not_recovered(node, writer):
    await writer.submit("t1")
    async with node.client() as client:
        answer = await client.subscribe(after=2)
        assert (answer["recovered"], answer["position"]) == (False, 1)


async def test_a_position_that_only_another_node_has_seen_is_recovered(
    run_node, postgres_log, postgres_writer, monkeypatch
):
    async with run_node(postgres_log) as node:
        await postgres_writer.submit("t1")
        # This node has not heard of what the other one committed.
        monkeypatch.setattr(node.hub, "_position", 0)
        async with node.client() as client:
            answer = await client.subscribe(after=1)
            assert (answer["recovered"], answer["position"]) == (True, 1)
            await postgres_writer.submit("t2")
            assert (await client.facts(1))[0]["position"] == 2


async def test_lost_wake_ups_lose_nothing(run_node, postgres_log, writer_elsewhere, database):
    """Another node commits and nobody hears of it: the poll of the feed finds it."""
    async with run_node(postgres_log) as node, node.client() as client:
        await client.subscribe(after=0)
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as admin:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where query like 'listen%' and datname = current_database()"
            )
        for number in range(20):
            await writer_elsewhere.submit(f"t{number}")
        assert [fact["position"] for fact in await client.facts(20)] == [*range(1, 21)]


@pytest.mark.parametrize("seed", range(4))
async def test_exactly_once_in_order_over_random_cuts(run_node, log, writer, seed):
    chance = random.Random(seed)
    options = RealtimeOptions(
        ring_bytes=chance.choice([1_000, 20_000, 10**6]),
        cached_pages=chance.choice([1, 8]),
        prefill=0,
        queue_bytes=10**6,
        coalesce_interval=0.005,
    )
    total = 1500

    async def write() -> None:
        await writer.submit("t0")
        position = 1
        while position < total:
            await asyncio.sleep(0)
            if chance.random() < 0.1:
                await asyncio.sleep(0.003)
            task = f"t{chance.randrange(4)}"
            position = await writer.progress(task, min(chance.randint(1, 40), total - position))

    async with run_node(log, options=options) as node:
        followers = [
            Follower(node, random.Random(seed * 10 + number), wanted)
            for number, wanted in enumerate((None, {"task_ids": ["t1"]}, {"agent_ids": ["a1"]}))
        ]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write())
            for follower in followers:
                tasks.create_task(follower.follow(total))
        story = {event.position: event for event in log.events}
        everything, first_task, agents = (follower.seen for follower in followers)
        assert everything == [*range(1, total + 1)]
        assert first_task == [at for at, event in story.items() if event.stream == "task/t1"]
        assert agents == [*range(2, total + 1)]
        assert max(follower.cuts for follower in followers) > 0


class Follower:
    """Reads until it has everything, losing its connection again and again."""

    def __init__(self, node, chance, wanted):
        self.node = node
        self.chance = chance
        self.filter = wanted
        self.seen = []
        self.after = 0
        self.cuts = 0

    async def follow(self, total: int) -> None:
        done = False
        while not done:
            async with self.node.client(f"f{self.cuts}") as client:
                wanted = {"filter": self.filter} if self.filter else {}
                await client.subscribe(id="s", after=self.after, **wanted)
                done = await self.read(client, total, self.chance.randint(1, 200))
                if self.chance.random() < 0.5:
                    client.connection.transport.abort()
            self.cuts += 1

    async def read(self, client, total: int, patience: int) -> bool:
        for _ in range(patience):
            await client.say(type="ping")
            while (frame := await client.hear())["type"] != "pong":
                if frame["type"] == "task_update":
                    self.seen.append(frame["position"])
                    self.after = frame["position"]
            self.after = frame["data"]["positions"]["s"]
            if self.after >= total:
                return True
        return False
