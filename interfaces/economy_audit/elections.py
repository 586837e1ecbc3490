"""Every election counted once more: power as of its snapshot, votes, tally, outcome, payments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.facts import Fact, table
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.interfaces.economy_audit.proposals import CHOICES, Proposal, Round
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.table import Projection

_AREA = "elections"


class ElectionsAudit:
    """Recomputes elections."""

    name = _AREA
    model: Projection | None = GOVERNANCE
    categories = frozenset({"stake", "delegation", "proposal", "proposer", "vote"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin without power (``ledger``: knows the deposits and payments)."""
        self.proposals: dict[str, Proposal] = {}
        self._findings = findings
        self._ledger = ledger
        self._power: dict[str, int] = {}
        self._delegates: dict[str, str] = {}
        self._round: Round | None = None
        self._proposed: defaultdict[str, list[str]] = defaultdict(list)

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        data = fact.data
        if fact.stream.startswith("stake/"):
            self._power[fact.subject] = data.get("bonded", 0) + data.get("bonded_gov", 0)
        elif fact.topic == "delegation.votes_delegated.v1":
            self._delegates[fact.subject] = data["to"]
        elif fact.topic == "delegation.votes_withdrawn.v1":
            self._delegates[fact.subject] = ""
        elif fact.stream.startswith("delegation/"):
            return  # somebody's votes come here: nothing about the agent's own
        elif fact.topic == "proposal.created.v1":
            self.proposals[fact.subject] = Proposal(data)
            self._proposed[data["proposer"]].append(fact.subject)
        elif fact.stream.startswith("proposer/"):
            known = self._proposed[fact.subject]
            known[:] = [each for each in known if self.proposals[each].open]
            self._find(fact, fact.subject, "what it has open", data["open"], known)
        elif fact.topic == "vote.cast.v1":
            self._voted(fact, self.proposals.get(data["proposal_id"]))
        elif (proposal := self.proposals.get(fact.subject)) is None:
            self._wrong(fact, fact.subject, "was never proposed")
        elif (step := _STEPS.get(fact.topic)) is not None:
            step(self, fact, proposal)

    def _activated(self, fact: Fact, proposal: Proposal) -> None:
        proposal.activate(fact.position - 1, dict(self._power), dict(self._delegates))
        at = datetime.fromisoformat(fact.data["at"])
        self._round = proposal.in_round(self._round, at)

    def _voted(self, fact: Fact, proposal: Proposal | None) -> None:
        data = fact.data
        voter, subject = data["voter"], f"{data['proposal_id']}: {data['voter']}"
        if proposal is None or proposal.snapshot is None or proposal.closed:
            self._wrong(fact, subject, "voted while no vote was on")
            return
        if voter in proposal.votes:
            self._wrong(fact, subject, "voted twice")
            return
        proposal.votes[voter] = data["choice"]
        own, received = proposal.power.get(voter, 0), proposal.received.get(voter, 0)
        self._find(fact, subject, "the own power", data["own"], own)
        self._find(fact, subject, "the delegated power", data.get("delegated", 0), received)

    def _closed(self, fact: Fact, proposal: Proposal) -> None:
        proposal.closed, proposal.early = True, fact.data.get("early", False)
        if proposal.early:
            fixed = proposal.fixed()
            rest = sum(proposal.power.values()) - sum(fixed.values())
            ways = {proposal.outcome(fixed)} | {
                proposal.outcome({**fixed, choice: fixed[choice] + rest}) for choice in CHOICES
            }
            if len(ways) > 1:
                self._wrong(fact, fact.subject, f"was closed early, and could still be {ways}")

    def _counted(self, fact: Fact, proposal: Proposal) -> None:
        result, vetoed = fact.data.get("result"), fact.topic == "proposal.vetoed.v1"
        proposal.burns, proposal.open = vetoed, False
        if result is None:
            return  # by a guardian
        proposal.counted = True
        tally = proposal.tally()
        outcome = proposal.outcome(tally)
        should = {
            "outcome": outcome,
            "tally": tally,
            "total": sum(proposal.power.values()),
            "voters": len(proposal.votes),
            "snapshot": proposal.snapshot,
        }
        self._find(fact, fact.subject, "the result", result, should)
        told = "defeated" if outcome == "no_quorum" else outcome
        self._find(fact, fact.subject, "what was told", fact.topic, f"proposal.{told}.v1")
        proposal.burns = outcome in ("no_quorum", "vetoed")
        if outcome != "no_quorum":
            proposal.owe()

    def _cancelled(self, fact: Fact, proposal: Proposal) -> None:
        proposal.open = False

    def _queued(self, fact: Fact, proposal: Proposal) -> None:
        proposal.executable = datetime.fromisoformat(fact.data["execute_after"])

    def _executed(self, fact: Fact, proposal: Proposal) -> None:
        at = datetime.fromisoformat(fact.data["at"])
        if proposal.executable is None or at < proposal.executable:
            self._wrong(fact, fact.subject, f"was executed at {at}, before its time")

    def _deposited(self, fact: Fact, proposal: Proposal) -> None:
        proposal.deposit = fact.data["deposit"]
        should = "burned" if proposal.burns else "refunded"
        self._find(fact, fact.subject, "the deposit", proposal.deposit, should)

    def _paid(self, fact: Fact, proposal: Proposal) -> None:
        data, legs = fact.data, {}
        for voter in data["voters"]:
            if voter not in proposal.owed or voter in proposal.paid:
                self._wrong(fact, f"{fact.subject}: {voter}", "is paid twice, or is owed nothing")
            proposal.paid.add(voter)
            owed = proposal.payment(proposal.owed.get(voter, 0))
            if owed:
                legs[f"wallet:AIA_GOV:{voter}"] = owed
        if data.get("last") and (left := proposal.owed.keys() - proposal.paid):
            self._wrong(fact, fact.subject, f"does not pay {', '.join(sorted(left))}")
        total = sum(legs.values())
        if not data.get("funded", True):
            legs, total = {}, 0
        elif total:
            legs["reward_pool:AIA_GOV"] = -total
        self._find(fact, fact.subject, "what voters got", data["paid"], total)
        moved = self._ledger.legs(f"votes~{fact.subject}~{data['batch']}")
        self._find(fact, fact.subject, "what its transfer moved", moved, legs)

    def _find(self, fact: Fact, subject: str, what: str, there: object, should: object) -> None:
        self._findings.compare(_AREA, subject, fact.position, what, there, should)

    def _wrong(self, fact: Fact, subject: str, detail: str) -> None:
        self._findings.add(_AREA, subject, fact.position, detail)

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model as it was folded up to a position."""
        proposals, votes, delegations = GOVERNANCE.table_names()
        await self._compare_proposals(connection, position, proposals)
        cast, delegated = 0, 0
        query = f"select proposal_id, voter, choice, own, delegated from {votes}"  # noqa: S608
        async for proposal_id, voter, *row in table(connection, "votes", query):
            cast += 1
            proposal = self.proposals.get(proposal_id, _NONE)
            power = proposal.power.get(voter, 0), proposal.received.get(voter, 0)
            should = [proposal.votes.get(voter), *power]
            subject = f"{proposal_id}: {voter}"
            self._findings.compare(
                _AREA, subject, position, "the vote in the read model", row, should
            )
        count = sum(len(proposal.votes) for proposal in self.proposals.values())
        self._findings.compare(_AREA, votes, position, "the number of rows", cast, count)
        query = f"select agent_id, delegate from {delegations}"  # noqa: S608
        async for agent_id, delegate in table(connection, "delegations", query):
            delegated += 1
            what, known = "the delegate in the read model", self._delegates.get(agent_id)
            self._findings.compare(_AREA, agent_id, position, what, delegate, known)
        count = len(self._delegates)
        self._findings.compare(_AREA, delegations, position, "the number of rows", delegated, count)

    async def _compare_proposals(
        self, connection: AsyncConnection[TupleRow], position: int, name: str
    ) -> None:
        seen = 0
        query = f"select proposal_id, snapshot, state->'result'->'tally' from {name}"  # noqa: S608
        async for proposal_id, *row in table(connection, "proposals", query):
            seen += 1
            proposal = self.proposals.get(proposal_id, _NONE)
            should = [proposal.snapshot, proposal.tally() if proposal.counted else None]
            what = "the snapshot and the tally in the read model"
            self._findings.compare(_AREA, proposal_id, position, what, row, should)
        count = len(self.proposals)
        self._findings.compare(_AREA, name, position, "the number of rows", seen, count)

    def finish(self, position: int) -> None:
        """Compare what became of deposits with the transfers that hold them."""
        statuses = {None: None, "held": "pending", "refunded": "voided", "burned": "posted"}
        for proposal_id, proposal in self.proposals.items():
            there = self._ledger.status(f"deposit~{proposal_id}")
            should = statuses.get(proposal.deposit)
            self._findings.compare(_AREA, proposal_id, position, "the deposit", there, should)


_NONE = Proposal({"terms": {"deposit": 0}})
"""What is compared where there is none."""

_STEPS: Mapping[str, Callable[[ElectionsAudit, Fact, Proposal], None]] = {
    "proposal.activated.v1": ElectionsAudit._activated,
    "proposal.voting_closed.v1": ElectionsAudit._closed,
    "proposal.succeeded.v1": ElectionsAudit._counted,
    "proposal.defeated.v1": ElectionsAudit._counted,
    "proposal.vetoed.v1": ElectionsAudit._counted,
    "proposal.cancelled.v1": ElectionsAudit._cancelled,
    "proposal.queued.v1": ElectionsAudit._queued,
    "proposal.executed.v1": ElectionsAudit._executed,
    "proposal.deposit_settled.v1": ElectionsAudit._deposited,
    "proposal.votes_paid.v1": ElectionsAudit._paid,
}
