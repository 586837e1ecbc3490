"""Runs a program for a task: JSON in, JSON out, an exit code, an end whatever it does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec

from aia.client import Context, Fail, Result

TEMPORARY = os.EX_TEMPFAIL
"""The exit code (75, sysexits.h) of a failure that another attempt may not have."""
_TAIL = 2_000
"""Characters of stderr that go into the message of a failure."""
_LONGEST_LINE = 64 * 1024
_LAST_WORDS = 2.0
"""Seconds for output after the program has ended: something it started may hold it open."""
_SECRETS = ("MAS_TOKEN", "MAS_JWT_SECRET")


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A program that does tasks.

    Attributes:
        command: The program and its arguments.
        agent_id: The agent that it works for.
        timeout_seconds: How long a run may take; None: as long as the task allows.
        grace_seconds: From SIGTERM to SIGKILL.
        max_output: The longest output, bytes.
        log: Lines on stderr go to the log of the task.
    """

    command: list[str]
    agent_id: str
    timeout_seconds: float | None
    grace_seconds: float
    max_output: int
    log: bool

    async def run(self, ctx: Context, payload: msgspec.Raw) -> Result:
        """Run it for a task.

        Returns:
            What it wrote, as JSON; null when it wrote nothing.

        Raises:
            Fail: It failed.
        """
        try:
            transport, run = await asyncio.get_running_loop().subprocess_exec(
                lambda: _Run(self.max_output, ctx.log if self.log else None),
                *self.command,
                env=_environment(ctx, self.agent_id),
                start_new_session=True,  # a group of its own, which can be ended as a whole
            )
        except OSError as error:
            words = f"{self.command[0]}: {error.strerror}"
            raise Fail("cannot_execute", words, retryable=True) from error
        try:
            _feed(transport, bytes(payload))
            async with asyncio.timeout(self.timeout_seconds):
                await run.ended()
        except TimeoutError:
            words = f"It took longer than {self.timeout_seconds:g} s"
            raise Fail("timed_out", words, retryable=True) from None
        finally:
            await _end(transport.get_pid(), run, self.grace_seconds)
            transport.close()
        if run.too_much:
            words = f"It wrote more than {self.max_output} bytes"
            raise Fail("output_too_large", words, retryable=False)
        return Result(_result(transport.get_returncode(), bytes(run.output), run.last_words))


class _Run(asyncio.SubprocessProtocol):
    """One run, from its start to its last word.

    Attributes:
        output: What it wrote to stdout.
        too_much: It wrote more than it may; nothing further is kept.
        last_words: The end of what it wrote to stderr.
        exited: Set when the program itself has ended.
    """

    def __init__(self, max_output: int, log: Callable[[str], None] | None) -> None:
        self.output = bytearray()
        self.too_much = False
        self.last_words = ""
        self.exited = asyncio.Event()
        self._max_output = max_output
        self._log = log
        self._line = b""
        self._open = {1, 2}
        self._silent = asyncio.Event()

    async def ended(self) -> None:
        """Wait until it has ended and said all; what it left behind need not have."""
        await self.exited.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self._silent.wait()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._take_output(data)
        else:
            *lines, self._line = (self._line + data).split(b"\n")
            if len(self._line) > _LONGEST_LINE:
                lines, self._line = [*lines, self._line], b""
            for line in lines:
                self._take_line(line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 2 and self._line:
            self._take_line(self._line)
        self._open.discard(fd)
        if not self._open:
            self._silent.set()

    def process_exited(self) -> None:
        self.exited.set()

    def _take_output(self, data: bytes) -> None:
        if not self.too_much:
            self.output += data
        if len(self.output) > self._max_output:
            self.too_much = True
            self.output.clear()
            self.exited.set()  # it is ended by whoever waits for that

    def _take_line(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self.last_words = f"{self.last_words}\n{text}".lstrip("\n")[-_TAIL:]
        if self._log is not None:
            self._log(text)


def _feed(transport: asyncio.SubprocessTransport, payload: bytes) -> None:
    """Give it its input; it need not read it."""
    stdin = transport.get_pipe_transport(0)
    assert isinstance(stdin, asyncio.WriteTransport)
    stdin.write(payload)
    stdin.close()


async def _end(group: int, run: _Run, grace: float) -> None:
    """End a program and all that it has started, the gentle way first."""
    if not run.exited.is_set():
        _signal(group, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await run.exited.wait()
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _result(code: int | None, output: bytes, errors: str) -> Any:
    if code:
        name = _name(code)
        raise Fail(name, errors or f"It ended with {name}", retryable=code < 0 or code == TEMPORARY)
    if not output.strip():
        return None
    try:
        return msgspec.json.decode(output)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        head = output[:200].decode("utf-8", "replace")
        words = f"What it wrote is no JSON ({error}): {head}"
        raise Fail("invalid_output", words, retryable=False) from None


def _name(code: int) -> str:
    if code > 0:
        return f"exit_{code}"
    try:
        return f"signal_{signal.Signals(-code).name}"
    except ValueError:
        return f"signal_{-code}"


def _environment(ctx: Context, agent_id: str) -> dict[str, str]:
    task = ctx.task
    inherited = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    told = {
        "MAS_AGENT_ID": agent_id,
        "MAS_TASK_ID": task.task_id,
        "MAS_TASK_TYPE": task.task_type,
        "MAS_TASK_DESCRIPTION": task.description,
        "MAS_TASK_PRIORITY": task.priority,
        "MAS_TASK_OWNER": task.owner,
        "MAS_TASK_TAGS": ",".join(task.tags),
        "MAS_ATTEMPT": str(ctx.attempt),
        "MAS_DEADLINE": ctx.deadline.isoformat(),
    }
    return inherited | told
