"""What the settlement does with proposals: opens and closes votes, executes, pays, gives up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.governance.commands import (
    ActivateProposal,
    CloseVoting,
    ExecuteProposal,
    ExpireProposal,
    RecordResult,
    RequestExecution,
)
from aia_mas.domain.economy.governance.errors import (
    ProposalNotFound,
    ProposalNotQueued,
    TimelockNotOver,
)
from aia_mas.domain.economy.governance.execution import (
    CommandFailed,
    Folds,
    carried_out,
    completed,
    order_id_of,
    streams_of_orders,
)
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import (
    ExecutionFailed,
    ProposalActivated,
    ProposalDefeated,
    ProposalExecuted,
    ProposalExpired,
    ProposalQueued,
    ProposalSucceeded,
    ProposalVetoed,
    VotingClosed,
    proposal_stream,
)
from aia_mas.domain.economy.governance.tally import Outcome, outcome_of
from aia_mas.domain.economy.orders import Kinds
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import Conflict, DomainError, InvalidValue
from aia_mas.domain.kernel.event import Event

_FIRST_RETRY = 5.0
_LAST_RETRY = 3_600.0


def activate_proposal(
    state: ProposalState | None, command: ActivateProposal, ctx: Context
) -> Decision:
    """Begin the vote, when its time has come."""
    stream = proposal_stream(command.proposal_id)
    try:
        proposal = _known(state, command.proposal_id, ctx)
    except DomainError as error:
        return refuse(error)
    if proposal.status is not ProposalStatus.PENDING or ctx.now < proposal.starts_at:
        return accept(stream)
    ends_at = ctx.now + timedelta(seconds=proposal.terms.period_seconds)
    return accept(stream, ProposalActivated(ends_at=ends_at, at=ctx.now))


def close_voting(state: ProposalState | None, command: CloseVoting, ctx: Context) -> Decision:
    """Take no more votes; whoever is on the way with one is refused from here on."""
    stream = proposal_stream(command.proposal_id)
    try:
        proposal = _known(state, command.proposal_id, ctx)
    except DomainError as error:
        return refuse(error)
    if proposal.status is not ProposalStatus.ACTIVE or proposal.closed:
        return accept(stream)
    over = proposal.ends_at is not None and ctx.now >= proposal.ends_at
    if not over and not command.early:
        return accept(stream)
    return accept(stream, VotingClosed(early=not over, at=ctx.now))


def record_result(state: ProposalState | None, command: RecordResult, ctx: Context) -> Decision:
    """Say how the vote ended; what is accepted and orders something is queued."""
    stream = proposal_stream(command.proposal_id)
    result = command.result
    try:
        proposal = _known(state, command.proposal_id, ctx)
        if outcome_of(result.tally, result.total, proposal.terms) is not result.outcome:
            raise InvalidValue("This is not the outcome of the tally", field="result")
    except DomainError as error:
        return refuse(error)
    if proposal.status is not ProposalStatus.ACTIVE or not proposal.closed:
        return accept(stream)
    if result.outcome is Outcome.VETOED:
        return accept(stream, ProposalVetoed(result=result, at=ctx.now))
    if result.outcome is not Outcome.SUCCEEDED:
        return accept(stream, ProposalDefeated(result=result, at=ctx.now))
    events: list[Event] = [ProposalSucceeded(result=result, at=ctx.now)]
    if proposal.orders:
        after = ctx.now + timedelta(seconds=proposal.terms.timelock_seconds)
        expires_at = after + timedelta(seconds=proposal.terms.grace_seconds)
        events.append(ProposalQueued(execute_after=after, expires_at=expires_at, at=ctx.now))
    return accept(stream, *events)


def request_execution(
    state: ProposalState | None, command: RequestExecution, ctx: Context
) -> Decision:
    """Refuse when there is nothing to execute, or not yet; else the settlement is at it."""
    stream = proposal_stream(command.proposal_id)
    try:
        if state is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        if state.status is ProposalStatus.EXECUTED:
            return accept(stream)
        if state.status is not ProposalStatus.QUEUED:
            raise ProposalNotQueued(status=state.status)
        assert state.execute_after is not None
        if ctx.now < state.execute_after:
            raise TimelockNotOver(execute_after=state.execute_after.isoformat())
    except DomainError as error:
        return refuse(error)
    return accept(stream)


def streams_of_execution(command: ExecuteProposal, kinds: Kinds) -> tuple[str, ...]:
    """Return the streams that an execution reads, that of the proposal first."""
    orders = completed(command.orders, command.filled)
    streams = streams_of_orders(command.proposal_id, orders, kinds)
    return tuple(dict.fromkeys((proposal_stream(command.proposal_id), *streams)))


def execute_proposal(
    states: Mapping[str, Any], command: ExecuteProposal, ctx: Context, kinds: Kinds, folds: Folds
) -> Decision:
    """Carry out all commands in one append, once; when one cannot be, none is, for now."""
    stream = proposal_stream(command.proposal_id)
    state: ProposalState | None = states[stream]
    try:
        proposal = _known(state, command.proposal_id, ctx)
        if proposal.status is not ProposalStatus.QUEUED:
            return accept(stream)
        assert proposal.execute_after is not None
        if ctx.now < proposal.execute_after:
            raise TimelockNotOver(execute_after=proposal.execute_after.isoformat())
        if command.orders != proposal.orders:
            raise InvalidValue("These are not the commands of the proposal", field="orders")
        orders = completed(command.orders, command.filled)
        happened = carried_out(command.proposal_id, orders, states, ctx, kinds, folds)
    except DomainError as error:
        return refuse(error)
    except CommandFailed as failed:
        if isinstance(failed.error, Conflict):
            # No outcome: what was filled in has changed meanwhile, and it is tried again at once.
            return refuse(failed.error)
        failures = 0 if state is None else state.failures
        pause = min(_FIRST_RETRY * 2 ** min(failures, 20), _LAST_RETRY)
        event = ExecutionFailed(
            command=failed.number,
            code=failed.error.code,
            detail=failed.error.detail,
            retry_at=ctx.now + timedelta(seconds=pause),
            at=ctx.now,
        )
        return accept(stream, event)
    ids = tuple(order_id_of(command.proposal_id, number) for number in range(len(command.orders)))
    return Decision((*happened, (stream, ProposalExecuted(orders=ids, at=ctx.now))))


def expire_proposal(state: ProposalState | None, command: ExpireProposal, ctx: Context) -> Decision:
    """Give up what could not be executed in time; what was never tried is tried first."""
    stream = proposal_stream(command.proposal_id)
    try:
        proposal = _known(state, command.proposal_id, ctx)
    except DomainError as error:
        return refuse(error)
    late = proposal.expires_at is not None and ctx.now >= proposal.expires_at
    if proposal.status is not ProposalStatus.QUEUED or not late or not proposal.failures:
        return accept(stream)
    return accept(stream, ProposalExpired(at=ctx.now))


def _known(state: ProposalState | None, proposal_id: str, ctx: Context) -> ProposalState:
    if ctx.principal.subject != SETTLEMENT.subject:
        raise SystemAccount("Proposals are taken further by the settlement only")
    if state is None:
        raise ProposalNotFound(proposal_id=proposal_id)
    return state
