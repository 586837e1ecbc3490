"""Liquid delegation of votes: to whom an agent's power goes while it does not vote itself.

A delegation counts in every election whose snapshot comes after it. Delegates may delegate further;
delegations make no circle, and only so many stand one behind the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.economy.governance.errors import (
    DelegationChainTooLong,
    DelegationChanged,
    DelegationCycle,
    SelfDelegation,
    VotesNotDelegated,
)
from aia_mas.domain.economy.governance.voting import check_may_vote_for
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import check_id, stream_of

MOST_HOPS = 16
"""Delegations that stand one behind the other, at most."""


class VotesDelegated(Event, frozen=True, kw_only=True):
    """The agent's votes go to somebody else from here on.

    Attributes:
        to: To whom.
        by: Who gave the command.
        at: When, UTC.
    """

    topic: ClassVar[str] = "delegation.votes_delegated.v1"
    to: str
    by: str
    at: datetime


class VotesWithdrawn(Event, frozen=True, kw_only=True):
    """The agent's votes are its own again (``by``: who gave the command; ``at``: when, UTC)."""

    topic: ClassVar[str] = "delegation.votes_withdrawn.v1"
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (VotesDelegated, VotesWithdrawn)
"""Every event of such a stream, for the topic registry."""


class DelegationState(State, frozen=True, kw_only=True):
    """To whom an agent delegates ("": to nobody), and since when, UTC."""

    to: str
    since: datetime


class DelegateVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Have an agent's votes go to somebody else.

    Attributes:
        agent_id: Whose.
        to: To whom.
        chain: The delegate, its own delegate and so on, as far as this node knows.
        below: How many delegations stand one behind the other towards the agent itself.
    """

    agent_id: str
    to: str
    chain: tuple[str, ...] = ()
    below: int = 0


class WithdrawVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Have an agent's votes be its own again."""

    agent_id: str


def delegation_stream(agent_id: str) -> str:
    """Return the stream of an agent's delegation."""
    return stream_of("delegation", agent_id)


def evolve(_state: DelegationState | None, event: Event) -> DelegationState:
    """Fold one event of a delegation."""
    assert isinstance(event, VotesDelegated | VotesWithdrawn)
    return DelegationState(to=event.to if isinstance(event, VotesDelegated) else "", since=event.at)


def streams_of_delegation(command: DelegateVotes) -> tuple[str, ...]:
    """Return the streams of the agent and of all in its delegate's chain, the agent's first.

    That all of them are read makes circles impossible, also when two agents delegate at once: one
    of them decides on what the other one did.
    """
    agents = (command.agent_id, command.to, *command.chain)
    return tuple(dict.fromkeys(delegation_stream(each) for each in agents))


def delegate_votes(states: Mapping[str, Any], command: DelegateVotes, ctx: Context) -> Decision:
    """Delegate, in place of what was delegated before; the same again changes nothing."""
    agent_id, to = command.agent_id, command.to
    stream = delegation_stream(agent_id)
    state: DelegationState | None = states[stream]
    try:
        check_id(agent_id, "agent_id")
        check_id(to, "to")
        check_may_vote_for(ctx.principal, agent_id)
        if agent_id == to:
            raise SelfDelegation(field="to")
        if state is not None and state.to == to:
            return accept(stream)
        _check_chain(states, command)
    except DomainError as error:
        return refuse(error)
    return accept(stream, VotesDelegated(to=to, by=ctx.principal.subject, at=ctx.now))


def withdraw_votes(state: DelegationState | None, command: WithdrawVotes, ctx: Context) -> Decision:
    """Take the votes back."""
    stream = delegation_stream(command.agent_id)
    try:
        check_may_vote_for(ctx.principal, command.agent_id)
        if state is None or not state.to:
            raise VotesNotDelegated(agent_id=command.agent_id)
    except DomainError as error:
        return refuse(error)
    return accept(stream, VotesWithdrawn(by=ctx.principal.subject, at=ctx.now))


def _check_chain(states: Mapping[str, Any], command: DelegateVotes) -> None:
    """Refuse a delegate whose own votes come back, or go too far."""
    at, path = command.to, [command.agent_id]
    while at:
        path.append(at)
        if at == command.agent_id:
            raise DelegationCycle(" -> ".join(path), path=path)
        if len(path) - 1 + command.below > MOST_HOPS:
            raise DelegationChainTooLong(f"At most {MOST_HOPS} delegations stand in a chain")
        stream = delegation_stream(at)
        if stream not in states:
            raise DelegationChanged
        state: DelegationState | None = states[stream]
        at = "" if state is None else state.to
