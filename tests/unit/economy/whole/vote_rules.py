"""Programs are opened, and proposals are made, voted on and carried out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition

from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.governance.commands import (
    CancelProposal,
    CastVote,
    CreateProposal,
    VetoProposal,
)
from aia_mas.domain.economy.governance.delegation import DelegateVotes, WithdrawVotes
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.governance.tier_orders import ChangeTiers
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.economy.parameters import TierTerms

from .basis import AGENTS, CHANGES, KINDS, TABLES, Basis, agents, amounts, rule


class VoteRules(Basis):
    """Whatever is decided about the economy, by votes or by a treasurer."""

    def program(self, criterion: Criterion, rata: bool, budget: int, seconds: int) -> ProgramTerms:
        now = self.market.now
        return ProgramTerms(
            title="P",
            budget=budget,
            starts_at=now,
            ends_at=now + timedelta(seconds=seconds),
            criterion=criterion,
            min_rating=0.5 if criterion is Criterion.QUALITY else None,
            winners=2 if criterion is Criterion.FIRST_N else None,
            payout=Payout.PRO_RATA if rata else Payout.FIXED,
            amount=None if rata else max(1, budget // 3),
        )

    @rule(
        criterion=st.sampled_from(list(Criterion)),
        rata=st.booleans(),
        budget=amounts,
        seconds=st.sampled_from([600, 7_200]),
    )
    def open_program(self, criterion: Criterion, rata: bool, budget: int, seconds: int) -> None:
        program_id = f"g{len(self.programs)}"
        terms = self.program(criterion, rata, budget, seconds)
        self.order(OpenProgram(program_id=program_id, terms=terms))
        self.programs.append(program_id)

    @precondition(lambda self: self.programs)
    @rule(data=st.data())
    def cancel_program(self, data: st.DataObject) -> None:
        self.order(CancelProgram(program_id=data.draw(st.sampled_from(self.programs))))

    @rule(
        name=agents,
        kind=st.sampled_from([kind.name for kind in KINDS]),
        other=agents,
        amount=amounts,
        change=st.sampled_from(CHANGES),
        table=st.sampled_from(TABLES),
        through=st.none() | st.sampled_from([Choice.YES, Choice.YES, *Choice]),
    )
    def propose(
        self,
        through: Choice | None,
        name: str,
        kind: str,
        other: str,
        amount: int,
        change: dict[str, Any],
        table: tuple[TierTerms, ...],
    ) -> None:
        proposal_id = f"p{len(self.proposals)}"
        order: tuple[str, Any] | None = {
            "text": None,
            "parameters": ("change_parameters", {"changes": change}),
            "tiers": ("change_tiers", {"tiers": table}),
            "incentive": (
                "open_incentive",
                {
                    "program_id": f"of-{proposal_id}",
                    "terms": self.program(Criterion.COUNT, False, amount, 7_200),
                },
            ),
            "treasury": ("fund", {"account": wallet(other), "token": "AIA", "amount": amount}),
            "slash": (
                "slash",
                {"agent_id": other, "evidence_id": f"of-{proposal_id}", "fraction_ppm": 123_457},
            ),
        }[kind]
        orders = () if order is None else (ProposedOrder(kind=order[0], order=_plain(order[1])),)
        command = CreateProposal(
            proposal_id=proposal_id, kind=kind, title="T", proposer=name, orders=orders
        )
        if self.give(command):
            self.proposals.append(proposal_id)
            if through is not None:
                self.see_through(set(AGENTS), through)

    @precondition(lambda self: self.proposals)
    @rule(
        data=st.data(),
        names=st.sets(agents, min_size=1),
        choice=st.sampled_from([*Choice, Choice.YES, Choice.YES]),
    )
    def vote(self, data: st.DataObject, names: set[str], choice: Choice) -> None:
        proposal_id = data.draw(st.sampled_from(self.proposals))
        self.vote_on(proposal_id, names, choice)

    def vote_on(self, proposal_id: str, names: set[str], choice: Choice) -> None:
        for name in sorted(names):
            self.give(CastVote(proposal_id=proposal_id, voter=name, choice=choice))

    @precondition(lambda self: self.proposals)
    @rule(names=st.sets(agents, min_size=2), choice=st.sampled_from([Choice.YES, *Choice]))
    def decide(self, names: set[str], choice: Choice) -> None:
        self.see_through(names, choice)

    def see_through(self, names: set[str], choice: Choice) -> None:
        """Have the last proposal voted on, counted, and carried out."""
        for seconds in (31, 101, 21):
            self.later(seconds)
            self.settle_all()
            if self.proposal(self.proposals[-1]).status is ProposalStatus.ACTIVE:
                self.vote_on(self.proposals[-1], names, choice)

    @rule(name=agents, to=agents)
    def delegate_votes(self, name: str, to: str) -> None:
        if not self.give(DelegateVotes(agent_id=name, to=to)):
            self.give(WithdrawVotes(agent_id=name))

    @precondition(lambda self: self.proposals)
    @rule(data=st.data(), veto=st.booleans())
    def stop(self, data: st.DataObject, veto: bool) -> None:
        command = VetoProposal if veto else CancelProposal
        which = data.draw(st.sampled_from(self.proposals))
        self.give(command(proposal_id=which, reason="so"))

    @rule(change=st.sampled_from(CHANGES), table=st.none() | st.sampled_from(TABLES))
    def change_terms(self, change: dict[str, Any], table: tuple[TierTerms, ...] | None) -> None:
        self.order(ChangeParameters(changes=change) if table is None else ChangeTiers(tiers=table))


def _plain(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as it comes out of the log, which is how proposals are given in."""
    built: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(order))
    return built
