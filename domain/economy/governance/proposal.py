"""A proposal as its events leave it, and a vote as its event does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.governance.kinds import ProposalKind
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    DepositSettled,
    ExecutionFailed,
    ProposalActivated,
    ProposalCancelled,
    ProposalCreated,
    ProposalDefeated,
    ProposalExecuted,
    ProposalExpired,
    ProposalQueued,
    ProposalSucceeded,
    ProposalVetoed,
    ProposedOrder,
    Result,
    VoteCast,
    VotesPaid,
    VotingClosed,
)
from aia_mas.domain.economy.governance.tally import Choice, Outcome
from aia_mas.domain.kernel.event import Event, State


class ProposalStatus(StrEnum):
    """Where a proposal stands."""

    PENDING = "pending"
    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    DEFEATED = "defeated"
    QUEUED = "queued"
    EXECUTED = "executed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    VETOED = "vetoed"


OPEN = frozenset({ProposalStatus.PENDING, ProposalStatus.ACTIVE, ProposalStatus.QUEUED})
"""Where it can still come to something else."""


class ProposalState(State, frozen=True, kw_only=True):
    """A proposal; the fields without a word here: see the events.

    Attributes:
        status: Where it stands.
        closed: No more votes are taken.
        early: Because all was decided.
        deposit: What became of the deposit; None: there is none.
        burns: The deposit is to be burned at the end, not refunded.
        failures: How often its execution failed.
        failure: The last time.
        paid: How many payments for votes were made.
        reason: Why it was cancelled or vetoed by a guardian.
    """

    status: ProposalStatus
    title: str
    body: str
    orders: tuple[ProposedOrder, ...]
    proposer: str
    terms: ProposalKind
    gov_per_vote: int
    by: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime | None = None
    closed: bool = False
    early: bool = False
    result: Result | None = None
    deposit: Deposit | None = None
    burns: bool = False
    execute_after: datetime | None = None
    expires_at: datetime | None = None
    failures: int = 0
    failure: ExecutionFailed | None = None
    paid: int = 0
    reason: str = ""
    ended_at: datetime | None = None


class VoteState(State, frozen=True, kw_only=True):
    """A vote; the fields: see ``VoteCast``."""

    proposal_id: str
    voter: str
    choice: Choice
    own: int
    delegated: int
    reason: str
    by: str
    at: datetime


def evolve(state: ProposalState | None, event: Event) -> ProposalState:
    """Fold one event of a proposal."""
    if isinstance(event, ProposalCreated):
        return ProposalState(
            status=ProposalStatus.PENDING,
            title=event.title,
            body=event.body,
            orders=event.orders,
            proposer=event.proposer,
            terms=event.terms,
            gov_per_vote=event.gov_per_vote,
            by=event.by,
            created_at=event.at,
            starts_at=event.starts_at,
            deposit=Deposit.HELD if event.terms.deposit else None,
        )
    assert state is not None
    return _FOLDS[type(event)](state, event)


def evolve_vote(_state: VoteState | None, event: Event) -> VoteState:
    """Fold the one event of a vote."""
    assert isinstance(event, VoteCast)
    return VoteState(
        proposal_id=event.proposal_id,
        voter=event.voter,
        choice=event.choice,
        own=event.own,
        delegated=event.delegated,
        reason=event.reason,
        by=event.by,
        at=event.at,
    )


def _activated(state: ProposalState, event: ProposalActivated) -> ProposalState:
    return replace(state, status=ProposalStatus.ACTIVE, ends_at=event.ends_at)


def _closed(state: ProposalState, event: VotingClosed) -> ProposalState:
    return replace(state, closed=True, early=event.early)


def _succeeded(state: ProposalState, event: ProposalSucceeded) -> ProposalState:
    ended = None if state.orders else event.at
    return replace(state, status=ProposalStatus.SUCCEEDED, result=event.result, ended_at=ended)


def _defeated(state: ProposalState, event: ProposalDefeated) -> ProposalState:
    return replace(
        state,
        status=ProposalStatus.DEFEATED,
        result=event.result,
        burns=event.result.outcome is Outcome.NO_QUORUM,
        ended_at=event.at,
    )


def _vetoed(state: ProposalState, event: ProposalVetoed) -> ProposalState:
    return replace(
        state,
        status=ProposalStatus.VETOED,
        result=event.result or state.result,
        reason=event.reason,
        burns=True,
        ended_at=event.at,
    )


def _queued(state: ProposalState, event: ProposalQueued) -> ProposalState:
    return replace(
        state,
        status=ProposalStatus.QUEUED,
        execute_after=event.execute_after,
        expires_at=event.expires_at,
    )


def _failed(state: ProposalState, event: ExecutionFailed) -> ProposalState:
    return replace(state, failures=state.failures + 1, failure=event)


def _executed(state: ProposalState, event: ProposalExecuted) -> ProposalState:
    return replace(state, status=ProposalStatus.EXECUTED, failure=None, ended_at=event.at)


def _expired(state: ProposalState, event: ProposalExpired) -> ProposalState:
    return replace(state, status=ProposalStatus.EXPIRED, ended_at=event.at)


def _cancelled(state: ProposalState, event: ProposalCancelled) -> ProposalState:
    return replace(state, status=ProposalStatus.CANCELLED, reason=event.reason, ended_at=event.at)


def _settled(state: ProposalState, event: DepositSettled) -> ProposalState:
    return replace(state, deposit=event.deposit)


def _paid(state: ProposalState, _event: VotesPaid) -> ProposalState:
    return replace(state, paid=state.paid + 1)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[ProposalState, Any], ProposalState]] = {
    ProposalActivated: _activated,
    VotingClosed: _closed,
    ProposalSucceeded: _succeeded,
    ProposalDefeated: _defeated,
    ProposalVetoed: _vetoed,
    ProposalQueued: _queued,
    ExecutionFailed: _failed,
    ProposalExecuted: _executed,
    ProposalExpired: _expired,
    ProposalCancelled: _cancelled,
    DepositSettled: _settled,
    VotesPaid: _paid,
}
