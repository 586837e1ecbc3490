"""What clients should not send is answered with a stable code or a close code, never a crash."""

import asyncio
import json

import pytest

from aia_mas.interfaces.realtime import CloseCode, RealtimeOptions

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("{", "malformed_json", None),
        ("", "malformed_json", None),
        ("[" * 20_000, "invalid_message", None),
        ('{"type":"ping","id":5', "malformed_json", None),
        ('{"type":"ping","id":' + "[" * 20_000, "malformed_json", None),
        ("\\ud800", "malformed_json", None),
        ('{"type":"subscribe","topic":"tasks","after":NaN}', "malformed_json", None),
        ("[]", "invalid_message", None),
        ("null", "invalid_message", None),
        ('{"topic":"tasks"}', "invalid_message", None),
        ('{"type":7}', "invalid_message", None),
        ('{"type":"shout"}', "unknown_type", None),
        ('{"type":"subscribe"}', "invalid_message", None),
        ('{"type":"subscribe","topic":"gossip"}', "unknown_topic", "gossip"),
        ('{"type":"subscribe","topic":"tasks","id":"a b"}', "invalid_message", None),
        ('{"type":"subscribe","topic":"tasks","id":"s","after":-1}', "invalid_message", "s"),
        ('{"type":"subscribe","topic":"tasks","after":1e300}', "invalid_message", None),
        ('{"type":"subscribe","topic":"tasks","id":"s","aftr":1}', "invalid_message", "s"),
        ('{"type":"subscribe","topic":"tasks","snapshot":"yes"}', "invalid_message", None),
        ('{"type":"subscribe","topic":"tasks","filter":{"task_ids":[]}}', "invalid_message", None),
        (
            '{"type":"subscribe","topic":"tasks","filter":{"task_ids":["\\u0000"]}}',
            "invalid_message",
            None,
        ),
        (
            '{"type":"subscribe","topic":"tasks","id":"s","filter":{"statuses":["lost"]}}',
            "invalid_filter",
            "s",
        ),
        (
            '{"type":"subscribe","topic":"agents","filter":{"events":["task.started"]}}',
            "invalid_filter",
            "agents",
        ),
        (
            '{"type":"subscribe","topic":"metrics","filter":{"statuses":["queued"]}}',
            "invalid_filter",
            "metrics",
        ),
        ('{"type":"unsubscribe","id":"nothing"}', "unknown_subscription", "nothing"),
        ('{"type":"unsubscribe"}', "invalid_message", None),
        ('{"type":"ping","id":{}}', "invalid_message", None),
    ],
)
async def test_a_bad_message_gets_its_code_and_the_connection_goes_on(node, text, code, named):
    async with node.client() as client:
        await client.connection.send(text)
        error = await client.next("error")
        assert (error["data"]["code"], error["data"]["id"]) == (code, named)
        assert error["data"]["detail"]
        assert (await client.subscribe())["type"] == "subscribed"


async def test_binary_frames_are_refused(node):
    async with node.client() as client:
        await client.connection.send(b'{"type":"ping"}')
        assert (await client.next("error"))["data"]["code"] == "binary_not_supported"
        await client.say(type="ping")
        assert (await client.next("pong"))["data"] == {"positions": {}}


async def test_a_subscription_id_is_used_once(node):
    async with node.client() as client:
        await client.subscribe(id="s")
        error = await client.subscribe("agents", id="s")
        assert (error["data"]["code"], error["data"]["id"]) == ("duplicate_subscription", "s")


async def test_subscriptions_are_bounded(run_node, log):
    options = RealtimeOptions(max_subscriptions=3)
    async with run_node(log, options=options) as node, node.client() as client:
        await client.subscribe(id="s1")
        await client.subscribe(id="s2")  # the metrics are the third
        error = await client.subscribe(id="s3")
        assert error["data"]["code"] == "too_many_subscriptions"
        await client.say(type="unsubscribe", id="metrics")
        assert (await client.subscribe(id="s3"))["type"] == "subscribed"


async def test_a_fragmented_message_is_one_message(node):
    async with node.client() as client:
        await client.connection.send(['{"type":', '"pi', 'ng"}'])
        await client.next("pong")


@pytest.mark.parametrize("fragments", [1, 4])
async def test_an_oversized_message_closes_the_connection(node, fragments):
    async with node.client() as client:
        piece = "x" * (70_000 // fragments)
        await client.connection.send([piece] * fragments if fragments > 1 else piece)
        assert (await client.closed())[0] == CloseCode.MESSAGE_TOO_BIG
    await node.vacant()


async def test_the_bound_of_messages_holds_under_any_server(run_node, log):
    server = {"ws": "websockets-sansio", "ws_max_size": 2**20}
    async with run_node(log, server=server) as node, node.client() as client:
        await client.connection.send("x" * 70_000)
        assert (await client.closed())[0] == CloseCode.MESSAGE_TOO_BIG


async def test_bad_utf8_closes_the_connection(node):
    from websockets.frames import Frame, Opcode

    async with node.client() as client:
        protocol = client.connection.protocol
        protocol.send_frame(Frame(Opcode.TEXT, b'"\xff\xfe"'))
        client.connection.transport.write(b"".join(protocol.data_to_send()))
        assert (await client.closed())[0] == 1007
    await node.vacant()


async def test_nothing_but_faults_ends_in_a_policy_violation(run_node, log):
    options = RealtimeOptions(max_faults=10)
    async with run_node(log, options=options) as node, node.client() as client:
        for _ in range(9):
            await client.connection.send("{")
        await client.say(type="ping")  # one that is right: it counts from the start again
        for _ in range(10):
            await client.connection.send("{")
        assert (await client.closed())[0] == CloseCode.POLICY_VIOLATION


async def test_a_flood_of_messages_does_not_keep_others_waiting(node, writer):
    async with node.client() as calm, node.client("flood") as loud:
        await calm.subscribe()
        await loud.connection.send(json.dumps({"type": "ping"}))

        async def flood() -> None:
            for _ in range(3000):
                await loud.connection.send('{"type":"ping"}')

        async def drink() -> None:
            for _ in range(3001):
                await loud.next("pong")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(flood())
            tasks.create_task(drink())
            await writer.submit("t1")
            assert (await calm.facts(1))[0]["position"] == 1


async def test_a_flood_of_pings_that_reads_no_pongs_holds_no_memory(run_node, log):
    """RFC 6455 5.5.3: not every ping needs its pong."""
    from websockets.frames import Frame, Opcode

    async with run_node(log) as node, node.client() as client:
        client.connection.transport.pause_reading()
        protocol = client.connection.protocol
        ping = Frame(Opcode.PING, b"x" * 125)
        for _ in range(40):
            for _ in range(1000):
                protocol.send_frame(ping)
            client.connection.transport.write(b"".join(protocol.data_to_send()))
            await asyncio.sleep(0.005)
        [connection] = node.hub.connections
        server = connection.transport._protocol
        assert server.transport.get_write_buffer_size() < 1_000_000
        client.connection.transport.abort()
        await node.vacant()
