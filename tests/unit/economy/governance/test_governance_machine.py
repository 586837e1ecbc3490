"""Governance under anything that may happen in any order, against what must always hold."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aia_mas.domain.economy.accounts import account_stream, wallet
from aia_mas.domain.economy.governance.commands import CancelProposal, VetoProposal
from aia_mas.domain.economy.governance.proposal import OPEN, ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import Deposit, VoteCast
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.money import ONE

from .recount import recount, verdict
from .town import Town, grant

NAMES = ["ann", "bob", "cal", "dan", "eve"]
names = st.sampled_from(NAMES)
FOLLOWS = {
    ProposalStatus.PENDING: {"pending", "active", "cancelled", "vetoed"},
    ProposalStatus.ACTIVE: {
        *("active", "succeeded", "queued", "defeated", "vetoed", "cancelled", "executed"),
        "expired",
    },
    ProposalStatus.QUEUED: {"queued", "executed", "expired", "cancelled", "vetoed"},
}


class GovernanceMachine(RuleBasedStateMachine):
    """Random lives of a town; every refusal must leave everything as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town(funds=20)
        for name in NAMES:
            self.town.fund(name, 50)
        self.supply = self._supply()
        self.known: dict[str, ProposalStatus] = {}
        self.proposed = 0

    def _try(self, act: Any, *args: Any) -> None:
        before = len(self.town.log)
        try:
            act(*args)
        except DomainError:
            assert len(self.town.log) == before

    @rule(name=names, tokens=st.integers(0, 400), gov=st.integers(0, 100))
    def bond(self, name: str, tokens: int, gov: int) -> None:
        self.town.bond(name, tokens, gov)

    @rule(name=names, to=names)
    def delegate(self, name: str, to: str) -> None:
        self._try(self.town.delegate, name, to)

    @rule(name=names)
    def withdraw(self, name: str) -> None:
        self._try(self.town.withdraw, name)

    @rule(
        name=names,
        kind=st.sampled_from(["text", "slow", "treasury"]),
        tokens=st.integers(1, 30),
    )
    def propose(self, name: str, kind: str, tokens: int) -> None:
        orders = (grant("zoe", tokens), grant(name, 1)) if kind == "treasury" else ()
        proposal_id = f"p{self.proposed}"
        self.proposed += 1
        self._try(lambda: self.town.propose(proposal_id, kind, *orders, proposer=name))
        if f"proposal/{proposal_id}" in self.town.states:
            self.known[proposal_id] = ProposalStatus.PENDING

    @rule(data=st.data(), name=names, choice=st.sampled_from(["yes", "no", "abstain", "veto"]))
    def vote(self, data: st.DataObject, name: str, choice: str) -> None:
        if self.known:
            proposal_id = data.draw(st.sampled_from(sorted(self.known)))
            self._try(self.town.vote, name, choice, proposal_id)

    @rule(data=st.data(), veto=st.booleans())
    def stop(self, data: st.DataObject, veto: bool) -> None:
        if self.known:
            proposal_id = data.draw(st.sampled_from(sorted(self.known)))
            command = VetoProposal if veto else CancelProposal
            self._try(self.town.give, command(proposal_id=proposal_id, reason="so"))

    @rule(seconds=st.sampled_from([0, 5, 30, 60, 120, 2_000]), draw=st.randoms())
    def wait(self, seconds: int, draw: random.Random) -> None:
        self.town.later(seconds) if draw.random() < 0.5 else self.town.settle(draw)

    @rule()
    def restart(self) -> None:
        """Go on with the fold as it comes back from its snapshot."""
        town = self.town
        now = town.elections
        restored = town.restored()
        # In any order: what is due is done at once.
        one, other = restored.due(town.now, 100), now.due(town.now, 100)
        assert sorted(one, key=_work_id) == sorted(other, key=_work_id)
        assert restored.next_due() == now.next_due()
        assert list(restored.history.rows()) == list(now.history.rows())
        town._fold.lists["elections"] = restored

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        assert self._supply() == self.supply

    @invariant()
    def what_is_held_are_the_deposits_that_are_not_settled(self) -> None:
        deposits = dict.fromkeys(NAMES, 0)
        for proposal_id in self.known:
            state = self.town.proposal(proposal_id)
            if state.deposit is Deposit.HELD:
                deposits[state.proposer] += state.terms.deposit // ONE
        assert {name: self.town.balance(wallet(name))[1] for name in NAMES} == deposits

    @invariant()
    def statuses_only_go_on(self) -> None:
        for proposal_id, before in self.known.items():
            state = self.town.proposal(proposal_id)
            after = state.status
            if before in FOLLOWS and before is not after:
                allowed = set(FOLLOWS[before])
                for each in FOLLOWS[before]:
                    allowed |= FOLLOWS.get(ProposalStatus(each), set())
                assert after.value in allowed
            elif before not in FOLLOWS:
                assert after is before
            self.known[proposal_id] = after
            assert (state.ended_at is None) == (after in OPEN)

    @invariant()
    def tallies_are_what_anybody_counts(self) -> None:
        for proposal_id in self.known:
            state = self.town.proposal(proposal_id)
            if state.ends_at is None:
                continue
            standing = self.town.elections.standing(proposal_id)
            one = state.result or standing
            if one is None:
                continue
            counted, total = recount(self.town.log, proposal_id)
            assert {choice: getattr(one.tally, choice) for choice in counted} == counted
            assert one.total == total
            if state.result is not None:
                assert state.result.outcome.value == verdict(counted, total, state.terms)

    @invariant()
    def nobody_votes_twice(self) -> None:
        votes = [(e.proposal_id, e.voter) for _, e in self.town.log if isinstance(e, VoteCast)]
        assert len(votes) == len(set(votes))

    def _supply(self) -> dict[str, int]:
        supply = {"AIA": 0, "AIA_GOV": 0}
        for stream, state in self.town.states.items():
            if isinstance(state, AccountState):
                assert 0 <= state.held <= state.balance
                supply[stream.split(":")[1]] += state.balance
        assert account_stream(wallet("ann")) in self.town.states
        return supply


GovernanceMachine.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None
)
TestGovernance = GovernanceMachine.TestCase


def _work_id(work: Work) -> str:
    return work.work_id
