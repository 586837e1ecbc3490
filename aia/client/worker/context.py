"""What a handler knows of its task, and how it talks to the outside while it works."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aia.client.types import ClaimedTask
from aia.client.worker.errors import TaskLost
from aia.client.worker.notes import checked

if TYPE_CHECKING:
    from aia.client.worker.attempt import Attempt


class Context:
    """The first argument of a handler that is a coroutine function.

    Attributes:
        task: The task.
        attempt: The number of this attempt, from 1.
        deadline: When this attempt runs out of time, UTC.
    """

    def __init__(self, attempt: Attempt) -> None:
        """Speak for an attempt that begins now."""
        self.task: ClaimedTask = attempt.task
        self.attempt: int = attempt.task.attempt
        ends = datetime.now(UTC) + timedelta(seconds=attempt.task.timeout_seconds)
        expires = attempt.task.deadline
        self.deadline: datetime = ends if expires is None else min(ends, expires)
        self._own = attempt

    async def progress(
        self, percent: float | None = None, message: str = "", *, partial: Any = None
    ) -> None:
        """Tell how far it is. It does not wait for the server; only the latest counts.

        Args:
            percent: How far, 0..100.
            message: For people.
            partial: What there is of the result, any JSON of at most 64 KiB.

        Raises:
            ValueError: The server would refuse it.
        """
        self._own.notes.progress(checked(percent, message, partial))
        await asyncio.sleep(0)  # a loop that does nothing but report lets others work, too

    def log(self, text: object) -> None:
        """Add to the log of the task; lines are sent a few at a time, and with the progress."""
        self._own.notes.log(str(text))

    async def sleep(self, seconds: float) -> None:
        """Wait; in a test by ``aia.testing`` it goes by the clock of the test."""
        await asyncio.sleep(seconds)

    async def ask(self, question: str, *, choices: Sequence[str] = (), schema: Any = None) -> Any:
        """Put a question to people or other agents, and wait for the answer.

        Neither the lease nor the time of the attempt runs meanwhile.

        Args:
            question: The question.
            choices: The answers that are taken; none: any.
            schema: What an answer must fit (JSON Schema).

        Returns:
            The answer, as JSON decodes.

        Raises:
            ApiError: The question cannot be asked.
        """
        return await self._own.ask(question, tuple(choices), schema)


class ThreadContext:
    """The first argument of a handler that is a plain function; its methods wait.

    Attributes:
        task: The task.
        attempt: The number of this attempt, from 1.
        deadline: When this attempt runs out of time, UTC.
    """

    def __init__(self, context: Context) -> None:
        """Speak from a thread; to be made in the event loop."""
        self.task = context.task
        self.attempt = context.attempt
        self.deadline = context.deadline
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._lost = threading.Event()
        self._asked: Future[Any] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the task is lost: whatever comes out of it will not count."""
        return self._lost.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but no longer than the task is this worker's; return whether it is lost."""
        return self._lost.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep.

        Raises:
            TaskLost: The task is not this worker's any more.
        """
        self.wait(seconds)
        self.check()

    def check(self) -> None:
        """Return if the task is still this worker's.

        Raises:
            TaskLost: It is not.
        """
        if self._lost.is_set():
            raise TaskLost(self.task.task_id)

    def progress(
        self, percent: float | None = None, message: str = "", *, partial: Any = None
    ) -> None:
        """Tell how far it is, as ``Context.progress``.

        Raises:
            ValueError: The server would refuse it.
            TaskLost: The task is not this worker's any more.
        """
        self.check()
        notes = self._context._own.notes
        self._loop.call_soon_threadsafe(notes.progress, checked(percent, message, partial))

    def log(self, text: object) -> None:
        """Add to the log of the task, as ``Context.log``."""
        if not self._lost.is_set():
            self._loop.call_soon_threadsafe(self._context.log, str(text))

    def ask(self, question: str, *, choices: Sequence[str] = (), schema: Any = None) -> Any:
        """Put a question to people or other agents, and wait for the answer.

        Raises:
            ApiError: The question cannot be asked.
            TaskLost: The task is not this worker's any more.
        """
        self.check()
        asking = self._context.ask(question, choices=choices, schema=schema)
        self._asked = asyncio.run_coroutine_threadsafe(asking, self._loop)
        if self._lost.is_set():
            self._asked.cancel()
        try:
            return self._asked.result()
        except CancelledError:
            raise TaskLost(self.task.task_id) from None

    def cancel(self) -> None:
        """Tell the function that the task is lost."""
        self._lost.set()
        if self._asked is not None:
            self._asked.cancel()
