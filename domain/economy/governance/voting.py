"""Votes: each is a stream of its own, so that many vote at once, and is final."""

from __future__ import annotations

from aia_mas.domain.economy.governance.commands import CastVote
from aia_mas.domain.economy.governance.errors import (
    AlreadyVoted,
    NoVotingPower,
    PowerNotKnown,
    ProposalNotFound,
    VotingEnded,
    VotingNotBegun,
)
from aia_mas.domain.economy.governance.proposal import ProposalState, ProposalStatus, VoteState
from aia_mas.domain.economy.governance.proposal_events import VoteCast, vote_stream
from aia_mas.domain.economy.governance.proposing import LONGEST_REASON
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.principal import Principal, Role
from aia_mas.domain.orchestration.bounds import check_text


def may_vote_for(principal: Principal, voter: str) -> bool:
    """Tell whether a principal may use somebody's voting power.

    An agent its own and nobody else's, likewise other subjects; admins, who stand for the system,
    everybody's.
    """
    if principal.has(Role.ADMIN):
        return True
    if principal.agent_id is not None:
        return principal.agent_id == voter
    return principal.subject == voter


def check_may_vote_for(principal: Principal, voter: str) -> None:
    """Refuse to use the voting power of somebody else.

    Raises:
        PermissionDenied: The principal may not.
    """
    if not may_vote_for(principal, voter):
        raise PermissionDenied("The voting power belongs to somebody else")


def cast_vote(
    vote: VoteState | None, proposal: ProposalState | None, command: CastVote, ctx: Context
) -> Decision:
    """Vote; only while voting is on, once, and with power at the snapshot."""
    try:
        check_id(command.voter, "voter")
        check_text(command.reason, "reason", longest=LONGEST_REASON)
        check_may_vote_for(ctx.principal, command.voter)
        if proposal is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        if vote is not None:
            raise AlreadyVoted(choice=vote.choice)
        _check_open(proposal, ctx)
        if command.own is None:
            raise PowerNotKnown
        if command.own + command.delegated <= 0:
            raise NoVotingPower(voter=command.voter)
    except DomainError as error:
        return refuse(error)
    cast = VoteCast(
        proposal_id=command.proposal_id,
        voter=command.voter,
        choice=command.choice,
        own=command.own,
        delegated=command.delegated,
        reason=command.reason,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(vote_stream(command.proposal_id, command.voter), cast)


def _check_open(proposal: ProposalState, ctx: Context) -> None:
    if proposal.status is ProposalStatus.PENDING:
        raise VotingNotBegun(starts_at=proposal.starts_at.isoformat())
    over = proposal.closed or proposal.ends_at is None or ctx.now >= proposal.ends_at
    if proposal.status is not ProposalStatus.ACTIVE or over:
        raise VotingEnded(status=proposal.status)
