"""The socket of dashboards, as a client sees it."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from aia_mas.interfaces.realtime import RealtimeOptions

pytestmark = pytest.mark.anyio


async def test_metrics_arrive_on_connect_and_on_change(node, writer):
    async with node.client() as client:
        first = await client.hear()
        assert first["type"] == "metrics_update"
        assert first["data"] == {"agents": 0}
        assert first["as_of"] == 0
        assert "position" not in first

        node.metrics = {"agents": 1}
        await writer.register("a1")

        second = await client.hear()
        assert second["data"] == {"agents": 1}
        assert second["as_of"] == 1


async def test_a_value_that_changed_outside_the_log_is_sent_when_touched(node):
    async with node.client() as client:
        await client.hear()
        node.metrics = {"agents": 0, "online": 3}
        node.hub.touch("metrics")
        assert (await client.hear())["data"]["online"] == 3


async def test_a_value_that_changes_with_time_alone_is_sent_by_itself(run_node, log):
    """As rates do when nothing happens any more."""
    options = RealtimeOptions(coalesce_interval=0.01, coalesced_refresh=0.05)
    async with run_node(log, options=options) as node, node.client() as client:
        await client.hear()
        for rate in (2.0, 1.0, 0.0):
            node.metrics = {"rate": rate}
            assert (await client.hear())["data"] == {"rate": rate}


async def test_unchanged_metrics_are_not_sent_again(node, writer):
    async with node.client() as client:
        await client.hear()
        await client.subscribe("tasks")
        await writer.submit("t1")
        await writer.submit("t2")
        assert [fact["position"] for fact in [await client.hear(), await client.hear()]] == [1, 2]
        node.metrics = {"agents": 5}
        node.hub.touch("metrics")
        assert (await client.hear())["data"] == {"agents": 5}


async def test_facts_arrive_by_subscription_and_tell_what_happened(node, writer):
    async with node.client() as client:
        answer = await client.subscribe("tasks")
        assert answer == {
            "type": "subscribed",
            "id": "tasks",
            "recovered": False,
            "snapshot": False,
            "position": 0,
            "epoch": node.hub.epoch,
            "data": {"topic": "tasks"},
        }
        await client.subscribe("agents")
        await writer.submit("t1", "research")
        await writer.assign("t1", "a1")
        await writer.register("a1")

        submitted, assigned, registered = await client.facts(3)

        assert (submitted["type"], submitted["position"], submitted["id"]) == (
            "task_update",
            1,
            "tasks",
        )
        assert submitted["data"] == {
            "event": "task.submitted",
            "version": 1,
            "at": submitted["data"]["at"],
            "actor": "writer",
            "task_id": "t1",
            "status": "queued",
            "task_type": "research",
            "priority": "normal",
            "owner": "ann",
        }
        assert (assigned["data"]["event"], assigned["data"]["agent_id"]) == ("task.assigned", "a1")
        assert assigned["data"]["status"] == "assigned"
        assert "secret" not in json.dumps(assigned)
        assert registered["type"] == "agent_update"
        assert registered["id"] == "agents"
        assert registered["data"]["agent_id"] == "a1"
        assert registered["data"]["online"] is True
        assert registered["data"]["cost_per_task"] == "0"


async def test_two_subscriptions_on_one_connection_get_one_frame_each(node, writer):
    async with node.client() as client:
        await client.subscribe(id="all")
        await client.subscribe(id="mine", filter={"agent_ids": ["a1"]})
        await writer.submit("t1")
        await writer.assign("t1", "a1")
        await writer.assign("t1", "a2")

        frames = await client.facts(4)

        heard = sorted((frame["id"], frame["position"]) for frame in frames)
        assert heard == [("all", 1), ("all", 2), ("all", 3), ("mine", 2)]


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        ({"task_ids": ["t1"]}, [1, 3]),
        ({"agent_ids": ["a1", "a2"]}, [3, 4]),
        ({"task_types": ["research"]}, [2]),
        ({"statuses": ["assigned"]}, [3, 4]),
        ({"events": ["task.submitted"]}, [1, 2, 5]),
        ({"task_ids": ["t1", "t2"], "statuses": ["assigned"]}, [3, 4]),
        ({"task_ids": ["t2"], "agent_ids": ["a1"]}, []),
    ],
)
async def test_filters_select_live_and_past_facts_alike(node, writer, wanted, positions):
    async with node.client() as client:
        await client.subscribe(id="live", filter=wanted)
        await writer.submit("t1")
        await writer.submit("t2", "research")
        await writer.assign("t1", "a1")
        await writer.assign("t2", "a2")
        await writer.submit("t3")
        await client.subscribe(id="past", filter=wanted, after=0)
        await client.subscribe(id="end", after=4)

        heard: dict[str, list[int]] = {"live": [], "past": [], "end": []}
        while len(heard["past"]) < len(positions) or not heard["end"]:
            [fact] = await client.facts(1)
            heard[fact["id"]].append(fact["position"])

        assert heard == {"live": positions, "past": positions, "end": [5]}


async def test_after_unsubscribing_nothing_more_arrives(node, writer):
    async with node.client() as client:
        await client.subscribe(id="gone")
        await client.subscribe(id="stays")
        await client.say(type="unsubscribe", id="gone")
        await client.next("unsubscribed")
        await writer.submit("t1")
        await writer.submit("t2")
        assert [fact["id"] for fact in await client.facts(2)] == ["stays", "stays"]
        again = await client.subscribe(id="gone", after=1)
        assert again["recovered"] is True
        [fact] = await client.facts(1)
        assert (fact["id"], fact["position"]) == ("gone", 2)


async def test_a_pong_tells_how_far_each_subscription_is(node, writer):
    async with node.client() as client:
        await client.subscribe(id="narrow", filter={"task_ids": ["t9"]})
        await client.subscribe(id="wide")
        for number in range(3):
            await writer.submit(f"t{number}")
        await client.facts(3)
        await client.say(type="ping", id="p1")
        pong = await client.next("pong")
        assert pong["id"] == "p1"
        assert pong["data"]["positions"] == {"narrow": 3, "wide": 3}


async def test_metrics_may_be_asked_for_again_and_given_up(node):
    async with node.client() as client:
        await client.hear()
        answer = await client.subscribe("metrics")
        assert (answer["recovered"], answer["position"]) == (True, None)
        assert (await client.next("metrics_update"))["data"] == {"agents": 0}
        await client.say(type="unsubscribe", id="metrics")
        await client.next("unsubscribed")
        node.metrics = {"agents": 9}
        node.hub.touch("metrics")
        answer = await client.subscribe("metrics", id="m2")
        frame = await client.hear()
        assert (frame["id"], frame["data"]) == ("m2", {"agents": 9})


async def test_it_works_under_a_server_that_knows_nothing_of_us(run_node, log, writer):
    plain = {"ws": "websockets-sansio"}
    async with run_node(log, server=plain) as node, node.client() as client:
        assert (await client.hear())["type"] == "metrics_update"
        await client.subscribe(after=0)
        await writer.submit("t1")
        assert (await client.facts(1))[0]["position"] == 1
        closing = asyncio.create_task(client.closed())
        await node.hub.drain()
        assert (await closing)[0] == 1001


async def test_a_client_that_leaves_is_forgotten(node):
    async with node.client() as client:
        await client.subscribe()
        assert len(node.hub.connections) == 1
    await node.vacant()
    connection = await connect(node.url(), compression=None)
    await connection.recv()
    connection.transport.abort()
    await node.vacant()
