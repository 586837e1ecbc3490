"""What agents lived through, told at chosen times, for the tests of their performance."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.agent_performance import AgentPerformances
from aia_mas.projections.checkpoint_writer import CheckpointWriter
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE

START = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
TOKEN = 10**18


class Story:
    """Events at chosen times, folded in the batches that they are told in."""

    def __init__(self, writer: CheckpointWriter, performances: AgentPerformances) -> None:
        self._writer = writer
        self._performances = performances
        self.now = START
        self._versions: dict[str, int] = {}
        self._events: list[RecordedEvent] = []
        self.of = performances.of

    def after(self, **time: float) -> None:
        self.now += timedelta(**time)

    def tell(self, task_id: str, *events: Event) -> None:
        for event in events:
            position = self._writer.position + len(self._events) + 1
            version = self._versions[task_id] = self._versions.get(task_id, 0) + 1
            self._events.append(recorded(position, f"task/{task_id}", version, event, self.now))

    async def fold(self) -> None:
        await self._writer.write(self._events)
        self._events.clear()

    def given(self, task_id: str, agent_id: str, kind: str = "t", price: int = 0) -> None:
        spec = TaskSpecification(task_type=kind)
        self.tell(
            task_id,
            TaskSubmitted(spec=spec, submitted_at=self.now, owner="o"),
            TaskAssigned(
                agent_id=agent_id,
                attempt=1,
                lease="L",
                lease_seconds=1.0,
                assigned_at=self.now,
                price=price,
            ),
        )

    def started(self, task_id: str, agent_id: str) -> None:
        self.tell(
            task_id, TaskStarted(agent_id=agent_id, attempt=1, lease="L", started_at=self.now)
        )

    def asked(self, task_id: str, agent_id: str) -> None:
        self.tell(
            task_id,
            TaskInputRequested(agent_id=agent_id, attempt=1, number=1, question="?", at=self.now),
        )

    def answered(self, task_id: str, agent_id: str) -> None:
        self.tell(
            task_id,
            TaskInputGiven(agent_id=agent_id, attempt=1, number=1, by="o", at=self.now),
        )

    def completed(self, task_id: str, agent_id: str, **more: Any) -> None:
        self.tell(
            task_id,
            TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=self.now, **more),
        )

    def failed(self, task_id: str, agent_id: str) -> None:
        self.tell(
            task_id,
            TaskFailed(
                agent_id=agent_id,
                attempt=1,
                error_code="e",
                retryable=False,
                outcome=TaskStatus.FAILED,
                failed_at=self.now,
            ),
        )


def recorded(position: int, stream: str, version: int, event: Event, at: datetime) -> RecordedEvent:
    return RecordedEvent(
        position=position,
        stream=stream,
        version=version,
        topic=event.topic,
        recorded_at=at,
        command_id=f"c{position}",
        actor="a",
        correlation_id=None,
        causation_id=None,
        event=event,
    )


@asynccontextmanager
async def story(database: str, log: PostgresEventLog) -> AsyncIterator[Story]:
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        writer = CheckpointWriter(AGENT_PERFORMANCE, connection)
        await writer.open()
        yield Story(writer, AgentPerformances(log.pool))
