"""The server of a demo: a process of its own on a data directory of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import click

from aia_mas.interfaces.cli.failures import Stopped

_OURS = ("MAS_", "REDIS_", "WEBSOCKET_", "AIA_")
_PATIENCE = 20.0  # seconds for its drain and the end of its database
_API = "  API"
_PATH = "/mas/api/v1"


class ServerEnded(click.ClickException):
    """The server ended by itself."""

    def __init__(self, code: int, log: Path) -> None:
        """End like it, and repeat what it said last."""
        said = log.read_text("utf-8", "replace").strip().splitlines() or ["nothing"]
        super().__init__(f"the server has ended, and said: {said[-1].removeprefix('mas: ')}")
        self.exit_code = code if code > 0 else 1  # type: ignore[misc]

    def show(self, file: object = None) -> None:
        """Tell it in one line."""
        click.echo(f"mas: {self.message}", err=True)


@asynccontextmanager
async def running_node(folder: Path, port: int, stop: asyncio.Event) -> AsyncIterator[str]:
    """Run a server in this block; its URL.

    It has a session of its own, so that Ctrl-C reaches us alone and it is ended in order. Settings
    of the environment are not for it: it is always in development mode, on loopback.

    Args:
        folder: Where its data and its log go.
        port: Where it listens; 0: anywhere.
        stop: Set when nobody wants it any more.

    Raises:
        ServerEnded: It ended by itself.
        Stopped: It was not wanted any more before it was there.
    """
    log = folder / "server.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aia_mas.interfaces.cli.main", "serve",
            "--port", str(port), "--data-dir", str(folder / "data"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={name: text for name, text in os.environ.items() if not name.startswith(_OURS)},
            start_new_session=True,
        )  # fmt: skip
    try:
        url = await _announced(process, stop)
        if url is None and stop.is_set():
            raise Stopped("stopped before the server was there")
        if url is None:
            raise ServerEnded(await process.wait(), log)
        async with anyio.create_task_group() as group:
            group.start_soon(_attend, process, log)
            yield url
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _announced(process: asyncio.subprocess.Process, stop: asyncio.Event) -> str | None:
    """Return the URL that the server announces; None: it ends, or nobody wants it any more."""
    assert process.stdout is not None, "it is a pipe"
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while True:
            line = asyncio.ensure_future(process.stdout.readline())
            await asyncio.wait({line, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not line.done():
                line.cancel()
                return None
            said = line.result().decode()
            if not said:
                return None
            if said.startswith(_API):
                return said.split()[-1].removesuffix(_PATH)
    finally:
        stopped.cancel()


async def _attend(process: asyncio.subprocess.Process, log: Path) -> None:
    """Read what the server says, so that it never waits for us, and tell when it ends."""
    assert process.stdout is not None, "it is a pipe"
    while await process.stdout.read(65_536):
        pass
    raise ServerEnded(await process.wait(), log)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    with anyio.move_on_after(_PATIENCE):
        await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()
