"""Power, votes and deposits, told a second time."""

from __future__ import annotations

from datetime import datetime, timedelta

from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    DepositSettled,
    ProposalActivated,
    ProposalCancelled,
    ProposalCreated,
    ProposalDefeated,
    ProposalSucceeded,
    ProposalVetoed,
    VoteCast,
    VotesPaid,
)
from aia_mas.domain.economy.governance.proposers import ProposalOpened
from aia_mas.domain.economy.governance.tally import Outcome
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE

from .plain_basis import PlainBasis


class PlainVotes(PlainBasis):
    """Proposals, as far as they have to do with tokens and power."""

    def _voted(self, entity: str, event: Event) -> None:
        match event:
            case ProposalCreated():
                self.gov_per_vote[entity] = event.gov_per_vote
                self.round_seconds[entity] = event.gov_round_seconds
                self.proposers[entity] = event.proposer
                self.undecided.add(entity)
                if event.terms.deposit:
                    self.deposits[entity] = (event.proposer, event.terms.deposit)
                    self.held[f"wallet:AIA:{event.proposer}"] += event.terms.deposit
            case ProposalActivated():
                self.power[entity] = {n: b.bonded + b.gov for n, b in self.bonds.items()}
                self.snapshot[entity] = dict(self.delegates)
                self._in_round(entity, event.at)
            case ProposalSucceeded() | ProposalDefeated() | ProposalVetoed() | ProposalCancelled():
                self.undecided.discard(entity)
                result = getattr(event, "result", None)
                if result is not None and result.outcome is not Outcome.NO_QUORUM:
                    self._owe_votes(entity)
            case ProposalOpened():
                theirs = {each for each, who in self.proposers.items() if who == entity}
                assert set(event.open) == theirs & self.undecided
                assert len(event.open) <= self.parameters.open_proposals_per_proposer
            case DepositSettled():
                proposer, amount = self.deposits.pop(entity)
                self.held[f"wallet:AIA:{proposer}"] -= amount
                if event.deposit is Deposit.BURNED:
                    self.move(f"wallet:AIA:{proposer}", "burn:AIA", amount)
            case VoteCast():
                self._cast(event)
            case VotesPaid():
                self._votes_paid(entity, event)
            case VotesDelegated():
                self.delegates[entity] = event.to
            case VotesWithdrawn():
                del self.delegates[entity]

    def _cast(self, event: VoteCast) -> None:
        key = (event.proposal_id, event.voter)
        assert key not in self.votes, "nobody votes twice"
        power, delegates = self.power[event.proposal_id], self.snapshot[event.proposal_id]
        assert event.own == power.get(event.voter, 0)
        got = 0
        for name, own in power.items():
            hop = delegates.get(name)
            while hop is not None and hop != event.voter:
                hop = delegates.get(hop)
            got += own if hop == event.voter else 0
        assert event.delegated == got, "power at the snapshot is what anybody counts"
        self.votes[key] = event.own

    def _in_round(self, proposal_id: str, at: datetime) -> None:
        """Say in which round the voters on a proposal are paid; perhaps it begins with it."""
        length = timedelta(seconds=self.round_seconds[proposal_id])
        if not self.rounds or at >= self.rounds[-1][0] + length:
            self.rounds.append((at, dict(self.power[proposal_id]), set()))
        self.round_of[proposal_id] = len(self.rounds) - 1

    def _owe_votes(self, proposal_id: str) -> None:
        """Say what the voters get who got nothing in this round."""
        _, power, paid = self.rounds[self.round_of[proposal_id]]
        rate = self.gov_per_vote[proposal_id]
        owed = {
            voter: rate * (min(own, power.get(voter, 0)) // (100 * ONE))
            for (each, voter), own in self.votes.items()
            if each == proposal_id and voter not in paid
        }
        self.owed_votes[proposal_id] = {voter: units for voter, units in owed.items() if units}
        paid.update(self.owed_votes[proposal_id])

    def _votes_paid(self, proposal_id: str, event: VotesPaid) -> None:
        owed = self.owed_votes[proposal_id]
        amounts = {voter: owed.pop(voter) for voter in event.voters}
        paid = sum(amounts.values())
        assert not event.last or not owed, "nobody is left out"
        assert event.paid == (paid if event.funded else 0)
        assert event.funded or paid > self.available("reward_pool:AIA_GOV")
        if event.funded:
            for voter, amount in amounts.items():
                self.move("reward_pool:AIA_GOV", f"wallet:AIA_GOV:{voter}", amount)
