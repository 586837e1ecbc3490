"""An agent that works in a test: it claims its tasks and has functions of the test do them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import anyio
import msgspec
import structlog

from aia.client import Conflict, NotFound
from aia.client.types import ClaimedTask
from aia.client.worker.handlers import Function, handler_of
from aia.client.worker.outcomes import Fail
from aia.testing.context import Context, Surroundings, ThreadContext, in_a_thread

log = structlog.stdlib.get_logger("aia.testing")

_LONGEST_WAIT = 20.0
_PAUSE = 1.0
"""Seconds before an agent asks again that was refused."""
_PARTS = 3.0
"""How often in a lease, or a heartbeat interval, the agent is heard of."""


class WorkingAgent:
    """An agent at work, as a program of its own would be; ``vanish`` ends it as a kill does.

    Attributes:
        agent_id: Its id.
        in_hand: The leases of the attempts that it is working on, by task.
    """

    def __init__(
        self,
        agent_id: str,
        handlers: Mapping[str, Function],
        around: Surroundings,
        *,
        concurrency: int,
        heartbeat_seconds: float,
    ) -> None:
        """Make it; ``start`` has it work.

        Args:
            agent_id: Its id; it is registered.
            handlers: What does the tasks of a type; ``*``: those of all others.
            around: What it works in.
            concurrency: How many tasks it works on at once.
            heartbeat_seconds: How often it is to be heard of.

        Raises:
            TypeError: A handler does not take a context and a payload.
        """
        self.agent_id = agent_id
        self.in_hand: dict[str, str] = {}
        self._work = {kind: handler_of(handler) for kind, handler in handlers.items()}
        self._around = around
        self._heartbeat = heartbeat_seconds
        self._places = asyncio.Semaphore(concurrency)
        self._attempts: dict[str, anyio.CancelScope] = {}
        self._lease_seconds: dict[str, float] = {}
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Have it work until it vanishes."""
        self._life = asyncio.create_task(self._live(), name=f"agent {self.agent_id}")

    async def finished(self, within: float = 60.0) -> None:
        """Wait in real time until it has nothing in hand, whatever its handlers wait for.

        Args:
            within: Seconds of real time.

        Raises:
            TimeoutError: It had something in hand all that time.
        """
        async with asyncio.timeout(within):
            await self._idle.wait()

    async def vanish(self) -> None:
        """End at once, in the middle of whatever it does, and tell nobody.

        Raises:
            Exception: What had ended it before.
        """
        life, self._life = self._life, None
        if life is None:
            return
        life.cancel()
        await asyncio.wait({life})
        if not life.cancelled() and (error := life.exception()) is not None:
            raise error

    async def _live(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat)
            tasks.start_soon(self._listen)
            while True:
                # A place is taken before a task is asked for, and goes over to its attempt.
                await self._places.acquire()
                task = await self._next()
                tasks.start_soon(self._attempt, task)

    async def _next(self) -> ClaimedTask:
        client = self._around.client
        while True:
            try:
                answer = await client.agents.claim(
                    self.agent_id, limit=1, wait=_LONGEST_WAIT, leases=self.in_hand
                )
                self._lose(each.task_id for each in answer.lost)
                for task in answer.items:
                    await client.tasks.start(task.task_id, self.agent_id, task.lease)
                    self.in_hand[task.task_id] = task.lease
                    self._lease_seconds[task.task_id] = task.lease_seconds
                    self._attempts[task.task_id] = anyio.CancelScope()
                    self._idle.clear()
                    self._news.set()
                    return task
            except (Conflict, NotFound) as error:
                # It is suspended or unregistered, or the task was taken back just now.
                log.info("no_task", agent_id=self.agent_id, code=error.code)
                await self._around.clock.sleep(_PAUSE)

    async def _beat(self) -> None:
        """Be heard of, and hear what was lost, in time and whenever a task in hand changes."""
        client, clock = self._around.client, self._around.clock
        while True:
            self._news.clear()
            try:
                answer = await client.agents.heartbeat(self.agent_id, leases=self.in_hand)
            except NotFound:
                self._lose(tuple(self.in_hand))
            else:
                self._lose(each.task_id for each in answer.lost)
            with clock.within(min([self._heartbeat, *self._lease_seconds.values()]) / _PARTS):
                await self._news.wait()

    async def _listen(self) -> None:
        feed = self._around.feed
        while True:
            seen = feed.position
            await feed.wait(seen)
            streams = {f"task/{task_id}" for task_id in self.in_hand}
            if any(event.stream in streams for event in feed.since(seen) or ()):
                self._news.set()

    def _lose(self, task_ids: Iterable[str]) -> None:
        for task_id in task_ids:
            if task_id in self._attempts:
                self._attempts[task_id].cancel()

    async def _attempt(self, task: ClaimedTask) -> None:
        scope = self._attempts[task.task_id]
        try:
            with scope:
                await self._carry_out(task)
        except Conflict as error:
            # What it has to say does not count any more, and nothing is to be done about that.
            log.info("attempt_over", task_id=task.task_id, code=error.code)
        finally:
            for known in (self.in_hand, self._attempts, self._lease_seconds):
                known.pop(task.task_id, None)
            self._places.release()
            if not self.in_hand:
                self._idle.set()

    async def _carry_out(self, task: ClaimedTask) -> None:
        tasks = self._around.client.tasks
        context = Context(task, self._around)
        try:
            result = await self._handled(context, task)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises
            await context.flush()
            await tasks.fail(task.task_id, self.agent_id, task.lease, **_failure(error))
        else:
            await context.flush()
            await tasks.complete(task.task_id, self.agent_id, task.lease, **_delivery(result))

    async def _handled(self, context: Context, task: ClaimedTask) -> Any:
        work = self._work.get(task.task_type) or self._work.get("*")
        if work is None:
            raise Fail("no_handler", f"this agent has no handler for {task.task_type}")
        payload = work.payload(msgspec.Raw(msgspec.json.encode(task.payload)))
        if not work.threaded:
            return await work.function(context, payload)
        aside = ThreadContext(context, self._around)
        return await in_a_thread(work.function, aside, payload, self._around)


def _failure(error: Exception) -> dict[str, Any]:
    """Return what an exception says of an attempt; by its attributes, if it has them."""
    return {
        "error_code": getattr(error, "code", type(error).__name__),
        "message": getattr(error, "message", str(error)),
        "retryable": getattr(error, "retryable", True),
    }


def _delivery(result: Any) -> dict[str, Any]:
    """Return what is delivered: a result, or one with its quality and what it consumed."""
    if all(hasattr(result, name) for name in ("result", "quality", "usage")):
        return {"result": result.result, "quality": result.quality, "usage": result.usage}
    return {"result": result}
