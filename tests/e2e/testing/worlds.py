"""The worlds in which the same stories are told: a system in memory, and a node on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import anyio
import msgspec

from aia.client import ApiError, AsyncClient
from aia.client.types import AgentAnswer, AuditEvent, ClaimedTask, TaskAnswer
from aia.testing import InMemoryMas

PATIENCE = 60.0  # seconds; only ever waited out when something is wrong
QUIET = {"heartbeat_interval_seconds": 3_600, "pickup_timeout_seconds": 3_600}
"""Settings under which nothing happens by itself."""
HASTY = {"heartbeat_interval_seconds": 2.0, "pickup_timeout_seconds": 3.0}
"""Settings under which time-outs are soon over."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MEASURED = re.compile(r".*_ms|seed|position|agents|with_room")
"""What depends on how long things took, or on the agents of other stories."""


class World:
    """Where a story happens.

    Attributes:
        client: Speaks to the system.
        word: What all names in the story begin with.
        told: What the story found, in its order.
    """

    def __init__(
        self,
        client: AsyncClient,
        word: str,
        now: Callable[[], datetime],
        moment: Callable[[], Awaitable[None]],
    ) -> None:
        self.client = client
        self.word = word
        self.now = now
        self.told: list[Any] = []
        self._moment = moment
        self._streams: set[str] = set()

    async def agent(self, name: str, **declared: Any) -> AgentAnswer:
        """Register an agent that has the story's skill."""
        agent_id = f"{self.word}-{name}"
        self._streams.add(f"agent/{agent_id}")
        return await self.client.agents.put(agent_id, skills={self.word: 1.0}, **declared)

    async def task(self, **specified: Any) -> TaskAnswer:
        """Submit a task that takes the story's skill."""
        wants = {"skills": [self.word], **specified.pop("requirements", {})}
        answer = await self.client.tasks.submit(self.word, requirements=wants, **specified)
        self._streams.add(f"task/{answer.task_id}")
        return answer

    def concerns(self, *task_ids: str) -> None:
        """Count tasks in that the story made in another way."""
        self._streams |= {f"task/{task_id}" for task_id in task_ids}

    async def taken(self, task_id: str, name: str) -> ClaimedTask:
        """Have an agent claim a task and start it."""
        with anyio.fail_after(PATIENCE):
            while True:
                claimed = await self.client.agents.claim(f"{self.word}-{name}")
                for task in claimed.items:
                    if task.task_id == task_id:
                        await self.client.tasks.start(task_id, task.agent_id, task.lease)
                        return task
                await self._moment()

    async def until(self, topic: str, stream: str, *awake: str, times: int = 1) -> None:
        """Let time pass until something has happened; some agents are heard of meanwhile."""
        with anyio.fail_after(PATIENCE):
            while await self._count(topic, stream) < times:
                for name in awake:
                    await self.client.agents.heartbeat(f"{self.word}-{name}")
                await self._moment()

    async def refused(self, asked: Awaitable[Any]) -> None:
        """Do what must be refused, and note how it is."""
        try:
            answer = await asked
        except ApiError as error:
            self.told.append([error.status, error.code, [each.field for each in error.errors]])
        else:
            raise AssertionError(f"it was not refused: {answer}")

    def tell(self, found: Any) -> None:
        """Note what was found."""
        self.told.append(msgspec.to_builtins(found))

    async def whole(self) -> list[Any]:
        """Return what the story found and the events that it left, without ids and times."""
        events = [
            _shown(event)
            async for event in self.client.audit.iterate_events()
            if event.stream in self._streams
        ]
        return [Alike()(self.told), Alike()(events)]

    async def _count(self, topic: str, stream: str) -> int:
        try:
            page = await self.client.audit.stream(stream, limit=500)
        except ApiError as error:
            if error.status != 404:
                raise
            return 0
        return sum(event.topic == topic for event in page.items)


class Alike:
    """Puts labels in the place of ids and times, which differ: ids by their first appearance."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """Return something as it is in all worlds."""
        if isinstance(value, dict):
            return {key: self._field(key, inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self(inner) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _field(self, key: str, value: Any) -> Any:
        if key == "candidates":
            # What they were scored on depends on the whole fleet, and on all that it did before.
            return [agent_id for agent_id, *_ in value]
        return "measured" if _MEASURED.fullmatch(key) and value is not None else self(value)

    def _text(self, text: str) -> str:
        def label(found: re.Match[str]) -> str:
            return self._ids.setdefault(found[0], f"id{len(self._ids)}")

        return _TIME.sub("a time", _UUID.sub(label, text))


def _shown(event: AuditEvent) -> Any:
    fields = ("stream", "version", "topic", "actor", "data")
    shown = {name: msgspec.to_builtins(getattr(event, name)) for name in fields}
    if event.topic == "task.assigned.v1":
        # A task is placed with its submission where the dispatcher leads already and knows the
        # agent by then, and by the dispatcher soon after where it does not: a matter of time.
        assert event.actor in ("dev", "system:dispatcher"), event.actor
        shown["actor"] = "whoever placed it"
    return shown


async def in_memory(
    word: str, story: Callable[[World], Awaitable[None]], settings: Mapping[str, float]
) -> list[Any]:
    """Tell a story to a system in memory with some settings of the orchestration."""
    config = {name.removesuffix("_seconds"): value for name, value in settings.items()}
    async with InMemoryMas(config={"orchestration": config}, start=datetime.now(UTC)) as mas:

        async def moment() -> None:
            await mas.advance(seconds=0.1)

        world = World(mas.client, word, mas.now, moment)
        await story(world)
        return await world.whole()


async def on_a_node(url: str, word: str, story: Callable[[World], Awaitable[None]]) -> list[Any]:
    """Tell a story to a node."""
    async with AsyncClient(url, token="") as client:

        async def moment() -> None:
            # Answered when something has happened, or after a while.
            with anyio.move_on_after(0.3):
                head = await client.audit.head()
                await client.audit.head(min_position=head.position + 1)

        world = World(client, word, lambda: datetime.now(UTC), moment)
        await story(world)
        return await world.whole()
