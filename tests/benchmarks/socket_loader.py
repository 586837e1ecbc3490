"""Loads the sockets of dashboards from a process of its own, and prints one line of JSON.

``socket_loader.py hold PORT PID SOCKETS ROUNDS`` opens sockets that each subscribe, weighs the
server (process PID) before and after, then changes one agent (or has a bare server send a frame)
and times the update until the last socket has it. ``... arrivals PORT EVENTS_PER_SECOND SECONDS
FILE`` listens with one idle subscriber while tasks are submitted at a steady rate, and writes to a
file when it was told of each position, by the monotonic clock. ``... reconnect PORT CLIENTS TASKS``
cuts all clients at once, submits tasks meanwhile, and has all of them come back at once.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
from wires import (
    FRONTEND,
    PATIENCE,
    Http,
    Listener,
    milliseconds,
    open_many,
    open_socket,
    paced,
    raise_limits,
    recorded,
    resident,
    until,
)

TASK = {"task_type": "data_analysis", "requirements": {"skills": ["statistics"]}}
BATCH = 100
IN_BETWEEN = 20.0
"""Tasks that go on being submitted in each second while clients reconnect."""


async def hold(port: int, pid: int, sockets: int, rounds: int) -> dict[str, Any]:
    """Open many sockets and tell all of them something."""
    http, arrived, sizes = Http(port), [0.0] * sockets, set[int]()
    missing = 0

    def all_told() -> bool:
        return missing <= 0

    await http.get("GET", "/agents/agent_0")
    before = resident(pid)

    def listener(number: int) -> Listener:
        def told(payload: bytes) -> None:
            nonlocal missing
            arrived[number] = time.perf_counter()
            missing -= 1
            sizes.add(len(payload))

        return Listener(told)

    listeners = [listener(number) for number in range(sockets)]

    async def opened(number: int) -> None:
        await open_socket(port, f"{FRONTEND}load-{number}", listeners[number])
        listeners[number].say(type="subscribe", topic="agents")
        await listeners[number].subscribed.wait()

    rest = min(2.0, sockets / 1000)  # until nothing is under way any more
    began = time.perf_counter()
    await open_many(sockets, opened)
    opening = time.perf_counter() - began
    await asyncio.sleep(rest)
    after = resident(pid)

    async def broadcast(name: str) -> list[float]:
        nonlocal missing
        last: list[float] = []
        for number in range(rounds):
            missing = sockets
            sent = time.perf_counter()
            change = {"labels": {"round": f"{name}-{number}"}}
            await http.get("PATCH", "/agents/agent_0", change)
            await until(all_told)
            last.append(max(arrived) - sent)
            await asyncio.sleep(rest / 4)
            assert missing == 0, "something else was told"
        return last

    # As dashboards have it: the change also makes new metrics, which go to the same sockets.
    with_metrics = await broadcast("all")
    for one in listeners:
        one.say(type="unsubscribe", id="metrics")
    await asyncio.sleep(rest)
    alone = await broadcast("alone")
    assert not any(one.gone.is_set() for one in listeners)
    return {
        "bytes_each": (after - before) / sockets,
        "before_mb": before / 2**20,
        "opened_per_s": sockets / opening,
        "frame_bytes": max(sizes),
        "all": milliseconds(alone),
        "all_with_metrics": milliseconds(with_metrics),
    }


async def arrivals(port: int, rate: float, seconds: float, told: Path) -> dict[str, Any]:
    """Submit at a steady rate and note when an idle subscriber is told.

    A submission makes two events: the task, and its assignment.
    """
    http, found = Http(port), list[tuple[float, float, bytes]]()
    idle = Listener(lambda payload: found.append((time.monotonic(), time.time(), payload)))
    await open_socket(port, f"{FRONTEND}idle", idle)
    idle.say(type="subscribe", topic="tasks")
    await idle.subscribed.wait()

    async def submit() -> None:
        await http.get("POST", "/agents/tasks/submit", TASK)

    await paced(rate / 2, min(2, seconds), submit)  # connections are opened, and everything is warm
    await asyncio.sleep(0.5)
    found.clear()
    began = time.monotonic()
    late = await paced(rate / 2, seconds, submit)
    took = time.monotonic() - began
    await until(lambda: len(found) >= 2 * int(rate / 2 * seconds))
    positions, since_record = [], []
    for arrived, wall, payload in found:
        frame = json.loads(payload)
        positions.append((frame["position"], arrived))
        since_record.append(wall - datetime.fromisoformat(frame["data"]["at"]).timestamp())
    told.write_text(json.dumps(positions))
    return {
        "events_per_s": len(found) / took,
        "late_s": late,
        "since_record": milliseconds(since_record),
    }


async def reconnect(port: int, clients: int, tasks: int) -> dict[str, Any]:
    """Cut all clients at once and let them come back at once."""
    http = Http(port)
    steady = Listener()
    await open_socket(port, f"{FRONTEND}steady", steady)
    steady.say(type="subscribe", topic="tasks")
    await steady.subscribed.wait()
    start = int((await http.ask("POST", "/agents/tasks/submit", TASK))[1]["x-event-position"])
    await until(lambda: len(steady.seen) > 0 and steady.seen[-1] >= start)
    heard = [[start] for _ in range(clients)]
    head = start

    async def come(number: int, listener: Listener) -> None:
        await open_socket(port, f"{FRONTEND}back-{number}", listener)
        listener.say(type="subscribe", topic="tasks", after=heard[number][-1])
        await listener.subscribed.wait()

    async def submit() -> None:
        nonlocal head
        _, headers, _ = await http.ask("POST", "/agents/tasks/submit", TASK)
        head = max(head, int(headers["x-event-position"]))

    first = [Listener() for _ in range(clients)]
    await open_many(clients, lambda number: come(number, first[number]))
    await paced(10, 1, submit)
    for number, listener in enumerate(first):
        heard[number] += listener.seen
        listener.cut()
    await asyncio.gather(*(listener.gone.wait() for listener in first))
    for begin in range(0, tasks, BATCH):
        body = {"tasks": [TASK] * min(BATCH, tasks - begin)}
        _, headers, answer = await http.ask("POST", "/agents/tasks/submit-batch", body)
        head = max(head, int(headers["x-event-position"]))
        assert json.loads(answer)["accepted"] == len(body["tasks"]), answer

    await until(lambda: steady.seen[-1] >= head)
    target, missed = steady.seen[-1], steady.seen[-1] - min(one[-1] for one in heard)
    second = [Listener(goal=target) for _ in range(clients)]
    caught_up: list[float] = []

    async def back(number: int) -> None:
        await come(number, second[number])
        await second[number].reached.wait()
        caught_up.append(time.monotonic() - began)

    flowing, began = asyncio.ensure_future(paced(IN_BETWEEN, 3, submit)), time.monotonic()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(back(number) for number in range(clients)))
    await flowing
    wanted = await recorded(http, start, head)
    await until(lambda: all(one.seen[-1] >= wanted[-1] for one in second))
    lost = repeated = 0
    for number, listener in enumerate(second):
        got = [one for one in (*heard[number], *listener.seen) if start < one <= wanted[-1]]
        assert got == sorted(got), "out of order"
        lost += len(set(wanted) - set(got))
        repeated += len(got) - len(set(got))
    return {
        "clients": clients,
        "missed_each": missed,
        "lost": lost,
        "repeated": repeated,
        "caught_up": milliseconds(caught_up),
    }


async def main(action: str, *arguments: str) -> None:
    """Do one of them."""
    port, *rest = arguments
    if action == "hold":
        found = await hold(int(port), *map(int, rest))
    elif action == "arrivals":
        found = await arrivals(int(port), float(rest[0]), float(rest[1]), Path(rest[2]))
    else:
        found = await reconnect(int(port), *map(int, rest))
    print(json.dumps(found))


if __name__ == "__main__":
    raise_limits()
    uvloop.run(main(*sys.argv[1:]))
