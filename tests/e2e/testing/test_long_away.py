"""An agent is away for days, in simulated time: its mail waits within bounds, and in order."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from aia.client.errors import Conflict
from aia.client.types import MessageView
from aia.testing import InMemoryMas
from aia.testing.mas import URL

pytestmark = pytest.mark.anyio

DAYS = 10
BOUND = 5


async def take(mas: InMemoryMas, agent_id: str = "owl") -> list[MessageView]:
    """Return what an agent gets when it asks."""
    return list((await mas.client.messages.receive(agent_id, limit=100)).items)


async def sleep_for_days(mas: InMemoryMas) -> None:
    """Let days pass at once, as on a machine that was put to sleep; then a while as usual."""
    mas.clock.advance(DAYS * 86_400.0)
    await mas.advance(minutes=10)


@pytest.mark.parametrize("policy", ["refuse", "drop_lowest"])
async def test_its_mail_waits_within_its_bound_and_comes_in_order(policy: str) -> None:
    bounds = {"message_retention": BOUND, "message_queue_size": 2 * BOUND, "when_full": policy}
    async with InMemoryMas(seed=1, precision=30, config={"communication": bounds}) as mas:
        messages = mas.client.messages

        async def send(number: int, **more: object) -> str:
            options = {"to_agent": "owl", "payload": number, **more}
            sent = await messages.send("note", **options)  # type: ignore[arg-type]
            return sent.message_id

        async def status(message_id: str) -> str:
            return (await messages.get(message_id)).status

        await mas.register_agent("owl")
        ids = [await send(0), await send(1)]
        assert [each.payload for each in await take(mas)] == [0, 1]
        await messages.ack(ids[0], "owl")
        await mas.advance(minutes=10)
        assert not (await mas.client.agents.get("owl")).online

        # Some time later it still has what it left lying, and more.
        await sleep_for_days(mas)
        later = mas.now() + timedelta(days=2)
        ids += [
            await send(2, priority="low"),
            await send(3, ttl=3_600),
            await send(4, deliver_after=later),
            await send(5),
        ]
        if policy == "refuse":
            # Asked for by hand: the client would try again later, as it is told.
            body = {"to_agent": "owl", "message_type": "note"}
            async with httpx.AsyncClient(base_url=URL, transport=mas.transport()) as http:
                full = await http.post("/mas/api/v1/communication/messages/send", json=body)
            assert (full.status_code, full.json()["code"]) == (429, "inbox_full")
            assert await status(ids[2]) == "queued"
        else:
            ids.append(await send(6))
            await mas.advance(minutes=10)
            # The low one made room, and that is told.
            assert await status(ids[2]) == "dropped"
        await mas.advance(hours=1, minutes=10)
        assert await status(ids[3]) == "expired"
        # What expired makes room.
        ids.append(await send(7))

        await sleep_for_days(mas)
        got = await take(mas)
        # By their turns: the low one is passed by for ten minutes only, not for days.
        expected = [1, 5, 2, 7, 4] if policy == "refuse" else [1, 5, 6, 7, 4]
        assert [each.payload for each in got] == expected
        # It failed once, when nobody acknowledged it: a time that passes uses no attempts up.
        assert {each.payload: each.attempt for each in got if each.attempt > 1} == {1: 2}
        for each in got:
            await messages.ack(each.message_id, "owl")
        with pytest.raises(Conflict) as over:
            await messages.ack(ids[3], "owl")
        assert (over.value.code, over.value.facts["message_status"]) == (
            *("message_closed", "expired"),
        )
        assert await take(mas) == []
        await mas.client.agents.heartbeat("owl")
        assert (await mas.client.agents.get("owl")).online
        # Now that it is there, more may wait for it.
        for number in range(2 * BOUND):
            await send(number)
        assert [each.payload for each in await take(mas)] == list(range(2 * BOUND))
