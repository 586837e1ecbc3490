"""Loads a node with whole lives of tasks from a process of its own, and prints one line of JSON.

``work_loader.py pickup PORT RATE SECONDS WORKERS`` submits at a steady rate to workers on their
sockets and times how long after the answer to the submission its task is there. ``... sockets PORT
SECONDS WORKERS BATCH`` submits as fast as work is done (a batch of 1: singly) and counts lives;
``... http`` does the same with workers that claim. Workers are agent_0 and so on, all of the node.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
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
    paced,
    raise_limits,
    until,
)

TASK = {
    "task_type": "data_analysis",
    "description": "Analyze sales data",
    "requirements": {"skills": ["statistics"]},
}
WARM = 2.0
"""Seconds before anything is counted, at most as many as are counted."""
SUBMITTERS = 32
ROOM = 4
"""Unfinished tasks for each worker; beyond that nothing more is submitted."""
ASKED = 10
"""Tasks that a worker claims at once."""


class Worker(WSListener):
    """An agent that ends each task the moment it comes, and checks every receipt.

    Attributes:
        arrived: When each task came, by the monotonic clock.
        ended: Tasks that it ended, as the server has acknowledged.
    """

    def __init__(self, done: Callable[[], None]) -> None:
        """Work (``done``: called when a task has ended)."""
        self.arrived: dict[str, float] = {}
        self.ended = 0
        self.welcome = asyncio.Event()
        self._done = done

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame."""
        if frame.msg_type != WSMsgType.TEXT:
            raise AssertionError(f"the server ended the socket: {frame}")
        payload = frame.get_payload_as_bytes()
        if payload.startswith(b'{"type":"receipt"'):
            receipt = json.loads(payload)
            assert receipt["status"] == 200, receipt
            if receipt["id"] == "end":
                self.ended += 1
                self._done()
        elif payload.startswith(b'{"type":"task_assigned"'):
            now, task = time.monotonic(), json.loads(payload)["data"]
            assert task["task_id"] not in self.arrived, "given twice"
            self.arrived[task["task_id"]] = now
            held = {"task_id": task["task_id"], "lease": task["lease"]}
            begin = {"type": "accept", "id": "begin", "data": held}
            end = {"type": "complete", "id": "end", "data": {**held, "result": {"rows": 7}}}
            for message in (begin, end):  # what is said of one task is carried out in its order
                transport.send(WSMsgType.TEXT, json.dumps(message).encode())
        elif payload.startswith(b'{"type":"welcome"'):
            self.welcome.set()
        else:
            raise AssertionError(payload)


async def workers_on_sockets(port: int, count: int, done: Callable[[], None]) -> list[Worker]:
    """Connect agents."""
    workers = [Worker(done) for _ in range(count)]

    async def opened(number: int) -> None:
        await open_socket(port, f"{API}/agents/ws/agent/agent_{number}", workers[number])
        await workers[number].welcome.wait()

    await open_many(count, opened)
    return workers


async def pickup(port: int, rate: float, seconds: float, count: int) -> dict[str, Any]:
    """Submit at a steady rate to idle workers."""
    http, answered = Http(port), dict[str, float]()
    workers = await workers_on_sockets(port, count, lambda: None)

    async def submit() -> None:
        status, _, body = await http.ask("POST", "/agents/tasks/submit", TASK)
        now = time.monotonic()
        assert status == 201, body
        answered[json.loads(body)["task_id"]] = now

    def ended() -> int:
        return sum(worker.ended for worker in workers)

    await paced(rate, min(WARM, seconds), submit)
    await until(lambda: ended() == len(answered))
    warm = set(answered)
    began = time.monotonic()
    late = await paced(rate, seconds, submit)
    took = time.monotonic() - began
    await until(lambda: ended() == len(answered))
    arrived = {task: at for worker in workers for task, at in worker.arrived.items()}
    assert arrived.keys() == answered.keys(), "not every task came exactly once"
    # The worker may hear of its task before the client hears that it was accepted.
    waits = [max(0.0, arrived[task] - at) for task, at in answered.items() if task not in warm]
    return {"tasks_per_s": len(waits) / took, "late_s": late, "pickup": milliseconds(waits)}


class Lives:
    """Counts what was submitted and what has ended, and submits no more than can be done."""

    def __init__(self, http: Http, room: int, batch: int) -> None:
        """Count from zero (``room``: tasks that may be unfinished at once)."""
        self.submitted = self.ended = 0
        self._http = http
        self._room = max(room, batch)
        self._batch = batch
        self._changed = asyncio.Event()

    def done(self) -> None:
        """Count one that has ended."""
        self.ended += 1
        self._changed.set()

    async def submit(self, until: float) -> None:
        """Submit until a time by the monotonic clock."""
        while time.monotonic() < until:
            if self.submitted - self.ended + self._batch > self._room:
                self._changed.clear()
                await self._changed.wait()
                continue
            self.submitted += self._batch
            if self._batch == 1:
                status, _, body = await self._http.ask("POST", "/agents/tasks/submit", TASK)
                assert status == 201, body
            else:
                batch = {"tasks": [TASK] * self._batch}
                answer = await self._http.get("POST", "/agents/tasks/submit-batch", batch)
                assert answer["accepted"] == self._batch, answer

    async def measured(self, seconds: float) -> dict[str, Any]:
        """Submit for some seconds and more, and return the rate of what ended within them."""
        warm = min(WARM, seconds)
        until_ = time.monotonic() + warm + seconds
        submitting = asyncio.gather(*(self.submit(until_) for _ in range(SUBMITTERS)))
        await asyncio.sleep(warm)
        before, began = self.ended, time.monotonic()
        await asyncio.sleep(seconds)
        rate = (self.ended - before) / (time.monotonic() - began)
        await submitting
        await until(lambda: self.ended >= self.submitted)
        assert self.ended == self.submitted, "something ended twice"
        return {"lives_per_s": rate, "lives": self.ended}


async def on_sockets(port: int, seconds: float, count: int, batch: int) -> dict[str, Any]:
    """Count lives with workers on sockets."""
    lives = Lives(Http(port), ROOM * count, batch)
    workers = await workers_on_sockets(port, count, lives.done)
    found = await lives.measured(seconds)
    assert sum(worker.ended for worker in workers) == lives.submitted
    return found


async def over_http(port: int, seconds: float, count: int, batch: int) -> dict[str, Any]:
    """Count lives with workers that claim, start and complete."""
    http = Http(port)
    lives = Lives(http, ROOM * count, batch)
    given: set[str] = set()

    async def life(agent: str, task: dict[str, Any]) -> None:
        holder, path = (
            {"agent_id": agent, "lease": task["lease"]},
            f"/agents/tasks/{task['task_id']}",
        )
        await http.get("POST", f"{path}/start", holder)
        await http.get("POST", f"{path}/complete", {**holder, "result": {"rows": 7}})
        lives.done()

    async def work(agent: str) -> None:
        while True:
            ask = {"limit": ASKED, "wait": 10}
            tasks = (await http.get("POST", f"/agents/{agent}/claim", ask))["items"]
            for task in tasks:
                assert task["task_id"] not in given, "given twice"
                given.add(task["task_id"])
            await asyncio.gather(*(life(agent, task) for task in tasks))

    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(work(f"agent_{number}")) for number in range(count)]
        found = await lives.measured(seconds)
        for one in working:
            one.cancel()
    return found


async def main(action: str, *arguments: str) -> None:
    """Do one of them."""
    port, *rest = arguments
    work: Coroutine[Any, Any, dict[str, Any]]
    if action == "pickup":
        work = pickup(int(port), float(rest[0]), float(rest[1]), int(rest[2]))
    else:
        load = on_sockets if action == "sockets" else over_http
        work = load(int(port), float(rest[0]), int(rest[1]), int(rest[2]))
    async with asyncio.timeout(2 * PATIENCE):
        print(json.dumps(await work))


if __name__ == "__main__":
    raise_limits()
    uvloop.run(main(*sys.argv[1:]))
