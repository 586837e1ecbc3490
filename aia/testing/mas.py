"""The whole system in memory: the product's own engine and processes, and a clock to be moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aia.client import AsyncClient
from aia.client.types import AgentAnswer, TaskAnswer
from aia.client.worker.handlers import Function
from aia.testing.agent import WorkingAgent
from aia.testing.chance import Chance
from aia.testing.errors import NeverHappened, NotRunning
from aia.testing.events import append, records_of
from aia.testing.rest import at_rest
from aia.testing.served import served
from aia.testing.stores import OpenMemory
from aia.testing.transport import AppTransport
from aia_mas.application.clock import ManualClock
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.logs import use_standard_loggers
from aia_mas.application.settings import load_settings
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.scoring.policies import Policy
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.app import create_app

URL = "http://localhost"


class InMemoryMas:
    """A system in memory, in the event loop of whoever enters it.

    Example::

        async with InMemoryMas(start="2026-01-01T00:00:00Z", seed=1) as mas:
            await mas.register_agent("a1", skills={"sum": 1.0})
            task = await mas.submit_task("sum", payload=[1, 2])
            await mas.advance(minutes=5)
            print([record.topic for record in mas.records(f"task/{task.task_id}")])

    Attributes:
        client: Speaks to it; everything that the HTTP API can do.
        clock: Its clock.
        system: The product's own parts, for what is not offered here.
        threads: How many handlers work in threads at the moment.
    """

    client: AsyncClient

    def __init__(
        self,
        *,
        start: datetime | str = "2026-01-01T00:00:00Z",
        seed: int = 0,
        config: Mapping[str, Any] | None = None,
        policies: Iterable[Policy] = (),
        precision: float = 0.25,
    ) -> None:
        """Describe a system; nothing is started before it is entered.

        Args:
            start: What time it is at first; without an offset it is UTC.
            seed: What all ids and draws come from: with the same steps come the same events.
            config: Settings, as in a configuration file. The environment is not looked at.
            policies: What may choose among agents beside the built-in policies.
            precision: How many seconds late a time-out may be noticed. A node has 0.25; with larger
                ones long times pass sooner.

        Raises:
            ValueError: ``start`` is no time, or there are two policies of one name.
            SettingsError: A setting is unknown or its value cannot be used.
        """
        use_standard_loggers()
        self.clock = ManualClock(_moment(start))
        self.threads = 0
        self._chance = chance = Chance(seed, self.clock.now)
        settings = load_settings({"node_name": "memory"}, environment={}, config=config)
        self.system = System(
            settings,
            clock=self.clock,
            policies=policies,
            open_stores=OpenMemory(chance),
            new_id=chance.new_id,
            random=chance.random,
            look_seconds=precision,
        )
        self._stack = AsyncExitStack()
        self._running = False

    async def __aenter__(self) -> Self:
        """Start it."""
        try:
            await self._stack.enter_async_context(self.system)
            self._app = create_app(self.system)
            self._running = True
            self.client = await self.connect()
            await self.rest()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._running = False
        await self._stack.aclose()

    @property
    def log(self) -> MemoryEventLog:
        """The event log.

        Raises:
            NotRunning: It was not entered, or was left.
        """
        if not self._running:
            raise NotRunning
        log = self.system.log
        assert isinstance(log, MemoryEventLog)
        return log

    @property
    def feed(self) -> Feed:
        """The end of the event log."""
        return self.log.feed

    async def connect(self, token: str = "") -> AsyncClient:
        """Return a further client, who need not close it (``token``: where ``config`` has keys)."""
        client = AsyncClient(URL, token=token, transport=self.transport())
        return await self._stack.enter_async_context(client)

    def transport(self) -> AppTransport:
        """Return what carries the requests of an HTTP client of another make.

        Example::

            async with httpx.AsyncClient(base_url=URL, transport=mas.transport()) as client:
                answer = await client.get("/mas/health")
        """
        return AppTransport(self._app, self._chance)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve it over the network, too, until it is left; for programs that are not in here.

        What comes over the network comes in real time, and ``rest`` does not wait for it.

        Args:
            host: A loopback address, unless ``config`` has keys.
            port: The port; 0: any.

        Returns:
            The URL.

        Raises:
            PortUnavailable: The address cannot be listened on.
        """
        url, end = await served(self.system, host, port)
        self._stack.push_async_callback(end)
        return url

    async def register_agent(self, agent_id: str, **declared: Any) -> AgentAnswer:
        """Register an agent, or change it; see ``client.agents.put`` for what it declares.

        It is heard of as long as the clock stands; with the time that passes it goes offline, as
        nobody sends its heartbeats. ``run_agent`` is for one that works and is heard of.
        """
        answer = await self.client.agents.put(agent_id, **declared)
        await self.rest()
        return answer

    async def submit_task(self, task_type: str, **specified: Any) -> TaskAnswer:
        """Submit a task; see ``client.tasks.submit`` for what it specifies."""
        answer = await self.client.tasks.submit(task_type, **specified)
        await self.rest()
        return answer

    async def run_agent(
        self,
        agent_id: str,
        handlers: Mapping[str, Function],
        *,
        concurrency: int = 1,
        **declared: Any,
    ) -> WorkingAgent:
        """Have an agent work: it is heard of, claims its tasks, and functions do them.

        Args:
            agent_id: Its id; it is registered.
            handlers: By type of task the function that does it, of a context (``Context``) and the
                payload; ``*``: for all other types. What it returns is the result, what it raises
                the failure. Plain functions run in threads.
            concurrency: How many tasks it works on at once.
            declared: See ``client.agents.put``.

        Raises:
            TypeError: A function does not take a context and a payload.
        """
        declared.setdefault("max_concurrent_tasks", concurrency)
        agent = WorkingAgent(
            agent_id,
            handlers,
            self,
            concurrency=concurrency,
            heartbeat_seconds=self.system.settings.heartbeat_interval_seconds,
        )
        await self.client.agents.put(agent_id, **declared)
        agent.start()
        self._stack.push_async_callback(agent.vanish)
        await self.rest()
        return agent

    def now(self) -> datetime:
        """Return what time it is in the system, UTC."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """Wait until time was moved on so far; for agents under test that take their time."""
        await self.clock.sleep(seconds)

    async def rest(self) -> None:
        """Wait until everything that can happen without time passing has happened.

        Raises:
            NeverAtRest: Something goes round and round while no time passes.
        """
        feed = self.feed
        await at_rest(lambda: feed.position, lambda: self.threads > 0)

    async def advance(
        self, *, seconds: float = 0.0, minutes: float = 0.0, hours: float = 0.0, days: float = 0.0
    ) -> None:
        """Let time pass: whatever is due on the way happens at its time, one after the other."""
        span = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        target = self.clock.monotonic() + span.total_seconds()
        await self.rest()
        while (alarm := self.clock.next_alarm) is not None and alarm <= target:
            self.clock.advance_to(alarm)
            await self.rest()
        self.clock.advance_to(target)
        await self.rest()

    async def advance_until(
        self, happened: Callable[[], bool], *, within: timedelta = timedelta(hours=1)
    ) -> None:
        """Let time pass until something has happened.

        Args:
            happened: Tells whether it has; asked after each moment at which something may happen.
            within: The longest time to let pass.

        Raises:
            NeverHappened: It did not within that time.
        """
        end = self.clock.monotonic() + within.total_seconds()
        await self.rest()
        while not happened():
            alarm = self.clock.next_alarm
            if alarm is None or alarm > end:
                raise NeverHappened(within)
            self.clock.advance_to(alarm)
            await self.rest()

    def records(self, stream: str | None = None) -> list[RecordedEvent]:
        """Return events with their envelopes (position, topic, time...), in order.

        Args:
            stream: Of one stream (``task/<id>``) or of one kind of streams (``task``); None: all.
        """
        return records_of(self.log, stream)

    def events_of(self, stream: str) -> list[Event]:
        """Return the events of one stream (``task/<id>``) or of one kind of streams (``task``)."""
        return [record.event for record in self.records(stream)]

    async def given(self, stream: str, *events: Event) -> int:
        """Add events to a stream as if they had happened, whatever led to them.

        Returns:
            The position of the last one.
        """
        position = await append(self.log, stream, events, self._chance.new_id())
        await self.rest()
        return position


def _moment(start: datetime | str) -> datetime:
    moment = datetime.fromisoformat(start) if isinstance(start, str) else start
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
