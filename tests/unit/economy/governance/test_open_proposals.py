"""So many proposals of one proposer are open at once, and no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.governance.commands import CancelProposal, CreateProposal
from aia_mas.domain.economy.governance.errors import TooManyProposals
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.governance.proposers import ProposalOpened
from aia_mas.domain.economy.governance.proposing import streams_of_proposal
from aia_mas.domain.economy.parameters import PARAMETERS, ParametersState
from aia_mas.domain.kernel.errors import DomainError

from .town import ORDERS, PLAIN, Town, agent, grant


@pytest.fixture
def town() -> Town:
    """Return a town in which ann may have two proposals open, and is rich."""
    made = Town()
    made.fund("ann", 1_000)
    made.fund("bob", 1_000)
    made.bond("ann", 100)
    made.bond("eve", 1_000)
    allow(made, 2)
    return made


def allow(town: Town, most: int) -> None:
    known: ParametersState = town.states[PARAMETERS]
    parameters = replace(known.parameters, open_proposals_per_proposer=most)
    town.states[PARAMETERS] = replace(known, parameters=parameters)


def refused(town: Town, proposal_id: str = "more", kind: str = "text") -> DomainError:
    before = len(town.log), dict(town.states)
    with pytest.raises(DomainError) as refusal:
        town.propose(proposal_id, kind)
    assert (len(town.log), town.states) == before
    return refusal.value


def test_a_proposer_with_as_many_as_it_may_have_makes_no_other(town: Town):
    # Given one that is voted on, and one that waits for that
    town.propose("p1")
    town.propose("p2", "slow")

    # When another one is proposed
    error = refused(town)

    # Then it is refused, and which are open is told
    assert (error.code, error.facts) == (
        "too_many_proposals",
        {"proposer": "ann", "open": ["p1", "p2"], "most": 2},
    )
    assert refused(town, kind="slow").code == "too_many_proposals"
    # Others may, also when the same one gives the command; and the same one again is no other.
    town.propose("p3", proposer="bob")
    town.propose("p2", "slow")


@pytest.mark.parametrize("end", ["defeated", "succeeded", "queued", "cancelled"])
def test_one_that_is_decided_makes_room(town: Town, end: str):
    town.propose("p1", "treasury", grant("zoe", 1))
    town.propose("p2", "slow")
    if end == "cancelled":
        town.give(CancelProposal(proposal_id="p2"), agent("ann"))
    else:
        town.vote("eve", "no" if end == "defeated" else "yes", "p1")
        town.settle()
        if end == "succeeded":
            town.later(50)
            assert town.proposal("p1").status is ProposalStatus.EXECUTED

    town.propose("p3")

    opened = town.log[-1][1]
    assert isinstance(opened, ProposalOpened)
    assert opened.open == ("p1" if end == "cancelled" else "p2", "p3")
    assert refused(town).code == "too_many_proposals"


def test_what_is_closed_and_not_counted_is_still_open(town: Town):
    town.propose("p1")
    town.propose("p2")
    town.now += timedelta(seconds=100)
    close = town.elections.due(town.now, 10)[0]
    town.give(close.command, SETTLEMENT)
    assert town.proposal("p1").closed

    assert refused(town).code == "too_many_proposals"

    town.settle()
    town.propose("p3")


def test_other_parameters_count_from_the_next_proposal_on(town: Town):
    town.propose("p1")
    town.propose("p2")
    allow(town, 3)
    town.propose("p3")
    allow(town, 1)
    assert refused(town).facts["open"] == ["p1", "p2", "p3"]


def test_of_two_that_are_made_at_once_one_is_decided_on_the_other():
    """Without a deposit there is nothing else that both of them write."""
    town = Town((replace(PLAIN, deposit=0),))
    allow(town, 1)
    command = CreateProposal(proposal_id="p1", kind="text", title="T", proposer="ann")
    other = replace(command, proposal_id="p2")

    town.give(command)

    written = {stream for stream, _ in town.log}
    read = set(streams_of_proposal(other, ORDERS))
    assert written & read == {"proposer/ann"}
    with pytest.raises(TooManyProposals):
        town.give(other)
