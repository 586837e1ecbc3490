"""The registry of commands of governance: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.application.economy.proposal_views import (
    Proposal,
    Vote,
    VoteDelegation,
    delegation_view,
    proposal_view,
    vote_view,
)
from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers, Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.economy.governance import (
    commands,
    delegation,
    lifecycle,
    payments,
    proposal,
    proposal_events,
    proposers,
    proposing,
    voting,
)
from aia_mas.domain.economy.governance.delegation import delegation_stream
from aia_mas.domain.economy.governance.proposal_events import proposal_stream, vote_stream
from aia_mas.domain.economy.governance.proposers import proposer_stream
from aia_mas.domain.economy.orders import Kinds
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = (
    *proposal_events.EVENTS,
    *proposers.EVENTS,
    *delegation.EVENTS,
)

EVOLVERS: Evolvers = {
    "proposal": proposal.evolve,
    "vote": proposal.evolve_vote,
    "proposer": proposers.evolve,
    "delegation": delegation.evolve,
}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "proposal": proposal.ProposalState,
    "vote": proposal.VoteState,
    "proposer": proposers.ProposerState,
    "delegation": delegation.DelegationState,
}


def handlers(
    kinds: Kinds, folds: Evolvers, desk: Callable[[], ElectionDesk], working_set: WorkingSet
) -> Handlers:
    """Return the handlers of all commands of governance.

    Args:
        kinds: The kinds of orders that proposals may place.
        folds: How all streams are folded that these write.
        desk: Knows power and chains of delegates; asked when a command comes.
        working_set: Where it is looked up which proposals somebody has open.
    """

    def place_proposal(command: commands.CreateProposal) -> Placement:
        # Where the proposer is not in memory the engine loads it, and asks again.
        entry = working_set.known(proposer_stream(command.proposer))
        known: proposers.ProposerState | None = None if entry is None else entry.state
        names = () if known is None else known.open
        return desk().place_orders(replace(command, open=names))

    return {
        commands.CreateProposal: over_streams(
            partial(proposing.streams_of_proposal, kinds=kinds),
            partial(proposing.create_proposal, kinds=kinds, folds=folds),
            _proposal,
            place=place_proposal,
        ),
        # Nobody has voted before, mostly; should somebody have, the log notices.
        commands.CastVote: Handler(
            lambda c: (vote_stream(c.proposal_id, c.voter), proposal_stream(c.proposal_id)),
            voting.cast_vote,
            _vote,
            creates=True,
            place=lambda c: desk().place_vote(c),
        ),
        commands.CancelProposal: _on_proposal(proposing.cancel_proposal),
        commands.VetoProposal: _on_proposal(proposing.veto_proposal),
        commands.RequestExecution: _on_proposal(lifecycle.request_execution),
        commands.ActivateProposal: _on_proposal(lifecycle.activate_proposal),
        commands.CloseVoting: _on_proposal(lifecycle.close_voting),
        commands.RecordResult: _on_proposal(lifecycle.record_result),
        commands.ExpireProposal: _on_proposal(lifecycle.expire_proposal),
        commands.ExecuteProposal: over_streams(
            partial(lifecycle.streams_of_execution, kinds=kinds),
            partial(lifecycle.execute_proposal, kinds=kinds, folds=folds),
            _proposal,
            place=lambda c: desk().place_orders(c),
        ),
        commands.SettleDeposit: over_streams(
            payments.streams_of_deposit, payments.settle_deposit, _proposal
        ),
        commands.PayVotes: over_streams(payments.streams_of_votes, payments.pay_votes, _proposal),
        delegation.DelegateVotes: over_streams(
            delegation.streams_of_delegation,
            delegation.delegate_votes,
            _delegation,
            place=lambda c: desk().place_delegation(c),
        ),
        delegation.WithdrawVotes: Handler(
            lambda c: (delegation_stream(c.agent_id),), delegation.withdraw_votes, _delegation
        ),
    }


def _on_proposal(decide: Any) -> Handler:
    return Handler(lambda c: (proposal_stream(c.proposal_id),), decide, _proposal)


def _proposal(state: proposal.ProposalState, command: Any) -> Proposal:
    return proposal_view(command.proposal_id, state)


def _vote(state: proposal.VoteState, _command: Any) -> Vote:
    return vote_view(state)


def _delegation(state: delegation.DelegationState, command: Any) -> VoteDelegation:
    return delegation_view(command.agent_id, state)
