"""Power, votes and deposits, told a second time."""

from __future__ import annotations

from aia_mas.domain.economy.governance.delegation import VotesDelegated, VotesWithdrawn
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    DepositSettled,
    ProposalActivated,
    ProposalCreated,
    VoteCast,
    VotesPaid,
)
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE

from .plain_basis import PlainBasis


class PlainVotes(PlainBasis):
    """Proposals, as far as they have to do with tokens and power."""

    def _voted(self, entity: str, event: Event) -> None:
        match event:
            case ProposalCreated():
                self.gov_per_vote[entity] = event.gov_per_vote
                if event.terms.deposit:
                    self.deposits[entity] = (event.proposer, event.terms.deposit)
                    self.held[f"wallet:AIA:{event.proposer}"] += event.terms.deposit
            case ProposalActivated():
                self.power[entity] = {n: b.bonded + b.gov for n, b in self.bonds.items()}
                self.snapshot[entity] = dict(self.delegates)
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

    def _votes_paid(self, proposal_id: str, event: VotesPaid) -> None:
        paid = 0
        for voter in event.voters:
            own = self.votes[proposal_id, voter]
            amount = self.gov_per_vote[proposal_id] * (own // (100 * ONE))
            paid += amount
            if event.funded:
                self.move("reward_pool:AIA_GOV", f"wallet:AIA_GOV:{voter}", amount)
        assert event.paid == (paid if event.funded else 0)
        assert event.funded or paid > self.available("reward_pool:AIA_GOV")
