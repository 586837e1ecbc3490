"""How events of agents and tasks become rows of the agent directory (migrations 0007 to 0012)."""

from __future__ import annotations

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.staking.events import EVENTS as STAKE_EVENTS
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWebhookSecretRotated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
)
from aia_mas.projections.agent_rows import AgentRow, AgentStakeRow, AgentWorkRow
from aia_mas.projections.table import MissingRow, Projection, Table


def _registered(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    event: AgentRegistered = recorded.event
    fresh = AgentRow(
        agent_id=entity_of(recorded.stream),
        status=AgentStatus.ACTIVE,
        online=True,
        owner=event.owner,
        revision=1 if row is None else row.revision + 1,
        version=0,
        specializations=(),
        skills={},
        labels={},
        resources={},
        data_sources=(),
        metadata=None,
        endpoint=None,
        wallet_address=None,
        max_concurrent_tasks=1,
        cost_per_task="0",
        initial_stake=str(event.initial_stake),
        registered_at=event.registered_at,
        updated_at=recorded.recorded_at,
        last_seen=None,
        suspension=None,
        registered_position=recorded.position,
        position=0,
        endpoint_disabled=None,
    )
    _declare(fresh, event.capabilities)
    return _touched(fresh, recorded)


def _updated(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _touched(row, recorded)
    event: AgentUpdated = recorded.event
    row.revision = event.revision
    _declare(row, event.capabilities)
    return row


def _went_offline(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _touched(row, recorded)
    row.online = False
    row.last_seen = recorded.event.last_seen
    return row


def _came_online(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _touched(row, recorded)
    row.online = True
    return row


def _drained(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    return _moved(row, recorded, AgentStatus.DRAINING)


def _suspended(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    return _moved(row, recorded, AgentStatus.SUSPENDED, recorded.event.reason)


def _activated(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    return _moved(row, recorded, AgentStatus.ACTIVE)


def _unregistered(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _moved(row, recorded, AgentStatus.UNREGISTERED)
    row.online = False
    return row


def _disabled(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _touched(row, recorded)
    row.endpoint_disabled = recorded.event.reason
    return row


def _enabled(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    row = _touched(row, recorded)
    row.endpoint_disabled = None
    return row


def _moved(
    row: AgentRow | None, recorded: RecordedEvent, to: AgentStatus, reason: str | None = None
) -> AgentRow:
    row = _touched(row, recorded)
    row.status = to
    row.suspension = reason
    return row


def _touched(row: AgentRow | None, recorded: RecordedEvent) -> AgentRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.version = recorded.version
    row.position = recorded.position
    row.updated_at = recorded.recorded_at
    return row


def _declare(row: AgentRow, able: Capabilities) -> None:
    row.specializations = able.specializations
    row.skills = able.skills
    row.labels = able.labels
    row.resources = able.resources
    row.data_sources = able.data_sources
    row.metadata = able.metadata
    row.endpoint = able.endpoint
    row.wallet_address = able.wallet_address
    row.max_concurrent_tasks = able.max_concurrent_tasks
    row.cost_per_task = str(able.cost_per_task)


def _took(row: AgentWorkRow | None, recorded: RecordedEvent) -> AgentWorkRow:
    row = row or AgentWorkRow(recorded.event.agent_id)
    row.active_tasks += 1
    row.assigned += 1
    row.position = recorded.position
    return row


def _gave_back(row: AgentWorkRow | None, recorded: RecordedEvent) -> AgentWorkRow:
    if row is None:
        raise MissingRow(recorded.event.agent_id)
    row.active_tasks -= 1
    row.position = recorded.position
    return row


def _completed(row: AgentWorkRow | None, recorded: RecordedEvent) -> AgentWorkRow:
    row = _gave_back(row, recorded)
    row.completed += 1
    return row


def _failed(row: AgentWorkRow | None, recorded: RecordedEvent) -> AgentWorkRow:
    row = _gave_back(row, recorded)
    row.failed += 1
    return row


def _released(row: AgentWorkRow | None, recorded: RecordedEvent) -> AgentWorkRow:
    row = _gave_back(row, recorded)
    row.released += 1
    row.lost += recorded.event.lost
    return row


def _staked(_row: AgentStakeRow | None, recorded: RecordedEvent) -> AgentStakeRow:
    event: StakeEvent = recorded.event
    return AgentStakeRow(entity_of(recorded.stream), str(event.effective), recorded.position)


def _agent_of_stream(recorded: RecordedEvent) -> str:
    return entity_of(recorded.stream)


def _agent_of_task(recorded: RecordedEvent) -> str | None:
    agent_id: str | None = recorded.event.agent_id
    return agent_id


AGENT_DIRECTORY = Projection(
    "agent_directory",
    3,
    (
        Table(
            "",
            AgentRow,
            _agent_of_stream,
            {
                AgentRegistered: _registered,
                AgentUpdated: _updated,
                AgentWentOffline: _went_offline,
                AgentCameOnline: _came_online,
                AgentDrained: _drained,
                AgentSuspended: _suspended,
                AgentActivated: _activated,
                AgentEndpointDisabled: _disabled,
                AgentEndpointEnabled: _enabled,
                AgentWebhookSecretRotated: _touched,
                AgentUnregistered: _unregistered,
            },
        ),
        Table(
            "_work",
            AgentWorkRow,
            _agent_of_task,
            {
                TaskAssigned: _took,
                TaskCompleted: _completed,
                TaskFailed: _failed,
                TaskReleased: _released,
                TaskCancelled: _gave_back,
                TaskExpired: _gave_back,
            },
        ),
        Table(
            "_stake",
            AgentStakeRow,
            _agent_of_stream,
            dict.fromkeys(STAKE_EVENTS, _staked),
            makes=STAKE_EVENTS,
        ),
    ),
    frozenset({"agent", "stake", "task"}),
)
