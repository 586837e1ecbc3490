"""What stakers earned: every share that was set aside, divided among all of them once more.

The rule is that of the log's readers, and not the product's program: a share is divided by weight
in units of 2^-64, what a division leaves over goes into the next one, and a share that nobody is
there to get waits for the next one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS
from aia_mas.interfaces.economy_audit.facts import Fact
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.projections.table import Projection

_AREA = "accruals"
_UNIT = 2**64
_ACCOUNT = "staking_rewards:AIA"


class Staker:
    """Who earns (``earning``: by what; ``weight``: times its multiplier; ``owed``: scaled)."""

    __slots__ = ("earning", "owed", "since", "weight")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.earning = self.weight = self.owed = self.since = 0


class AccrualsAudit:
    """Recomputes what stakers earned and were paid.

    Attributes:
        stakers: By agent.
    """

    name = _AREA
    model: Projection | None = None
    categories = frozenset({"stake", "staking", "parameters"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin with nobody (``ledger``: knows the balances)."""
        self.stakers: dict[str, Staker] = {}
        self._findings = findings
        self._ledger = ledger
        self._tiers: Sequence[tuple[int, int]] = [
            (tier.min_stake, tier.multiplier_ppm) for tier in DEFAULT_PARAMETERS.tiers
        ]
        self._weight = 0  # of all together
        self._grown = 0  # what a weight of 1 has earned so far, scaled
        self._rest = self._waiting = self._notified = self._paid = 0

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        data = fact.data
        if fact.topic == "staking.rewards_notified.v1":
            self._notify(data["amount"])
        elif fact.topic == "parameters.changed.v1":
            tiers = data["parameters"].get("tiers")
            if tiers is not None:
                self._tiers = [(tier["min_stake"], tier["multiplier_ppm"]) for tier in tiers]
            for staker in self.stakers.values():
                self._weigh(staker, staker.earning)
        elif fact.stream.startswith("stake/"):
            staker = self.stakers.setdefault(fact.subject, Staker())
            self._weigh(staker, data.get("earning", 0))
            if fact.topic == "stake.rewards_claimed.v1":
                self._claimed(fact, staker, data["amount"])

    def _notify(self, amount: int) -> None:
        self._notified += amount
        if not self._weight:
            self._waiting += amount
            return
        shared = (amount + self._waiting) * _UNIT + self._rest
        self._grown, self._rest = self._grown + shared // self._weight, shared % self._weight
        self._waiting = 0

    def _weigh(self, staker: Staker, earning: int) -> None:
        """Settle what somebody earned until now, and go on with another stake or tier table."""
        staker.owed += staker.weight * (self._grown - staker.since)
        staker.since = self._grown
        multiplier = 0
        for least, value in self._tiers:
            if earning >= least:
                multiplier = value
        self._weight += earning * multiplier - staker.weight
        staker.earning, staker.weight = earning, earning * multiplier

    def _claimed(self, fact: Fact, staker: Staker, amount: int) -> None:
        self._findings.checked[_AREA] += 1
        if not 0 < amount <= staker.owed // _UNIT:
            detail = f"was paid {amount}, and was owed {staker.owed // _UNIT}"
            self._findings.add(_AREA, fact.subject, fact.position, detail)
        staker.owed -= amount * _UNIT
        self._paid += amount

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model."""

    def finish(self, position: int) -> None:
        """Compare what was set aside with what it became, and with the account that it is in."""
        for staker in self.stakers.values():
            self._weigh(staker, staker.earning)
        owed = sum(staker.owed for staker in self.stakers.values())
        find = self._findings.compare
        there = owed + self._rest + (self._waiting + self._paid) * _UNIT
        find(_AREA, "all", position, "owed, left over, waiting and paid",
             there, self._notified * _UNIT)  # fmt: skip
        balance = self._ledger.balances.get(_ACCOUNT, 0)
        find(_AREA, _ACCOUNT, position, "the balance", balance, self._notified - self._paid)

    def owed(self) -> Mapping[str, Any]:
        """Return what everybody can claim, base units."""
        for staker in self.stakers.values():
            self._weigh(staker, staker.earning)
        return {name: staker.owed // _UNIT for name, staker in self.stakers.items()}
