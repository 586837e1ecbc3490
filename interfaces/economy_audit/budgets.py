"""What is held and spent of every budget, and what programs paid, added up once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.facts import Fact, table
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.table import Projection


class BudgetsAudit:
    """Recomputes budgets.

    Attributes:
        uses: What is held and spent, by budget and period.
    """

    name = "budgets"
    model: Projection | None = BUDGETS
    categories = frozenset({"budget"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin without any (``ledger``: knows what was set aside and paid)."""
        self.uses: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._findings = findings
        self._ledger = ledger
        self._terms: dict[str, Mapping[str, Any]] = {}
        # What is held, by budget and transfer: in which period, and how much.
        self._holds: dict[tuple[str, str], tuple[str, int]] = {}

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        data = fact.data
        if fact.topic == "budget.set.v1":
            self._terms[fact.subject] = data["terms"]
        elif fact.topic in ("budget.held.v1", "budget.spent.v1", "budget.released.v1"):
            self._used(fact)

    def _used(self, fact: Fact) -> None:
        data, budget = fact.data, fact.subject
        period, amount, transfer_id = data["period"], data["amount"], data["transfer_id"]
        use = self.uses[budget, period]
        if fact.topic == "budget.held.v1":
            if (budget, transfer_id) in self._holds:
                self._wrong(fact, f"{transfer_id} is held twice")
            self._holds[budget, transfer_id] = period, amount
            use[0] += amount
            terms = self._terms.get(budget, {})
            if terms.get("hard", True) and sum(use) > terms.get("amount", 0):
                self._wrong(fact, f"{sum(use)} is used of {terms.get('amount', 0)}")
        else:
            held = self._holds.pop((budget, transfer_id), None)
            self._find(fact, f"what was held for {transfer_id}", (period, amount), held)
            use[0] -= amount
            if fact.topic == "budget.spent.v1":
                use[1] += data["cost"]
                moved = self._ledger.legs(transfer_id).values()
                self._find(fact, f"the cost by {transfer_id}", data["cost"], max(moved, default=0))
        there = [data["held"], data["spent"]]
        self._find(fact, f"held and spent of {period}", there, use)
        if min(use) < 0:
            self._wrong(fact, f"held and spent of {period} are {use}")

    def _find(self, fact: Fact, what: str, there: object, should: object) -> None:
        self._findings.compare(self.name, fact.subject, fact.position, what, there, should)

    def _wrong(self, fact: Fact, detail: str) -> None:
        self._findings.add(self.name, fact.subject, fact.position, detail)

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model as it was folded up to a position."""
        names, seen = BUDGETS.table_names(), 0
        (name,) = (each for each in names if each.endswith("_uses"))
        query = f"select budget_id, period, held, spent from {name}"  # noqa: S608
        async for budget_id, period, *row in table(connection, "uses", query):
            seen += 1
            should = self.uses.get((budget_id, period))
            what = f"held and spent of {period} in the read model"
            self._findings.compare(self.name, budget_id, position, what, row, should)
        self._findings.compare(
            self.name, name, position, "the number of rows", seen, len(self.uses)
        )

    def finish(self, position: int) -> None:
        """Compare what is held with the transfers that hold it."""
        for budget, transfer_id in self._holds:
            status = self._ledger.status(transfer_id)
            what = f"{transfer_id}, which it holds for,"
            self._findings.compare(self.name, budget, position, what, status, "pending")


class IncentivesAudit:
    """Recomputes what incentive programs paid.

    Attributes:
        paid: What each has paid.
    """

    name = "incentives"
    model: Projection | None = INCENTIVES
    categories = frozenset({"incentive"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin without any (``ledger``: knows what was set aside and paid)."""
        self.paid: dict[str, int] = {}
        self._findings = findings
        self._ledger = ledger
        self._terms: dict[str, Mapping[str, Any]] = {}
        self._payments: defaultdict[str, int] = defaultdict(int)
        self._over: set[str] = set()

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        data, program = fact.data, fact.subject
        if fact.topic == "incentive.opened.v1":
            self._terms[program], self.paid[program] = data["terms"], 0
        elif program not in self._terms or program in self._over:
            self._findings.add(self.name, program, fact.position, f"{fact.topic} out of turn")
        elif fact.topic == "incentive.paid.v1":
            self._paid(fact)
        elif fact.topic == "incentive.closed.v1":
            self._over.add(program)
            left = self._terms[program]["budget"] - self.paid[program]
            self._find(fact, "what was returned", data["returned"], left)

    def _paid(self, fact: Fact) -> None:
        data, program = fact.data, fact.subject
        terms = self._terms[program]
        token = terms.get("token", "AIA")
        legs: defaultdict[str, int] = defaultdict(int)
        for agent_id, awards, amount in data["awards"]:
            legs[f"wallet:{token}:{agent_id}"] += amount
            legs[f"incentive:{token}:{program}"] -= amount
            if terms["payout"] == "fixed":
                self._find(fact, f"what {agent_id} got", amount, awards * terms["amount"])
            self.paid[program] += amount
        self._payments[program] += 1
        self._find(fact, "the number", data["number"], self._payments[program])
        self._find(fact, "what it has paid", data["paid"], self.paid[program])
        self._find(fact, "what its transfer moved", self._ledger.legs(data["transfer_id"]), legs)
        if self.paid[program] > terms["budget"]:
            detail = f"has paid {self.paid[program]} of {terms['budget']}"
            self._findings.add(self.name, program, fact.position, detail)

    def _find(self, fact: Fact, what: str, there: object, should: object) -> None:
        self._findings.compare(self.name, fact.subject, fact.position, what, there, should)

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model as it was folded up to a position."""
        name, seen = INCENTIVES.table_names()[0], 0
        query = f"select program_id, paid, payments from {name}"  # noqa: S608
        async for program_id, *row in table(connection, "programs", query):
            seen += 1
            should = [self.paid.get(program_id), self._payments[program_id]]
            what = "what it has paid, and how often, in the read model"
            self._findings.compare(self.name, program_id, position, what, row, should)
        self._findings.compare(
            self.name, name, position, "the number of rows", seen, len(self.paid)
        )

    def finish(self, position: int) -> None:
        """Compare what is left of budgets with the accounts that they are in."""
        for program, terms in self._terms.items():
            account = f"incentive:{terms.get('token', 'AIA')}:{program}"
            left = 0 if program in self._over else terms["budget"] - self.paid[program]
            there = self._ledger.balances.get(account, 0)
            self._findings.compare(self.name, account, position, "the balance", there, left)
