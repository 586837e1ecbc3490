"""Every stake added up once more, against the figures of the events, the ledger and the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.facts import Fact, table
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.projections.economy.stakes import STAKES
from aia_mas.projections.table import Projection

_AREA = "stakes"


class Stake:
    """The stake of one agent; amounts in base units.

    Attributes:
        matured: Its own AIA that counts.
        lots: Its own AIA that does not yet, by when it does.
        gov: Its AIA_GOV that is bonded.
        unbonding: What is on its way back, by its id: token and amount.
        given: What it delegated, by whom to and the undelegation that it is in.
        got: What it got, likewise.
        jailed: Whether it is.
        claimed: What it was paid of what it earned by staking.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.matured = self.gov = self.claimed = 0
        self.lots: list[list[Any]] = []
        self.unbonding: dict[str, list[Any]] = {}
        self.given: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.got: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.jailed = False

    @property
    def bonded(self) -> int:
        """Its own AIA that is bonded."""
        return self.matured + sum(int(amount) for _, amount in self.lots)

    def unbonded(self, token: str) -> int:
        """Return how much of a token is on its way back."""
        return sum(int(amount) for kind, amount in self.unbonding.values() if kind == token)

    def figures(self) -> dict[str, int]:
        """Return what every event of a stake tells, and so what the next one should have told."""
        matured = 0 if self.jailed else self.matured
        received = sum(amount for (_, undelegation), amount in self.got.items() if not undelegation)
        effective = 0 if self.jailed else matured - sum(self.given.values()) + received
        return {
            "bonded": self.bonded,
            "effective": effective,
            "earning": matured,
            "bonded_gov": self.gov,
            "unbonding": self.unbonded("AIA"),
            "unbonding_gov": self.unbonded("AIA_GOV"),
        }


class StakesAudit:
    """Recomputes stakes.

    Attributes:
        stakes: By agent.
    """

    name = _AREA
    model: Projection | None = STAKES
    categories = frozenset({"stake"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin without stakes (``ledger``: knows the balances)."""
        self.stakes: defaultdict[str, Stake] = defaultdict(Stake)
        self._findings = findings
        self._ledger = ledger

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        change = _CHANGES.get(fact.topic)
        if change is None:
            self._findings.add(_AREA, fact.subject, fact.position, f"{fact.topic} is unknown here")
            return
        stake = self.stakes[fact.subject]
        change(stake, fact.data)
        should = stake.figures()
        there = {name: fact.data.get(name, 0) for name in should}
        self._findings.compare(
            _AREA, fact.subject, fact.position, f"the figures of {fact.topic}", there, should
        )
        if min(should.values()) < 0 or min(stake.given.values(), default=0) < 0:
            self._findings.add(_AREA, fact.subject, fact.position, f"is below 0: {should}")

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model as it was folded up to a position."""
        name, seen = STAKES.table_names()[0], 0
        columns = ", ".join(("agent_id", *_FIGURES, "claimed", "jailed_until is not null"))
        query = f"select {columns} from {name}"  # noqa: S608
        async for agent_id, *row in table(connection, "stakes", query):
            seen += 1
            stake = self.stakes[agent_id]
            figures = stake.figures()
            should = [*(figures[figure] for figure in _FIGURES), stake.claimed, stake.jailed]
            self._findings.compare(
                _AREA, agent_id, position, "the stake in the read model", row, should
            )
        self._findings.compare(_AREA, name, position, "the number of rows", seen, len(self.stakes))

    def finish(self, position: int) -> None:
        """Compare with the accounts, and both sides of all delegations with each other."""
        balances = self._ledger.balances
        owners = {name.split(":", 2)[2] for name in balances if name.startswith(_OF_STAKES)}
        for agent_id in sorted({*owners, *self.stakes}):
            stake = self.stakes[agent_id]
            for purpose, token, amount in (
                ("staked", "AIA", stake.bonded),
                ("staked", "AIA_GOV", stake.gov),
                ("unbonding", "AIA", stake.unbonded("AIA")),
                ("unbonding", "AIA_GOV", stake.unbonded("AIA_GOV")),
            ):
                account = f"{purpose}:{token}:{agent_id}"
                there = balances.get(account, 0)
                self._findings.compare(_AREA, account, position, "the balance", there, amount)
        given = {
            (giver, taker, undelegation): amount
            for giver, stake in self.stakes.items()
            for (taker, undelegation), amount in stake.given.items()
            if amount
        }
        got = {
            (giver, taker, undelegation): amount
            for taker, stake in self.stakes.items()
            for (giver, undelegation), amount in stake.got.items()
            if amount
        }
        for key in sorted(given.keys() | got.keys()):
            subject = f"{key[0]} to {key[1]}"
            self._findings.compare(
                _AREA, subject, position, "what was received", got.get(key), given.get(key)
            )


_FIGURES = ("bonded", "effective", "earning", "bonded_gov", "unbonding", "unbonding_gov")
_OF_STAKES = ("staked:", "unbonding:")


def _bond(stake: Stake, data: Mapping[str, Any]) -> None:
    if data.get("token", "AIA") != "AIA":
        stake.gov += data["amount"]
        return
    if data.get("matures_at") is None:
        stake.matured += data["amount"]
        return
    matures = datetime.fromisoformat(data["matures_at"])
    for lot in stake.lots:
        if lot[0] == matures:
            lot[1] += data["amount"]
            return
    stake.lots.append([matures, data["amount"]])
    stake.lots.sort(key=lambda lot: lot[0])


def _mature(stake: Stake, data: Mapping[str, Any]) -> None:
    until = datetime.fromisoformat(data["until"])
    stake.lots = [lot for lot in stake.lots if lot[0] > until]
    stake.matured += data["amount"]


def _withdraw(stake: Stake, data: Mapping[str, Any]) -> None:
    amount = data["amount"]
    if data.get("token", "AIA") != "AIA":
        stake.gov -= amount
        return
    while amount and stake.lots:  # the youngest first
        part = min(amount, stake.lots[-1][1])
        stake.lots[-1][1] -= part
        amount -= part
        if not stake.lots[-1][1]:
            stake.lots.pop()
    stake.matured -= amount


def _unbond(stake: Stake, data: Mapping[str, Any]) -> None:
    _withdraw(stake, data)
    stake.unbonding[data["unbonding_id"]] = [data.get("token", "AIA"), data["amount"]]


def _rebond(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.unbonding.pop(data["unbonding_id"], None)
    _bond(stake, data)


def _release(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.unbonding.pop(data["unbonding_id"], None)


def _delegate(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.given[data["to"], ""] += data["amount"]


def _receive(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.got[data["from_agent"], ""] += data["amount"]


def _take_back(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.given[data["to"], ""] -= data["amount"]
    stake.given[data["to"], data["undelegation_id"]] += data["amount"]


def _give_back(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.got[data["from_agent"], ""] -= data["amount"]
    stake.got[data["from_agent"], data["undelegation_id"]] += data["amount"]


def _taken_back(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.given[data["to"], data.get("undelegation_id", "")] -= data["amount"]


def _given_back(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.got[data["from_agent"], data.get("undelegation_id", "")] -= data["amount"]


def _cut_given(stake: Stake, data: Mapping[str, Any]) -> None:
    for agent_id, undelegation, amount in data.get("given", ()):
        stake.given[agent_id, undelegation] -= amount


def _cut_got(stake: Stake, data: Mapping[str, Any]) -> None:
    for agent_id, undelegation, amount in data.get("got", ()):
        stake.got[agent_id, undelegation] -= amount


def _slash(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.matured -= data.get("matured", 0)
    for lot, cut in zip(stake.lots, data.get("lots", ()), strict=False):
        lot[1] -= cut
    stake.lots = [lot for lot in stake.lots if lot[1]]
    for unbonding, cut in zip(stake.unbonding.values(), data.get("unbondings", ()), strict=False):
        unbonding[1] -= cut
    stake.unbonding = {name: each for name, each in stake.unbonding.items() if each[1]}
    _cut_given(stake, data)
    _cut_got(stake, data)


def _slash_delegated(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.matured -= data["amount"]
    _cut_given(stake, data)


def _jail(stake: Stake, _data: Mapping[str, Any]) -> None:
    stake.jailed = True


def _claim(stake: Stake, data: Mapping[str, Any]) -> None:
    stake.claimed += data["amount"]


def _free(stake: Stake, _data: Mapping[str, Any]) -> None:
    stake.jailed = False


_CHANGES: Mapping[str, Callable[[Stake, Mapping[str, Any]], None]] = {
    "stake.bonded.v1": _bond,
    "stake.matured.v1": _mature,
    "stake.withdrawn.v1": _withdraw,
    "stake.unbonding_began.v1": _unbond,
    "stake.unbonding_cancelled.v1": _rebond,
    "stake.unbonding_released.v1": _release,
    "stake.delegated.v1": _delegate,
    "stake.delegation_received.v1": _receive,
    "stake.undelegation_began.v1": _take_back,
    "stake.delegation_withdrawn.v1": _give_back,
    "stake.undelegated.v1": _taken_back,
    "stake.delegation_ended.v1": _given_back,
    "stake.slashed.v1": _slash,
    "stake.delegated_slashed.v1": _slash_delegated,
    "stake.delegation_shrunk.v1": _cut_got,
    "stake.agent_jailed.v1": _jail,
    "stake.agent_unjailed.v1": _free,
    "stake.rewards_claimed.v1": _claim,
}
