"""Programs with a durable handler are killed: the next one goes on, skips nothing, repeats one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest

from aia.agents.communication_framework import (
    CommunicationMessage,
    EventDrivenCommunicationFramework,
)

pytestmark = pytest.mark.anyio

PATIENCE = 90.0
CONFIG = {"engine": {"leader_lease": 2}}
HANG_AT, DIE_AFTER, LAST, JOBS = 20, 40, 60, 65
PROGRAM = """
import asyncio, sys
from aia.agents.communication_framework import EventDrivenCommunicationFramework

async def main(url, name, hang_at):
    framework = EventDrivenCommunicationFramework({"engine": {"leader_lease": 2}}, database_url=url)

    @framework.on("message:job", durable=name, to_agent=name)
    async def job(message):
        print(message.payload, flush=True)
        if str(message.payload) == hang_at:
            await asyncio.Event().wait()

    async with framework:
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


class Program:
    """A program with a durable handler.

    Attributes:
        done: What its handler was called with.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.done: list[int] = []
        self._process = process

    async def ready(self) -> None:
        with anyio.fail_after(PATIENCE):
            assert await self._line() == "ready"

    async def called_with(self, payload: int) -> None:
        """Wait until its handler is called with a message."""
        with anyio.fail_after(PATIENCE):
            while payload not in self.done:
                line = await self._line()
                assert line, "it has ended"
                self.done.append(int(line))

    async def kill(self) -> None:
        """End it as a power cut would; what it has done before is read to the end."""
        self._process.kill()
        with anyio.fail_after(PATIENCE):
            while line := await self._line():
                self.done.append(int(line))
            await self._process.wait()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def program(url: str, name: str, hang_at: int | None = None) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, url, name, str(hang_at)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_next_program_goes_on_where_a_killed_one_was(
    module_database: str, unique: str
) -> None:
    async with AsyncExitStack() as stack:
        framework = EventDrivenCommunicationFramework(CONFIG, database_url=module_database)
        await stack.enter_async_context(framework)

        async def send(first: int, last: int) -> None:
            for number in range(first, last):
                job = CommunicationMessage(to_agent=unique, message_type="job", payload=number)
                await framework.send_message(job)
                # What it does not want lies between them.
                await framework.subscribe(unique, [f"a.{number}"])

        one = await stack.enter_async_context(program(module_database, unique, HANG_AT))
        await one.ready()
        await send(0, HANG_AT // 2)
        await one.called_with(HANG_AT // 2 - 1)  # so it is this one that has the lease
        two = await stack.enter_async_context(program(module_database, unique))
        await two.ready()
        await send(HANG_AT // 2, DIE_AFTER)
        await one.called_with(HANG_AT)
        await one.kill()

        await two.called_with(DIE_AFTER - 1)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send(DIE_AFTER, LAST))
            await two.called_with(DIE_AFTER + 5)
            await two.kill()  # at whatever moment of its work
        await send(LAST, JOBS)

        done: list[int] = []
        over = asyncio.Event()

        @framework.on("message:job", durable=unique, to_agent=unique)
        async def job(message: CommunicationMessage) -> None:
            done.append(message.payload)
            if message.payload == JOBS - 1:
                over.set()

        with anyio.fail_after(PATIENCE):
            await over.wait()
        (figures,) = await framework.handlers()
        assert (figures.running, figures.parked, figures.failed) == (True, 0, 0)
        assert await framework.off(job)

    # It died in the middle of one: with this one the next was called, and with no other again.
    assert one.done == list(range(HANG_AT + 1))
    assert two.done == list(range(HANG_AT, two.done[-1] + 1))
    assert DIE_AFTER + 5 <= two.done[-1] < LAST
    assert done in (list(range(two.done[-1], JOBS)), list(range(two.done[-1] + 1, JOBS)))
