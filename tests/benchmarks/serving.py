"""Runs one HTTP server in a process of its own, for the loader: the product's, or a bare one.

``serving.py bare`` serves a Litestar handler that decodes the body of a submission and answers; it
is what the framework can do at best. ``serving.py sockets BYTES`` takes WebSockets and sends all of
them a frame of that size, one after the other in a bare loop, when it gets a request.
``serving.py product DATA_DIR [AGENTS CAPACITY [FILE]]`` serves a node, by default with 200 agents
whose capacity never runs out. All print the port and stop when their standard input ends; the
product then prints how many seconds its read models needed to catch up, and writes to the file when
it knew of each commit, by the monotonic clock. ``serving.py economy DATA_DIR AGENTS`` serves a node
whose live view of the economy was filled (see ``rich_agents``).
"""

import asyncio
import json
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
import uvloop
from litestar import Litestar, post

from aia_mas.application.logs import configure
from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.cli import collection
from aia_mas.interfaces.http.server import BACKLOG, serve
from aia_mas.interfaces.realtime import socket_options

QUIET = {
    "heartbeat_interval_seconds": 3_600.0,
    "pickup_timeout_seconds": 3_600.0,
    "message_queue_size": 20_000,
}
"""Nobody beats here, and agents must neither go offline nor lose their tasks meanwhile."""
ADMIN = Principal("bench", frozenset({Role.ADMIN}))


class Submission(msgspec.Struct):
    """What the loader sends, and nothing else that the product knows of."""

    task_type: str
    description: str
    requirements: dict[str, list[str]]
    max_cost: float


@post("/submit")
async def submit(data: Submission) -> dict[str, str]:
    """Decode and answer."""
    return {"task_id": "0", "status": data.task_type}


async def until_stdin_ends() -> None:
    """Wait for whoever started us."""
    await asyncio.to_thread(sys.stdin.buffer.read)


async def bare() -> None:
    """Serve the bare handler with the server settings of the product."""
    app = Litestar([submit], openapi_config=None, logging_config=None)
    await alone(app, ws="websockets-sansio")


async def sockets(size: int) -> None:
    """Serve sockets without anything behind them, with the server settings of the product."""
    position = b'{"type":"agent_update","position":1,"data":{"filling":""},"id":"agents"}'
    filling = "x" * max(0, size - len(position))
    text = position.decode().replace('""', f'"{filling}"')
    everybody: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            everybody.append(send)
            while (await receive())["type"] != "websocket.disconnect":
                await send({"type": "websocket.send", "text": '{"type":"subscribed"}'})
            everybody.remove(send)
            return
        if scope["method"] == "PATCH":
            for one in everybody:
                await one({"type": "websocket.send", "text": text})
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}"})

    await alone(app, **socket_options())


async def alone(app: Any, **options: Any) -> None:
    """Serve an application until the input ends."""
    config = uvicorn.Config(
        app,
        port=0,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        **options,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await until_stdin_ends()
    server.should_exit = True
    await serving


async def product(
    data_dir: Path, agents: int = 200, capacity: int = 1000, told: Path | None = None
) -> None:
    """Serve a node with agents that take every task."""
    settings = load_settings({"data_dir": data_dir, "port": 0, **QUIET}, environment={})
    configure(settings.log_format, settings.log_level, sys.stderr)
    async with System(settings) as system:
        for number in range(agents):
            able = Capabilities(skills={"statistics": 0.9}, max_concurrent_tasks=capacity)
            await system.engine.execute(
                PutAgent(agent_id=f"agent_{number}", capabilities=able), ADMIN
            )
        commits: list[tuple[int, float]] = []
        if told is not None:
            system.log.feed.listen(
                lambda events: commits.append((events[-1].position, time.monotonic()))
            )
        collection.tune()
        stop = asyncio.Event()

        def ready(urls: Any) -> None:
            print(urls[0].rstrip("/").rpartition(":")[2], flush=True)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(system, stop=stop, ready=ready))
            await until_stdin_ends()
            began, head = time.perf_counter(), system.log.feed.position
            for name in system.projections.names:
                assert await system.projections.wait_for(name, head, 60)
            print(f"{time.perf_counter() - began:.3f}", flush=True)
            stop.set()
    if told is not None:
        told.write_text(json.dumps(commits))


async def economy(data_dir: Path, agents: int) -> None:
    """Serve a node that knows many agents who have earned a lot."""
    # Beside this program, which is no part of a package.
    from rich_agents import enrich

    settings = load_settings({"data_dir": data_dir, "port": 0, **QUIET}, environment={})
    configure(settings.log_format, settings.log_level, sys.stderr)
    async with System(settings) as system:
        await asyncio.to_thread(
            enrich, system.projections.economy, agents, datetime.now(UTC) + timedelta(minutes=1)
        )
        collection.tune()
        stop = asyncio.Event()

        def ready(urls: Any) -> None:
            print(urls[0].rstrip("/").rpartition(":")[2], flush=True)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(serve(system, stop=stop, ready=ready))
            await until_stdin_ends()
            stop.set()


async def main(kind: str, *arguments: str) -> None:
    """Serve one of them."""
    if kind == "bare":
        await bare()
    elif kind == "sockets":
        await sockets(int(arguments[0]))
    elif kind == "economy":
        await economy(Path(arguments[0]), int(arguments[1]))
    else:
        data_dir, *rest = arguments
        numbers = [int(one) for one in rest[:2]]
        await product(Path(data_dir), *numbers, told=Path(rest[2]) if len(rest) > 2 else None)


if __name__ == "__main__":
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    uvloop.run(main(*sys.argv[1:]))
