"""What is said over Redis while the bridge has its hands full."""

from __future__ import annotations

import anyio
import msgspec

from aia.testing import InMemoryMas
from aia_mas.interfaces.redis_bridge.bridge import RedisBridge


def subscribe(word: str) -> bytes:
    said = {"type": "subscribe_topics", "id": word, "agent_id": "ann", "data": {"patterns": [word]}}
    return msgspec.json.encode(said)


async def test_who_waited_for_room_when_redis_went_keeps_nobody_waiting_later(
    mas: InMemoryMas,
) -> None:
    bridge = RedisBridge(mas.system, "redis://away.invalid")
    async with anyio.create_task_group() as tasks:
        while not bridge._room.locked():
            await bridge._room.acquire()
        async with anyio.create_task_group() as connected:
            connected.start_soon(bridge._take, tasks, subscribe("before"))
            await mas.rest()
            connected.cancel_scope.cancel()
        bridge._room.release()

        await bridge._take(tasks, subscribe("after"))
        await mas.rest()

        receipts = [msgspec.json.decode(parcel.payload) for parcel in bridge._wire._waiting]
        assert [(each["id"], each["status"]) for each in receipts] == [("after", 200)]
        tasks.cancel_scope.cancel()
