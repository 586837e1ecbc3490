"""Chains of delegates are never circles nor too long, whatever a node knows when it delegates.

The log refuses what was decided on streams that have changed since: so what is committed was
decided on the states as they were. What a node fills in beside them comes from its fold, which may
be behind by any number of events.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aia_mas.application.economy import election_desk
from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.domain.economy.governance import delegation
from aia_mas.domain.economy.governance.delegation import (
    DelegateVotes,
    VotesDelegated,
    VotesReceived,
    VotesWithdrawn,
    WithdrawVotes,
    delegate_votes,
    delegation_stream,
    evolve,
    streams_of_delegation,
    withdraw_votes,
)
from aia_mas.domain.economy.governance.elections import Elections
from aia_mas.domain.economy.todo import Happened
from aia_mas.domain.kernel import Context, Event
from aia_mas.domain.kernel.errors import DomainError

from .town import ADMIN, NOW, Town


class Node:
    """A node whose fold knows as much of the log as it was told."""

    def __init__(self, log: list[tuple[str, Event]]) -> None:
        self.lists: dict[str, Any] = {Elections.name: Elections()}
        self._log = log
        self._known = 0
        nothing: Any = None
        fold: Any = self
        self.desk = ElectionDesk(fold, nothing, nothing)

    def catch_up(self, most: int = 10**6) -> None:
        """Fold so many events, at most."""
        for stream, event in self._log[self._known : self._known + most]:
            self._known += 1
            self.lists[Elections.name].apply(Happened(self._known, stream, event, NOW))


class Delegations:
    """A log of delegations, and nodes that know it more or less."""

    def __init__(self, nodes: int = 1) -> None:
        self.log: list[tuple[str, Event]] = []
        self.states: dict[str, Any] = {}
        self.nodes = [Node(self.log) for _ in range(nodes)]

    def placed(self, agent_id: str, to: str, node: int = 0) -> DelegateVotes:
        """Return a command with what a node knows filled in."""
        filled = self.nodes[node].desk.place_delegation(DelegateVotes(agent_id=agent_id, to=to))
        command = filled.command
        assert isinstance(command, DelegateVotes)
        return command

    def commit(self, command: DelegateVotes) -> str:
        """Decide on the states as they are; returns ``done`` or the code of the refusal."""
        reads = streams_of_delegation(command)
        states = {stream: self.states.get(stream) for stream in reads}
        decision = delegate_votes(states, command, Context(NOW, 0, ADMIN))
        if decision.refusal is not None:
            return decision.refusal.code
        assert {stream for stream, _ in decision.events} <= set(reads)
        self._record(decision.events)
        return "done"

    def withdraw(self, agent_id: str) -> None:
        state = self.states.get(delegation_stream(agent_id))
        command = WithdrawVotes(agent_id=agent_id)
        self._record(withdraw_votes(state, command, Context(NOW, 0, ADMIN)).events)

    def _record(self, events: Any) -> None:
        for stream, event in events:
            self.log.append((stream, event))
            self.states[stream] = evolve(self.states.get(stream), event)

    def longest(self) -> int:
        """Return how many delegations stand in the longest chain; fails in a circle."""
        delegates: dict[str, str] = {}
        for stream, event in self.log:
            if isinstance(event, VotesDelegated):
                delegates[stream.split("/")[1]] = event.to
            elif isinstance(event, VotesWithdrawn):
                del delegates[stream.split("/")[1]]
        longest = 0
        for name in delegates:
            hops, at = 0, name
            while at in delegates:
                hops, at = hops + 1, delegates[at]
                assert hops <= len(delegates), "a circle"
            longest = max(longest, hops)
        return longest

    def chain(self, prefix: str, hops: int) -> None:
        """Make a chain of so many delegations: p0 -> p1 -> ..."""
        for number in reversed(range(hops)):
            assert self.commit(self.placed(f"{prefix}{number}", f"{prefix}{number + 1}")) == "done"
            for node in self.nodes:
                node.catch_up()


def test_two_who_lengthen_a_chain_at_both_ends_at_once_make_it_not_too_long():
    # Given three chains of 7, and two nodes that join one at its end and one at its beginning
    world = Delegations(nodes=2)
    for prefix in "abz":
        world.chain(prefix, 7)
    above, below = world.placed("a7", "b0", 0), world.placed("z7", "a0", 1)

    # When they do, the one below first: it reads what the other writes, but not the other way round
    assert world.commit(below) == "done"
    outcome = world.commit(above)

    # Then the other is not decided on what it does not know
    assert outcome == "delegation_changed"
    world.nodes[0].catch_up()
    assert world.commit(world.placed("a7", "b0", 0)) == "delegation_chain_too_long"
    assert world.longest() == 15


def test_in_the_other_order_it_is_the_other_one_that_is_decided_again():
    world = Delegations(nodes=2)
    for prefix in "abz":
        world.chain(prefix, 7)
    above, below = world.placed("a7", "b0", 0), world.placed("z7", "a0", 1)

    assert world.commit(above) == "done"
    assert world.commit(below) == "delegation_changed"
    world.nodes[1].catch_up()
    assert world.commit(world.placed("z7", "a0", 1)) == "delegation_chain_too_long"


def test_who_joined_below_is_noticed_from_anywhere_above():
    """The agent that delegates stands in the middle: who joined wrote at the end of its chain."""
    world = Delegations(nodes=2)
    world.chain("a", 4)
    world.chain("b", 8)
    world.chain("z", 7)
    stale = world.placed("a2", "b0", 0)
    assert world.commit(world.placed("z7", "a1", 1)) == "done"
    assert world.commit(stale) == "delegation_changed"


def test_who_left_the_chain_meanwhile_is_noticed():
    """Who takes its votes back is the end of its own chain: there others write from then on."""
    world = Delegations(nodes=2)
    world.chain("a", 4)
    world.chain("b", 8)
    world.chain("z", 7)
    stale = world.placed("a2", "b0", 0)
    world.withdraw("a2")
    world.nodes[1].catch_up()
    assert world.commit(world.placed("z7", "a0", 1)) == "done"
    assert world.commit(stale) == "delegation_changed"


def test_of_two_who_would_close_a_circle_at_once_one_is_decided_on_the_other():
    world = Delegations(nodes=2)
    world.chain("a", 3)
    world.chain("b", 3)
    one, other = world.placed("a3", "b0", 0), world.placed("b3", "a0", 1)
    assert world.commit(one) == "done"
    assert world.commit(other) == "delegation_changed"
    world.nodes[1].catch_up()
    assert world.commit(world.placed("b3", "a0", 1)) == "delegation_cycle"


def test_many_who_delegate_to_one_that_many_follow_are_not_in_each_others_way():
    world = Delegations()
    commands = [world.placed(f"v{number}", "star") for number in range(50)]
    assert {world.commit(command) for command in commands} == {"done"}
    received = [stream for stream, event in world.log if isinstance(event, VotesReceived)]
    assert received == ["delegation/star"] * 50


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=True), st.integers(6, 16), st.integers(1, 3))
def test_however_far_behind_the_nodes_are_no_chain_is_too_long_or_a_circle(
    draw: random.Random, agents: int, nodes: int
):
    """With a bound of 3, so that many chains come to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delegation, "MOST_HOPS", 3)
        patch.setattr(election_desk, "MOST_HOPS", 3)
        world = Delegations(nodes)
        names = [f"n{number}" for number in range(agents)]
        waiting: list[DelegateVotes] = []
        for _ in range(150):
            act = draw.random()
            if act < 0.45:
                one, other = draw.sample(names, 2)
                waiting.append(world.placed(one, other, draw.randrange(nodes)))
            elif act < 0.85 and waiting:
                if world.commit(waiting.pop(draw.randrange(len(waiting)))) == "done":
                    assert world.longest() <= 3
            elif act < 0.9:
                name = draw.choice(names)
                if _delegate(world, name):
                    world.withdraw(name)
            else:
                draw.choice(world.nodes).catch_up(draw.choice([1, 3, 50]))


def test_the_fold_comes_back_with_what_it_knows_of_chains():
    town = Town()
    for number in range(5):
        town.delegate(f"a{number}", f"a{number + 1}")
    town.withdraw("a2")
    town._fold.lists["elections"] = town.restored()
    town.delegate("a2", "a4")
    with pytest.raises(DomainError, match="a5 -> a0"):
        town.delegate("a5", "a0")


def test_votes_that_arrive_change_nothing_about_the_delegation_of_who_gets_them():
    state = evolve(None, VotesDelegated(to="bob", by="ann", at=NOW))
    after = evolve(state, VotesReceived(from_agent="zoe", at=NOW))
    assert after == replace(state, changes=2)


def _delegate(world: Delegations, name: str) -> str:
    state = world.states.get(delegation_stream(name))
    return "" if state is None else str(state.to)
