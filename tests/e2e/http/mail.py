"""What tests of messages share: paths, agents, and waits for what happens by itself."""

from __future__ import annotations

import time
from typing import Any

import anyio
import httpx

from .problems import API

C = f"{API}/communication"
MESSAGES = f"{C}/messages"
PATIENCE = 30.0  # seconds; only ever waited out when something is wrong


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def agents(client: httpx.Client, unique: str, *names: str, **declared: Any) -> list[str]:
    """Register agents of one test; returns their ids."""
    ids = [f"{unique}-{name}" for name in names]
    for agent_id in ids:
        ok(client.put(f"{API}/agents/{agent_id}", json=declared), 201)
    return ids


def send(client: httpx.Client, **message: Any) -> dict[str, Any]:
    """Send a message; returns the answer."""
    body = {"message_type": "note", **message}
    sent: dict[str, Any] = ok(client.post(f"{MESSAGES}/send", json=body), 201)
    return sent


def take(client: httpx.Client, agent_id: str, **query: Any) -> list[dict[str, Any]]:
    """Take what is in an inbox."""
    taken: list[dict[str, Any]] = ok(client.get(f"{C}/agents/{agent_id}/inbox", params=query))[
        "items"
    ]
    return taken


def peek(client: httpx.Client, agent_id: str, **query: Any) -> Any:
    """Look into an inbox."""
    return ok(client.get(f"{C}/agents/{agent_id}/inbox/peek", params=query))


def ack(client: httpx.Client, agent_id: str, message_id: str) -> httpx.Response:
    return client.post(f"{MESSAGES}/{message_id}/ack", json={"agent_id": agent_id})


def nack(client: httpx.Client, agent_id: str, message_id: str, **said: Any) -> httpx.Response:
    return client.post(f"{MESSAGES}/{message_id}/nack", json={"agent_id": agent_id, **said})


def story(client: httpx.Client, message_id: str) -> dict[str, Any]:
    told: dict[str, Any] = ok(client.get(f"{MESSAGES}/{message_id}"))
    return told


def until_it_is(client: httpx.Client, message_id: str, status: str) -> dict[str, Any]:
    """Return the story of a message once it stands so; that takes the courier a moment."""
    ends = time.monotonic() + PATIENCE
    while (told := story(client, message_id))["status"] != status:
        assert time.monotonic() < ends, told
        time.sleep(0.02)
    return told


async def somebody_waits(node: Any) -> None:
    """Wait, in the loop of a node, until somebody waits there for messages."""
    with anyio.fail_after(PATIENCE):
        while not node.system.communication.polls.waiting:
            await anyio.sleep(0.005)


async def somebody_asks(node: Any) -> None:
    """Wait, in the loop of a node, until somebody waits there for an answer."""
    with anyio.fail_after(PATIENCE):
        while not node.system.communication.replies.waiting:
            await anyio.sleep(0.005)


async def nobody_asks(node: Any) -> None:
    """Wait, in the loop of a node, until nobody waits there for an answer any more."""
    with anyio.fail_after(PATIENCE):
        while node.system.communication.replies.waiting:
            await anyio.sleep(0.005)


def of(message_ids: list[dict[str, Any]]) -> list[str]:
    return [each["message_id"] for each in message_ids]
