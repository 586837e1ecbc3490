"""Liquid delegation of votes: to whom an agent's power goes while it does not vote itself.

A delegation counts in every election whose snapshot comes after it. Delegates may delegate further;
delegations make no circle, and only so many stand one behind the other: of everybody who gets votes
by way of others a little work is done for every one of them, whenever somebody's power changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

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


class VotesReceived(Event, frozen=True, kw_only=True):
    """The agent stands at the end of the chain of delegates that somebody's votes go along now.

    It changes nothing about the agent's own votes. Whoever delegates writes it at the end of the
    chain, so that what is decided there is decided on all that stands before.

    Attributes:
        from_agent: Whose votes.
        at: When, UTC.
    """

    topic: ClassVar[str] = "delegation.votes_received.v1"
    from_agent: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (VotesDelegated, VotesWithdrawn, VotesReceived)
"""Every event of such a stream, for the topic registry."""


class DelegationState(State, frozen=True, kw_only=True):
    """To whom an agent delegates.

    Attributes:
        to: To whom; "": to nobody.
        since: Since when, UTC.
        changes: How many events of the stream there are; where it is only shown: 0.
    """

    to: str
    since: datetime
    changes: int = 0


class DelegateVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Have an agent's votes go to somebody else.

    Attributes:
        agent_id: Whose.
        to: To whom.
        chain: The delegate, its own delegate and so on, as far as this node knows.
        now: The agent, its delegate until now and so on, likewise, each with the number of events
            of its stream by which this node knows that.
        below: How many delegations stand one behind the other towards the agent itself, likewise.
    """

    agent_id: str
    to: str
    chain: tuple[str, ...] = ()
    now: tuple[tuple[str, int], ...] = ()
    below: int = 0


class WithdrawVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Have an agent's votes be its own again."""

    agent_id: str


def delegation_stream(agent_id: str) -> str:
    """Return the stream of an agent's delegation."""
    return stream_of("delegation", agent_id)


def evolve(state: DelegationState | None, event: Event) -> DelegationState:
    """Fold one event of a delegation."""
    assert isinstance(event, VotesDelegated | VotesWithdrawn | VotesReceived)
    changes = 1 if state is None else state.changes + 1
    if isinstance(event, VotesReceived) and state is not None:
        return replace(state, changes=changes)
    to = event.to if isinstance(event, VotesDelegated) else ""
    return DelegationState(to=to, since=event.at, changes=changes)


def streams_of_delegation(command: DelegateVotes) -> tuple[str, ...]:
    """Return the streams of the agent and of all in both chains, the agent's first.

    That those above the delegate are read makes circles impossible, also when two agents delegate
    at once: one of them decides on what the other one did. That those above the agent are read, to
    the end of the chain, does the same for the length: whoever joined below, at whichever place,
    wrote there.
    """
    agents = (
        command.agent_id,
        command.to,
        *command.chain,
        *(agent_id for agent_id, _ in command.now),
    )
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
        _check_known(states, command)
        end = _end_of_chain(states, command)
    except DomainError as error:
        return refuse(error)
    return Decision(
        (
            (stream, VotesDelegated(to=to, by=ctx.principal.subject, at=ctx.now)),
            (delegation_stream(end), VotesReceived(from_agent=agent_id, at=ctx.now)),
        )
    )


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


def _check_known(states: Mapping[str, Any], command: DelegateVotes) -> None:
    """Refuse to decide where this node may not know yet who stands below the agent.

    It knows them when nothing has happened, since what it knows, at the agent and at all above it:
    somebody who joined below would have written at the end of their chain.
    """
    for agent_id, changes in command.now:
        state: DelegationState | None = states[delegation_stream(agent_id)]
        if changes != (0 if state is None else state.changes):
            raise DelegationChanged


def _end_of_chain(states: Mapping[str, Any], command: DelegateVotes) -> str:
    """Return who stands at the end; refuse votes that come back, or go too far."""
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
    return path[-1]
