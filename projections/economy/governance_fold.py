"""How events of governance become rows of its read model (migration 0016)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.governance import proposal_events as events
from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.proposal import ProposalState, evolve
from aia_mas.domain.economy.governance.proposal_events import ProposalActivated, ProposalCreated
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.table import MissingRow, Projection, Table
from aia_mas.projections.task_details import read


class ProposalRow(msgspec.Struct, gc=False):
    """A row of ``governance_v1``; ``state`` is JSON, see ``ProposalState``."""

    proposal_id: str
    kind: str
    status: str
    proposer: str
    state: Any
    snapshot: int | None
    created_at: datetime
    updated_at: datetime
    created_position: int
    version: int
    position: int


class VoteRow(msgspec.Struct, gc=False):
    """A row of ``governance_v1_votes``; power in base units, as text."""

    vote: str
    proposal_id: str
    voter: str
    choice: str
    own: str
    delegated: str
    reason: str
    at: datetime
    position: int


class DelegationRow(msgspec.Struct, gc=False):
    """A row of ``governance_v1_delegations``."""

    agent_id: str
    delegate: str
    since: datetime
    position: int


def _created(_row: ProposalRow | None, recorded: RecordedEvent) -> ProposalRow:
    event: ProposalCreated = recorded.event
    state = evolve(None, event)
    return ProposalRow(
        proposal_id=entity_of(recorded.stream),
        kind=event.terms.name,
        status=state.status,
        proposer=event.proposer,
        state=state,
        snapshot=None,
        created_at=event.at,
        updated_at=recorded.recorded_at,
        created_position=recorded.position,
        version=recorded.version,
        position=recorded.position,
    )


def _changed(row: ProposalRow | None, recorded: RecordedEvent) -> ProposalRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.state = state = evolve(read(row.state, ProposalState), recorded.event)
    row.status = state.status
    row.updated_at = recorded.recorded_at
    row.version, row.position = recorded.version, recorded.position
    return row


def _activated(row: ProposalRow | None, recorded: RecordedEvent) -> ProposalRow:
    row = _changed(row, recorded)
    # Power is what it was just before this event.
    row.snapshot = recorded.position - 1
    return row


def _voted(_row: VoteRow | None, recorded: RecordedEvent) -> VoteRow:
    event: events.VoteCast = recorded.event
    return VoteRow(
        vote=entity_of(recorded.stream),
        proposal_id=event.proposal_id,
        voter=event.voter,
        choice=event.choice,
        own=str(event.own),
        delegated=str(event.delegated),
        reason=event.reason,
        at=event.at,
        position=recorded.position,
    )


def _delegated(_row: DelegationRow | None, recorded: RecordedEvent) -> DelegationRow:
    event: VotesDelegated | VotesWithdrawn = recorded.event
    return DelegationRow(
        agent_id=entity_of(recorded.stream),
        delegate=event.to if isinstance(event, VotesDelegated) else "",
        since=event.at,
        position=recorded.position,
    )


def _key(recorded: RecordedEvent) -> str:
    return entity_of(recorded.stream)


_CHANGES = frozenset(events.EVENTS) - {ProposalCreated, ProposalActivated, events.VoteCast}

GOVERNANCE = Projection(
    "governance",
    1,
    (
        Table(
            "",
            ProposalRow,
            _key,
            {
                ProposalCreated: _created,
                ProposalActivated: _activated,
                **dict.fromkeys(_CHANGES, _changed),
            },
            makes={ProposalCreated},
        ),
        Table("_votes", VoteRow, _key, {events.VoteCast: _voted}, makes={events.VoteCast}),
        Table(
            "_delegations",
            DelegationRow,
            _key,
            {VotesDelegated: _delegated, VotesWithdrawn: _delegated},
            makes={VotesDelegated, VotesWithdrawn},
        ),
    ),
    frozenset({"proposal", "vote", "delegation"}),
)
