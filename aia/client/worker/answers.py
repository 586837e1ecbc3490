"""Answers to questions, whether they come over the socket or came while there was none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from aia.client.worker.attempt import Attempt
from aia.client.worker.frames import Answer, Held

_LOOKS = 6
"""How often a task is read for an answer that must stand there, until its read model has it."""
_BETWEEN = 0.2  # seconds, doubled each time


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it stands in a task's ``inputs``."""

    number: int
    attempt: int
    answer: Any = None
    answered_by: str | None = None


class _Open:
    """The open question of one attempt."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.reading: asyncio.Task[None] | None = None


class Answers:
    """Brings answers to those who wait for them.

    An attempt has one question open at a time, and what it asked has a higher number than all that
    it asked before. A first attempt takes what the socket says; for a later one the task is read,
    which tells which attempt has asked.
    """

    def __init__(self, inputs: Callable[[str], Awaitable[Sequence[Asked]]]) -> None:
        """Wait for answers (``inputs``: reads the questions about a task)."""
        self._inputs = inputs
        self._open: dict[str, _Open] = {}
        self._seen: dict[str, int] = {}

    async def of(self, attempt: Attempt, ask: Awaitable[object]) -> Any:
        """Ask, and return the answer (``ask``: says the question)."""
        lease = attempt.task.lease
        waiting = self._open[lease] = _Open(attempt)
        try:
            await ask
            return await waiting.answer
        finally:
            del self._open[lease]
            if waiting.reading is not None:
                waiting.reading.cancel()

    def told(self, attempt: Attempt, answer: Answer) -> None:
        """Take an answer that the socket brought."""
        waiting = self._open.get(attempt.task.lease)
        if waiting is None or answer.number <= self._seen.get(attempt.task.lease, 0):
            return
        if attempt.task.attempt == 1:
            self._give(waiting, answer.number, answer.answer)
        else:
            self._read(waiting)

    def stands(self, attempt: Attempt, held: Held) -> None:
        """Look whether the question of a task has been answered while nobody listened."""
        waiting = self._open.get(attempt.task.lease)
        if waiting is not None and held.answered > self._seen.get(attempt.task.lease, 0):
            self._read(waiting)

    def forget(self, attempt: Attempt) -> None:
        """Forget an attempt that is over."""
        self._seen.pop(attempt.task.lease, None)

    def _give(self, waiting: _Open, number: int, answer: Any) -> None:
        if not waiting.answer.done():
            self._seen[waiting.attempt.task.lease] = number
            waiting.answer.set_result(answer)

    def _read(self, waiting: _Open) -> None:
        if waiting.reading is None or waiting.reading.done():
            waiting.reading = asyncio.create_task(self._look(waiting))

    async def _look(self, waiting: _Open) -> None:
        task = waiting.attempt.task
        pause = _BETWEEN
        for _ in range(_LOOKS):
            seen = self._seen.get(task.lease, 0)
            for asked in await self._inputs(task.task_id):
                mine = asked.attempt == task.attempt and asked.number > seen
                if mine and asked.answered_by is not None:
                    self._give(waiting, asked.number, asked.answer)
                    return
            await asyncio.sleep(pause)
            pause *= 2
