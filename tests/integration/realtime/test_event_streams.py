"""Event streams under load: who does not read holds nothing up, and ids never run ahead."""

import asyncio
from functools import partial
from typing import Any

import anyio
import pytest

from aia_mas.interfaces.realtime import CloseCode, Hub, RealtimeOptions
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.messages import Subscribe
from aia_mas.interfaces.realtime.sse import SseTransport, place_in

from .readers import NOBODY, until

pytestmark = pytest.mark.anyio


class Answer:
    """What a client takes of an answer, while it takes any."""

    def __init__(self) -> None:
        self.text = ""
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, message: Any) -> None:
        await self.open.wait()
        self.text += message["body"].decode()

    @property
    def ids(self) -> list[dict[str, int]]:
        """Return where the client stood after each event, as far as it knows."""
        places = [line[4:] for line in self.text.splitlines() if line.startswith("id: ")]
        return [dict(found.positions) for each in places if (found := place_in(each))]


@pytest.mark.parametrize("full", [False, True])
async def test_who_takes_nothing_is_ended(log, writer, full):
    """Because nothing was taken for too long, or because too much waits."""
    hub = Hub(log, RealtimeOptions(queue_bytes=20_000))
    answer = Answer()
    transport = SseTransport(answer.send, hub.epoch, 20 if full else 0.05)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        connection = hub.connect("deaf", NOBODY, transport)
        await hub.subscriptions.start(connection, Subscribe("tasks"))
        sender = asyncio.ensure_future(deliver(hub, connection))
        await until(lambda: not connection.behind and not connection.queued_bytes)
        answer.open.clear()
        await writer.submit("t1")
        for _ in range(30 if full else 1):
            await writer.progress("t1", 1, "x" * 1_000)
        async with asyncio.timeout(20):
            await until(lambda: hub.position == (31 if full else 2))
            if full:
                await until(lambda: connection.closing)
                assert connection.queued_bytes <= 20_000
                answer.open.set()
                await sender
                assert f'"code":{int(CloseCode.SLOW_CONSUMER)}' in answer.text
            else:
                with pytest.raises(TimeoutError):
                    await sender
        assert connection.closing is not None
        assert connection.closing.code == CloseCode.SLOW_CONSUMER
        tasks.cancel_scope.cancel()


async def test_a_keep_alive_names_no_place_before_all_up_to_it_was_sent(log, writer):
    hub = Hub(log)
    answer = Answer()
    transport = SseTransport(answer.send, hub.epoch, 20)
    async with anyio.create_task_group() as tasks:
        await tasks.start(hub.run)
        connection = hub.connect("slow", NOBODY, transport)
        await hub.subscriptions.start(connection, Subscribe("tasks"))
        transport.positions = hub.positions(connection)
        tasks.start_soon(deliver, hub, connection)
        await until(lambda: not connection.behind and not connection.queued_bytes)

        reached = partial(hub.reached, connection)
        await writer.register("elsewhere")
        await until(lambda: hub.positions(connection) == {"tasks": 1})
        await transport.keep_alive(reached)
        assert answer.ids == [{"tasks": 0}, {"tasks": 1}]

        answer.open.clear()
        await writer.submit("t1")
        await until(lambda: connection.queued_bytes)
        tasks.start_soon(transport.keep_alive, reached)
        await writer.submit("t2")
        await until(lambda: hub.positions(connection) == {"tasks": 3})
        answer.open.set()
        await until(lambda: answer.ids[-1] == {"tasks": 3})
        tasks.cancel_scope.cancel()
    seen = [place["tasks"] for place in answer.ids]
    assert seen == sorted(seen)
    for position in (2, 3):
        told = answer.text.index(f'"position":{position},"data":{{"event"')
        assert answer.text.index(f"tasks:{position}\n") < told < len(answer.text)
        assert answer.text[:told].count(f"tasks:{position}\n") == 1
