"""Runs one HTTP server in a process of its own, for the loader: the product's, or a bare one.

``serving.py bare`` serves a Litestar handler that decodes the body of a submission and answers; it
is what the framework can do at best. ``serving.py product DATA_DIR`` serves a node with 200 agents
whose capacity never runs out. Both print the port and stop when their standard input ends; the
product then prints how many seconds its read models needed to catch up.
"""

import asyncio
import sys
import time
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
from aia_mas.interfaces.http.server import serve

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
    config = uvicorn.Config(
        Litestar([submit], openapi_config=None, logging_config=None),
        port=0,
        ws="websockets-sansio",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await until_stdin_ends()
    server.should_exit = True
    await serving


async def product(data_dir: Path) -> None:
    """Serve a node with agents that take every task."""
    settings = load_settings({"data_dir": data_dir, "port": 0}, environment={})
    configure(settings.log_format, settings.log_level, sys.stderr)
    async with System(settings) as system:
        for number in range(200):
            able = Capabilities(skills={"statistics": 0.9}, max_concurrent_tasks=1000)
            await system.engine.execute(
                PutAgent(agent_id=f"agent_{number}", capabilities=able), ADMIN
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


if __name__ == "__main__":
    uvloop.run(bare() if sys.argv[1] == "bare" else product(Path(sys.argv[2])))
