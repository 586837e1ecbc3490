"""One attempt at a task, from its acceptance to the receipt for its outcome."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from aia.client.errors import ApiError
from aia.client.types import ClaimedTask
from aia.client.worker.context import Context, ThreadContext
from aia.client.worker.errors import LOST
from aia.client.worker.frames import Receipt
from aia.client.worker.handlers import Handler, Handlers
from aia.client.worker.notes import Notes
from aia.client.worker.outcomes import Fail, Outcome, clipped, delivered, failed, raised
from aia.client.worker.tally import Ended
from aia.client.worker.threads import Thread

log = logging.getLogger("aia.client.worker")

_LONGEST_TOLD = 200
"""Characters of the message of a failure in the log."""

Say = Callable[[str, dict[str, Any], str | None], "asyncio.Future[Receipt]"]
"""Sends a message: its type, what it says, its idempotency key."""

Answered = Callable[["Attempt", Awaitable[object]], Awaitable[Any]]
"""Asks a question of an attempt, and returns the answer."""


class Attempt:
    """An attempt in hand.

    Attributes:
        task: The task.
        ending: Its outcome is under way, so that losing it is no news.
        lost: What became of the task, once it is lost to this worker.
        ended: What became of the attempt, once it is over.
        over: Set when nothing of it is left: no handler, no thread.
    """

    def __init__(
        self,
        task: ClaimedTask,
        payload: msgspec.Raw,
        handlers: Handlers,
        say: Say,
        answered: Answered,
        places: asyncio.Semaphore,
        before: asyncio.Event | None,
    ) -> None:
        """Make an attempt; ``run`` carries it out.

        Args:
            task: The task.
            payload: Its input, as it came.
            handlers: Who can do it.
            say: Sends a message.
            answered: Waits for the answer to a question.
            places: How many handlers may work at once.
            before: Set when an earlier attempt at the same task is over in this worker.
        """
        self.task = task
        self.ending = False
        self.lost = ""
        self.ended = Ended.LOST
        self.over = asyncio.Event()
        self.notes = Notes(self._say_progress, self._report_refused)
        self._payload = payload
        self._handlers = handlers
        self._sends = say
        self._answered = answered
        self._places = places
        self._before = before
        self._asking = asyncio.Lock()
        self._running: asyncio.Task[Outcome | None] | None = None
        self._given_back: Outcome | None = None
        self._patience_over = asyncio.Event()
        self._named = f"task {task.task_id} ({task.task_type})"
        self._taken_at = time.monotonic()

    def lose(self, status: str) -> None:
        """Stop working on it: it is not this worker's any more."""
        if not self.lost and not self.ending:
            log.info("%s is lost: %s", self._named, status)
            self.lost = status or "lost"
            self._stop()

    def give_back(self, code: str, message: str, within: float) -> None:
        """Stop working on it, and let somebody else try.

        Args:
            code: Why, for programs.
            message: Why, for people.
            within: Seconds that the handler has to end; then it is given back all the same.
        """
        if not self.lost and not self.ending and self._given_back is None:
            self._given_back = failed(code, message, retryable=True)
            self._stop()
            asyncio.get_running_loop().call_later(within, self._patience_over.set)

    async def run(self) -> None:
        """Carry it out; whatever becomes of it is told to the server, or the server knows it."""
        running = self._running = asyncio.create_task(self._carried_out())
        waiting = asyncio.create_task(self._patience_over.wait())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            outcome = self._outcome(running)
            if outcome is not None:
                self.ending = True
                await self._deliver(outcome)
        finally:
            running.cancel()
            waiting.cancel()
            self.notes.close()
            self.over.set()

    async def ask(self, question: str, choices: tuple[str, ...], schema: Any) -> Any:
        """Ask, and return the answer once there is one.

        Raises:
            ApiError: The question was refused.
        """
        async with self._asking:  # one question may be open at a time
            self.notes.flush()
            data: dict[str, Any] = {"question": question}
            if choices:
                data["choices"] = choices
            if schema is not None:
                data["schema"] = schema
            return await self._answered(self, self.say("input", data, keyed=True))

    async def say(self, kind: str, data: dict[str, Any], *, keyed: bool) -> Receipt:
        """Send a message about it and return its receipt.

        Raises:
            ApiError: It was refused; when that says that the attempt is over, it is lost.
        """
        try:
            return await self._said(kind, data, keyed=keyed)
        except ApiError as error:
            self._report_refused(error)
            raise

    async def _carried_out(self) -> Outcome | None:
        if self._before is not None:
            await self._before.wait()
        async with self._places:
            return await self._in_its_place()

    async def _in_its_place(self) -> Outcome | None:
        try:
            await self.say("accept", {}, keyed=False)
        except ApiError as error:
            log.info("%s cannot be accepted: %s", self._named, error)
            self.lost = self.lost or error.code
            return None
        self._taken_at = time.monotonic()
        log.info("%s is taken, attempt %d", self._named, self.task.attempt)
        try:
            handler = self._handlers.find(self.task.task_type)
            payload = handler.payload(self._payload)
            return delivered(await self._handled(handler, payload))
        except Fail as error:
            return raised(error)
        except (Exception, SystemExit) as error:
            # Where it happened is for this log; the server gets the name and the message.
            log.exception("%s raised an exception", self._named)
            return raised(error)

    async def _handled(self, handler: Handler, payload: Any) -> Any:
        context = Context(self)
        if not handler.threaded:
            return await handler.function(context, payload)
        thread = Thread(handler.function, ThreadContext(context), payload)
        return await thread.ended()

    def _outcome(self, running: asyncio.Task[Outcome | None]) -> Outcome | None:
        """Return what there is to tell: nothing about a task that is lost."""
        given_back = self._given_back
        if not running.done():
            return given_back
        if running.cancelled():
            by_itself = failed("cancelled", "The handler cancelled itself", retryable=True)
            return None if self.lost else given_back or by_itself
        outcome = running.result()
        if self.lost or outcome is None:
            return None
        # What was done just before it would have been given back counts.
        return outcome if given_back is None or outcome.kind == "complete" else given_back

    async def _deliver(self, outcome: Outcome) -> None:
        self.notes.flush()
        try:
            await self._said(outcome.kind, dict(outcome.data), keyed=True)
        except ApiError as error:
            if error.code in LOST:
                log.warning("%s: %s came too late: %s", self._named, outcome.kind, error)
            elif outcome.kind == "complete":
                too_big = error.code == "body_too_large"
                code = "result_too_large" if too_big else error.code
                words = f"The result was refused: {error.detail or error.title}"
                await self._deliver(failed(code, words, retryable=False))
            else:
                log.exception("%s: its failure was refused", self._named)
        else:
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Say what became of it, now that the server knows."""
        took = time.monotonic() - self._taken_at
        if outcome.kind == "complete":
            self.ended = Ended.COMPLETED
            log.info("%s is completed after %.2f s", self._named, took)
        elif outcome is self._given_back:
            self.ended = Ended.GIVEN_BACK
            log.info("%s is given back after %.2f s", self._named, took)
        else:
            self.ended = Ended.FAILED
            code, message = outcome.data["error_code"], outcome.data["message"]
            again = "may be tried again" if outcome.data["retryable"] else "is not tried again"
            words = "%s has failed after %.2f s and %s: %s: %s"
            log.warning(
                words,
                self._named,
                took,
                again,
                code,
                clipped(" ".join(message.split()), _LONGEST_TOLD),
            )

    def _said(self, kind: str, data: dict[str, Any], *, keyed: bool) -> asyncio.Future[Receipt]:
        whose = {"task_id": self.task.task_id, "lease": self.task.lease}
        return self._sends(kind, {**whose, **data}, uuid4().hex if keyed else None)

    def _say_progress(self, data: dict[str, Any]) -> asyncio.Future[Receipt]:
        # Lines of the log would be added once more; everything else says how it is.
        return self._said("progress", data, keyed="log" in data)

    def _report_refused(self, error: ApiError) -> None:
        if error.code in LOST:
            self.lose(error.code)
        else:
            log.warning("%s: a report was refused: %s", self._named, error)

    def _stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
