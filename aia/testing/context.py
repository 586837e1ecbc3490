"""What a handler gets beside the payload, and how it talks to the system while it works."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from aia.client import AsyncClient
from aia.client.types import ClaimedTask
from aia_mas.application.clock import ManualClock
from aia_mas.application.event_log.feed import Feed

T = TypeVar("T")


class Surroundings(Protocol):
    """What handlers work in.

    Attributes:
        client: Speaks for the agent.
        clock: The clock of the system.
        threads: How many threads work at the moment.
    """

    client: AsyncClient
    clock: ManualClock
    threads: int

    @property
    def feed(self) -> Feed:
        """The end of the log."""
        ...


class Context:
    """The first argument of a handler that is a coroutine function.

    Attributes:
        task: The task as it was claimed.
        attempt: The number of this attempt, from 1.
        deadline: When this attempt runs out of time, UTC, by the clock of the system.
    """

    def __init__(self, task: ClaimedTask, around: Surroundings) -> None:
        """Speak for an attempt that begins now."""
        self.task = task
        self.attempt = task.attempt
        ends = around.clock.now() + timedelta(seconds=task.timeout_seconds)
        self.deadline: datetime = ends if task.deadline is None else min(ends, task.deadline)
        self._around = around
        self._lines: list[str] = []

    async def progress(
        self, percent: float | None = None, message: str = "", *, partial: Any = None
    ) -> None:
        """Tell how far it is, with the lines of the log since the last time.

        Args:
            percent: How far, 0..100.
            message: For people.
            partial: What there is of the result.
        """
        lines, self._lines = self._lines, []
        await self._around.client.tasks.progress(
            *self._attempt, percent=percent, message=message, partial=partial, log=lines or None
        )

    def log(self, text: object) -> None:
        """Add a line to the log of the task; it goes with the next progress or the outcome."""
        self._lines.append(str(text))

    async def ask(self, question: str, *, choices: Sequence[str] = (), schema: Any = None) -> Any:
        """Put a question, and wait for the answer.

        Args:
            question: The question.
            choices: The answers that are taken; none: any.
            schema: What an answer must fit (JSON Schema).

        Returns:
            The answer, as JSON decodes.
        """
        await self.flush()
        tasks, feed = self._around.client.tasks, self._around.feed
        await tasks.ask(*self._attempt, question, choices=choices or None, schema=schema)
        while True:
            position = feed.position
            asked = (await tasks.get(self.task.task_id, min_position=position)).inputs[-1]
            if asked.answered_by is not None:
                return asked.answer
            await feed.wait(position)

    async def sleep(self, seconds: float) -> None:
        """Work for so long, by the clock of the system: until it was advanced so far."""
        await self._around.clock.sleep(seconds)

    async def flush(self) -> None:
        """Send the lines of the log that have not been sent."""
        if self._lines:
            await self.progress()

    @property
    def _attempt(self) -> tuple[str, str, str]:
        return self.task.task_id, self.task.agent_id, self.task.lease


class ThreadContext:
    """The first argument of a handler that is a plain function; its methods wait.

    Attributes:
        task: The task as it was claimed.
        attempt: The number of this attempt, from 1.
        deadline: When this attempt runs out of time, UTC, by the clock of the system.
    """

    def __init__(self, context: Context, around: Surroundings) -> None:
        """Speak from a thread; to be made in the event loop."""
        self.task = context.task
        self.attempt = context.attempt
        self.deadline = context.deadline
        self._context = context
        self._around = around
        self._loop = asyncio.get_running_loop()
        self._lost = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether the task is lost: whatever comes out of it will not count."""
        return self._lost.is_set()

    def progress(
        self, percent: float | None = None, message: str = "", *, partial: Any = None
    ) -> None:
        """Tell how far it is; see ``Context.progress``."""
        self._wait(self._context.progress(percent, message, partial=partial))

    def log(self, text: object) -> None:
        """Add a line to the log of the task."""
        self._context.log(text)

    def ask(self, question: str, *, choices: Sequence[str] = (), schema: Any = None) -> Any:
        """Put a question, and wait for the answer; see ``Context.ask``."""
        return self._wait(self._context.ask(question, choices=choices, schema=schema))

    def sleep(self, seconds: float) -> None:
        """Work for so long, by the clock of the system."""
        self._wait(self._context.sleep(seconds))

    def wait(self, seconds: float) -> bool:
        """Sleep by the clock of the system; return whether the task is lost."""
        self.sleep(seconds)
        return self.cancelled

    def lose(self) -> None:
        """Tell the function that the task is lost."""
        self._lost.set()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Have something done in the loop; the thread is not at work meanwhile."""

        async def aside() -> T:
            self._around.threads -= 1
            try:
                return await work
            finally:
                self._around.threads += 1

        return asyncio.run_coroutine_threadsafe(aside(), self._loop).result()


async def in_a_thread(
    function: Callable[[Any, Any], Any], context: ThreadContext, payload: Any, around: Surroundings
) -> Any:
    """Run a plain function in a thread, which counts as at work until it ends."""
    around.threads += 1
    work: Awaitable[Any] = asyncio.to_thread(function, context, payload)
    running = asyncio.ensure_future(work)
    running.add_done_callback(lambda _: _ended(around))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        context.lose()
        raise


def _ended(around: Surroundings) -> None:
    around.threads -= 1
