"""Has agents write to each other over sockets, in a process of its own; prints a line of JSON.

``message_loader.py exchange PORT SECONDS AGENTS`` has agents send each other messages, each with
some on their way, and acknowledge what they get. ``... critical PORT LOW COUNT`` queues low ones
for one agent, which takes its time with each, and times critical ones meanwhile. ``... broadcast
PORT AGENTS ROUNDS`` sends a message to everybody who subscribed to a topic.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport
from wires import (
    API,
    PATIENCE,
    Http,
    milliseconds,
    open_many,
    open_socket,
    part,
    raise_limits,
    until,
)

SOCKET = f"{API}/communication/ws/"
ON_THEIR_WAY = 16
"""Messages that each agent has sent and not got a receipt for."""
WARM = 3.0
"""Seconds before anything is counted."""
TEXT = {"text": "what one agent has to say to another " * 4}
LOW_TAKES = 0.002
"""Seconds that the agent spends on a low message."""


class Agent(WSListener):
    """One agent's socket.

    Attributes:
        receipts: How many messages of its own were accepted.
        acknowledged: How many acknowledgements of its own were confirmed.
        number_sent: How many messages it has sent.
    """

    def __init__(self, on_message: Callable[["Agent", bytes], None]) -> None:
        """Listen (``on_message``: called with each message's frame)."""
        self.receipts = self.acknowledged = self.number = self.number_sent = 0
        self.wire: WSTransport | None = None
        self.confirmed: Callable[[], None] = lambda: None
        self._on_message = on_message
        self._acks: dict[str, int] = {}
        self._waiting: list[str] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Keep the connection."""
        self.wire = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
            return
        payload = frame.get_payload_as_bytes()
        if payload.startswith(b'{"type":"message"'):
            self._on_message(self, payload)
        elif payload.startswith(b'{"type":"receipt"'):
            self._receipt(json.loads(payload))
        elif payload.startswith(b'{"type":"error"'):
            raise AssertionError(payload)

    def _receipt(self, receipt: dict[str, Any]) -> None:
        assert receipt["status"] < 300, receipt
        acks = self._acks.pop(receipt["id"], None)
        if acks is None:
            self.receipts += 1
        else:
            self.acknowledged += acks
        self.confirmed()

    def send(self, **message: Any) -> None:
        """Send a message."""
        self.number += 1
        self._say("send", f"s{self.number}", message)

    def ask(self, act: str, **data: Any) -> None:
        """Ask for something else, with a receipt."""
        self.number += 1
        self._say(act, f"s{self.number}", data)

    def acknowledge(self, payload: bytes) -> None:
        """Acknowledge a message, together with all that come in the same turn of the loop."""
        at = payload.index(b'"message_id":"') + 14
        self._waiting.append(payload[at : payload.index(b'"', at)].decode())
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._acknowledge)

    def _acknowledge(self) -> None:
        ids, self._waiting = self._waiting, []
        self.number += 1
        name = f"a{self.number}"
        self._acks[name] = len(ids)
        self._say("ack", name, {"message_ids": ids})

    def _say(self, kind: str, name: str, data: dict[str, Any]) -> None:
        assert self.wire is not None
        self.wire.send(
            WSMsgType.TEXT, json.dumps({"type": kind, "id": name, "data": data}).encode()
        )


async def exchange(port: int, seconds: float, count: int) -> dict[str, Any]:
    """Count messages that were accepted, delivered and acknowledged."""
    agents = [Agent(Agent.acknowledge) for _ in range(count)]
    sent = 0
    until_ = time.monotonic() + WARM + seconds

    def keep_sending(number: int) -> None:
        nonlocal sent
        agent = agents[number]
        while agent.number_sent - agent.receipts < ON_THEIR_WAY and time.monotonic() < until_:
            agent.number_sent += 1
            sent += 1
            peer = (number + 1 + agent.number_sent) % count
            agent.send(to_agent=f"agent_{peer}", message_type="note", payload=TEXT)

    async def opened(number: int) -> None:
        await open_socket(port, f"{SOCKET}agent_{number}", agents[number])
        agents[number].confirmed = lambda: keep_sending(number)

    await open_many(count, opened)
    for number in range(count):
        keep_sending(number)
    await asyncio.sleep(WARM)
    before, began = sum(agent.acknowledged for agent in agents), time.monotonic()
    await asyncio.sleep(seconds)
    rate = (sum(agent.acknowledged for agent in agents) - before) / (time.monotonic() - began)
    await until(lambda: sum(agent.acknowledged for agent in agents) >= sent)
    return {"messages_per_s": rate, "messages": sent}


async def critical(port: int, low: int, count: int) -> dict[str, Any]:
    """Time critical messages to an agent that has its hands full of low ones."""
    http, times = Http(port), dict[int, float]()
    waits: list[float] = []
    work: asyncio.Queue[bytes] = asyncio.Queue()

    def on_message(agent: Agent, payload: bytes) -> None:
        message = json.loads(payload)["data"]
        if message["priority"] == "critical":
            waits.append(time.monotonic() - times[message["payload"]["number"]])
            agent.acknowledge(payload)
        else:
            work.put_nowait(payload)

    sent = 0
    while sent < low:
        batch = {"to_agent": "agent_0", "message_type": "note", "priority": "low", "payload": TEXT}
        await http.get("POST", "/communication/messages/send-batch", {"messages": [batch] * 500})
        sent += 500
    agent = Agent(on_message)
    await open_socket(port, f"{SOCKET}agent_0", agent)

    async def labour() -> None:
        while True:
            payload = await work.get()
            await asyncio.sleep(LOW_TAKES)
            agent.acknowledge(payload)

    labouring = asyncio.create_task(labour())
    for number in range(count):
        times[number] = time.monotonic()
        message = {"to_agent": "agent_0", "message_type": "alarm", "priority": "critical"}
        await http.get(
            "POST", "/communication/messages/send", {**message, "payload": {"number": number}}
        )
        await asyncio.sleep(0.02)
    await until(lambda: len(waits) == count)
    labouring.cancel()
    left = low - agent.acknowledged
    return {"critical": milliseconds(waits), "low_left": left}


async def broadcast(port: int, count: int, rounds: int) -> dict[str, Any]:
    """Time a message to many until the last of them knows that it was acknowledged."""
    http, got = Http(port), 0

    def on_message(agent: Agent, payload: bytes) -> None:
        nonlocal got
        got += 1
        agent.acknowledge(payload)

    agents = [Agent(on_message) for _ in range(count)]

    async def opened(number: int) -> None:
        await open_socket(port, f"{SOCKET}agent_{number}", agents[number])
        agents[number].ask("subscribe_topics", patterns=["news.*"])
        await until(lambda: agents[number].receipts == 1)

    await open_many(count, opened)
    await asyncio.sleep(2.0)
    took, delivered, events = [], [], []
    for number in range(1, rounds + 1):
        before = (await http.get("GET", "/audit/head"))["position"]
        began = time.monotonic()
        message = {"topic": "news.all", "message_type": "news", "payload": TEXT}
        await http.get("POST", "/communication/messages/send", message)
        await until(lambda number=number: got >= number * count)
        delivered.append(time.monotonic() - began)
        await until(
            lambda number=number: sum(each.acknowledged for each in agents) >= number * count
        )
        took.append(time.monotonic() - began)
        events.append((await http.get("GET", "/audit/head"))["position"] - before)
    return {
        "delivered_s": part(sorted(delivered), 0.5),
        "acknowledged_s": part(sorted(took), 0.5),
        "worst_s": max(took),
        "events": events,
    }


async def main(action: str, *arguments: str) -> None:
    """Do one of them."""
    numbers = [int(argument) for argument in arguments]
    async with asyncio.timeout(3 * PATIENCE):
        if action == "exchange":
            found = await exchange(numbers[0], float(numbers[1]), numbers[2])
        elif action == "critical":
            found = await critical(*numbers)
        else:
            found = await broadcast(*numbers)
        print(json.dumps(found))


if __name__ == "__main__":
    raise_limits()
    uvloop.run(main(*sys.argv[1:]))
