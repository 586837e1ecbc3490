"""Messages in every state on two nodes, and the one that delivered and led dies (SIGKILL)."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx

from .aftermath import aftermath
from .places import Place
from .waiting import eventually

SETTINGS = {
    "MAS_LEADER_LEASE": "1.5",
    "MAS_MESSAGE_BACKOFF": "0",
    "MAS_HEARTBEAT_INTERVAL": "600",
}
READERS = ("ann", "bob", "eve")


class Post:
    """Two nodes as agents use them: sends over either, takes over one."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self.http = http
        self.url = f"{url}/communication"

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = await self.http.request(method, self.url + path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def send(self, to: str, text: str, **more: Any) -> str:
        body = {"from_agent": "system", "to_agent": to, "message_type": "note", "payload": text}
        sent = await self.ask("POST", "/messages/send", json={**body, **more})
        message_id: str = sent["message_id"]
        return message_id

    async def take(self, name: str, limit: int = 100) -> list[str]:
        """Return what an agent gets now."""
        query = {"limit": limit}
        page = await self.ask("GET", f"/agents/{name}/inbox", params=query)
        return [item["message_id"] for item in page["items"]]

    async def ack(self, name: str, *message_ids: str) -> None:
        done = await self.ask(
            "POST", f"/agents/{name}/inbox/ack", json={"message_ids": message_ids}
        )
        assert done["refused"] == 0, done

    async def story(self, message_id: str) -> dict[str, Any]:
        """Return what is told of a message; nothing while the read model does not have it yet."""
        answer = await self.http.get(f"{self.url}/messages/{message_id}")
        assert answer.status_code in {200, 404}, answer.text
        story: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
        return story

    async def status(self, message_id: str) -> str:
        """Return how a message stands, for its one recipient."""
        return str((await self.story(message_id)).get("status"))

    async def stands(self, message_id: str, status: str) -> bool:
        return await self.status(message_id) == status

    async def told(self, message_id: str) -> bool:
        """Tell whether the log knows that it is with its recipient."""
        history = (await self.story(message_id)).get("history", ())
        return any(entry["event"] == "delivered" for entry in history)


async def test_nothing_is_lost_and_nothing_acknowledged_comes_again(place: Place) -> None:
    one, two = await place.start_two(SETTINGS)
    leader = await place.leader("courier")
    other = two if leader is one else one
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        here, there = Post(http, leader.url), Post(http, other.url)
        for name in READERS:
            body = {"agent_id": name, "skills": {"reading": 1.0}}
            answer = await http.post(f"{leader.url}/agents/register", json=body)
            assert answer.status_code == 201, answer.text
        await here.ask("PUT", "/agents/bob/subscriptions", json={"patterns": ["news.>"]})
        await there.ask("PUT", "/agents/eve/subscriptions", json={"patterns": ["news.*"]})

        done = await there.send("ann", "done")
        given_up = await here.send("ann", "given up")
        refused = await here.send("ann", "refused")
        out = await here.send("ann", "out", ack_seconds=1)
        assert await eventually(partial(here.take, "ann"), "mail") == [done, given_up, refused, out]
        await here.ack("ann", done)
        nack = {"agent_id": "ann", "reason": "no", "requeue": False}
        await here.ask("POST", f"/messages/{given_up}/nack", json=nack)
        nack = {"agent_id": "ann", "reason": "later", "retry_after_seconds": 1}
        await here.ask("POST", f"/messages/{refused}/nack", json=nack)
        await eventually(partial(here.stands, given_up, "dead"), "its end")
        await eventually(partial(here.told, out), "the note that it is out")
        waiting = await there.send("ann", "waiting")
        brief = await there.send("ann", "brief", ttl=0.5)
        news = {"from_agent": "system", "topic": "news.today", "message_type": "news"}
        topical = (await here.ask("POST", "/messages/send", json=news))["message_id"]
        assert await eventually(partial(here.take, "bob"), "news") == [topical]
        await here.ack("bob", topical)

        await leader.kill()

        await eventually(partial(there.stands, brief, "expired"), "its end")
        got: list[str] = []

        async def take_all() -> bool:
            taken = await there.take("ann")
            got.extend(taken)
            if taken:
                await there.ack("ann", *taken)
            return len(got) >= 3

        # What was out comes again when its time is over, and whoever delivered it has said nothing.
        await eventually(take_all, "the rest")
        assert await there.take("eve") == [topical]
        await there.ack("eve", topical)
        assert (await there.take("ann"), await there.take("bob")) == ([], [])

        assert sorted(got) == sorted([refused, out, waiting])
        await place.caught_up()
        assert [await there.status(each) for each in (done, given_up, brief, topical)] == [
            "acknowledged",
            "dead",
            "expired",
            "acknowledged",
        ]
        redriven = {"agent_id": "ann"}
        await there.ask("POST", f"/messages/{given_up}/redrive", json=redriven)
        assert await eventually(partial(there.take, "ann"), "the dead letter") == [given_up]
        await there.ack("ann", given_up)
        await place.caught_up()
    await other.finish()
    assert other.complaints() == []
    async with aftermath(place.data_dir) as left:
        await left.nothing_was_given_up()
        await left.messages_equal_rebuilds()
