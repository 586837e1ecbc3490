"""A worker: functions of a program that do the tasks of one agent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.configuration import Token, configuration
from aia.client.retrying import Backoff
from aia.client.worker.door import Door
from aia.client.worker.errors import WorkerError
from aia.client.worker.handlers import Handlers
from aia.client.worker.shift import Shift
from aia.client.worker.showing import shown
from aia.client.worker.stopping import Stopping
from aia.client.writing import Amount, exact, given, segment

F = TypeVar("F", bound=Callable[[Any, Any], Any])
_RETRIES = Backoff(total_seconds=20.0)


class Worker:
    """One agent, and the functions that do its tasks.

    Example::

        worker = Worker("data_analysis_001", skills={"data_analysis": 0.9}, concurrency=4)

        @worker.task("data_analysis")
        async def analyse(ctx, payload):
            await ctx.progress(50, "half way")
            return {"rows": len(payload["rows"])}

        worker.run()

    Functions that are no coroutine functions run in threads, so they may block. One program serves
    an agent at a time: a newer one takes its place.
    """

    def __init__(
        self,
        agent_id: str,
        *,
        skills: Mapping[str, float] | Iterable[str] = (),
        url: str | None = None,
        token: Token = None,
        concurrency: int = 1,
        drain_seconds: float = 30.0,
        timeout: float = 30.0,
        specializations: Iterable[str] | None = None,
        cost_per_task: Amount | None = None,
        labels: Mapping[str, str | float | bool] | None = None,
        resources: Mapping[str, float] | None = None,
        data_sources: Iterable[str] | None = None,
        wallet_address: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        initial_stake: Amount | None = None,
    ) -> None:
        """Declare an agent; nothing is connected yet.

        Args:
            agent_id: Its id.
            skills: What it can do: names with levels 0..1, or names alone, which are levels of 1.
            url: Of the server; ``MAS_URL`` or ``http://127.0.0.1:8000`` when left out.
            token: The agent's; ``MAS_TOKEN`` when left out. A function is asked at every
                connection and request, so that it can return a fresh one.
            concurrency: How many tasks it works on at once, 1..1000.
            drain_seconds: How long what it has in hand may take to be finished when it stops.
            timeout: How long one HTTP request may go without a sign from the server, seconds.
            specializations: What it is best at; the types of its tasks when left out.
            cost_per_task: Its price, tokens.
            labels: Key to value, for placement.
            resources: How much it has, by name.
            data_sources: Where it can read from; none: everywhere.
            wallet_address: Its address outside of this system.
            metadata: Any JSON, 64 KiB at most.
            initial_stake: What it wants to stake at its first registration, tokens.

        Raises:
            ValueError: ``agent_id`` or ``concurrency`` cannot be.
        """
        if not 1 <= concurrency <= 1000:
            raise ValueError(f"concurrency is between 1 and 1000, not {concurrency}")
        segment(agent_id)
        self.agent_id = agent_id
        self._configuration = configuration(
            url,
            token,
            timeout=timeout,
            retries=_RETRIES,
            consistent=False,
            headers={},
            max_connections=concurrency + 10,
        )
        self._concurrency = concurrency
        self._drain_seconds = drain_seconds
        self._handlers = Handlers()
        self._specializations = specializations
        self._stopping: Stopping | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._declared = given(
            {
                "skills": _levels(skills),
                "max_concurrent_tasks": concurrency,
                "cost_per_task": exact(cost_per_task),
                "labels": labels,
                "resources": resources,
                "data_sources": None if data_sources is None else list(data_sources),
                "wallet_address": wallet_address,
                "metadata": metadata,
                "initial_stake": exact(initial_stake),
            }
        )

    def task(self, *task_types: str) -> Callable[[F], F]:
        """Have a function do the tasks of these types.

        It gets a context and the payload. With an annotation of the payload (a Struct, a dataclass,
        a TypedDict, any type that msgspec reads) it gets that, and what does not fit fails with
        ``invalid_payload``.
        """
        if not task_types:
            raise ValueError("name the types of the tasks")

        def register(function: F) -> F:
            for task_type in task_types:
                self._handlers.add(task_type, function)
            return function

        return register

    def default(self, function: F) -> F:
        """Have a function do the tasks that no other function does."""
        self._handlers.add_default(function)
        return function

    def run(self, *, quiet: bool = False) -> None:
        """Work until SIGINT or SIGTERM.

        The first signal drains: nothing new is taken, what is in hand is finished. The second one
        cancels what is in hand and gives it back to be tried elsewhere.

        A line tells of each task that is taken or comes to its end, and one at the end of all: on
        the logger ``aia.client.worker``, which writes to standard error where the program has set
        up no logging of its own.

        Args:
            quiet: Do not set that up: then Python shows warnings only.

        Raises:
            WorkerError: The worker cannot go on: it was replaced, rejected or unregistered.
        """
        with nullcontext() if quiet else shown():
            asyncio.run(self._run())

    async def serve(self) -> None:
        """Work until ``stop`` is called; signals are the program's own affair.

        Raises:
            WorkerError: The worker cannot go on: it was replaced, rejected or unregistered.
        """
        await self._serve(self._begin())

    def stop(self) -> None:
        """Ask it to stop, from any thread; asked twice it gives back what it has in hand."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.request)

    async def _run(self) -> None:
        stopping = self._begin()
        with stopping.on_signals():
            await self._serve(stopping)

    def _begin(self) -> Stopping:
        if self._stopping is not None:
            raise RuntimeError("this worker is running already")
        self._loop = asyncio.get_running_loop()
        self._stopping = Stopping()
        return self._stopping

    async def _serve(self, stopping: Stopping) -> None:
        best = self._handlers.types if self._specializations is None else self._specializations
        declared = {**self._declared, "specializations": list(best)}
        connection = AsyncConnection(self._configuration)
        error: WorkerError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                door = Door(connection, self.agent_id, declared)
                shift = Shift(door, self._handlers, group, self._concurrency)
                error = await shift.live(stopping, self._drain_seconds)
                raise _Over
        except* _Over:
            pass
        finally:
            self._stopping = None
            await connection.aclose()
        if error is not None:
            raise error


class _Over(Exception):
    """Ends what still runs when the life of a worker is over."""


def _levels(skills: Mapping[str, float] | Iterable[str]) -> dict[str, float]:
    if isinstance(skills, Mapping):
        return dict(skills)
    return dict.fromkeys([skills] if isinstance(skills, str) else skills, 1.0)
