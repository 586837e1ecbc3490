"""What tasks earned: every settlement worked out once more from the lives of its tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.facts import Fact
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.projections.table import Projection

_AREA = "rewards"
_RESERVED = "rewards_reserved:AIA"
_MILLION = 1_000_000
_PUNCTUAL = {"early": 100_000, "in_time": 0, "late": -100_000}


class Attempt:
    """A rewarded attempt, from its assignment to its settlement; times in milliseconds."""

    __slots__ = ("agent_id", "asked", "assigned", "attempt", "rating", "terms", "took")

    def __init__(self, fact: Fact) -> None:
        """Begin with an assignment."""
        self.agent_id: str = fact.data["agent_id"]
        self.attempt: int = fact.data["attempt"]
        self.terms: Mapping[str, Any] = fact.data["reward"]
        self.assigned = _milliseconds(fact.at)
        self.asked: int | None = None
        self.took: int | None = None
        self.rating: int | None = None


class RewardsAudit:
    """Recomputes rewards, the blocks that they come from, and who was paid what."""

    name = _AREA
    model: Projection | None = None
    categories = frozenset({"task", "rewards"})

    def __init__(self, findings: Findings, ledger: LedgerAudit) -> None:
        """Begin without any (``ledger``: knows the balances and transfers)."""
        self._findings = findings
        self._ledger = ledger
        self._attempts: dict[str, Attempt] = {}
        self._blocks = self._settlements = self._reserved = self._paid = 0

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in."""
        if fact.topic == "rewards.settled.v1":
            self._settled(fact)
        elif fact.topic == "rewards.block_reserved.v1":
            self._blocks += 1
            self._find(fact, "block", "the number", fact.data["block"], self._blocks)
            self._reserved += fact.data["amount"]
        elif fact.topic == "task.assigned.v1":
            if fact.data.get("reward") is not None:
                self._attempts[fact.subject] = Attempt(fact)
        elif (attempt := self._attempts.get(fact.subject)) is not None:
            self._lived(fact, attempt)

    def _lived(self, fact: Fact, attempt: Attempt) -> None:
        at = _milliseconds(fact.at)
        match fact.topic:
            case "task.input_requested.v1":
                attempt.asked = at
            case "task.input_given.v1" if attempt.asked is not None:
                # The time that it waited for an answer does not count.
                attempt.assigned += at - attempt.asked
                attempt.asked = None
            case "task.completed.v1":
                end = at if attempt.asked is None else attempt.asked
                attempt.took = end - attempt.assigned
            case "task.rated.v1":
                attempt.rating = round(fact.data["rating"] * _MILLION)
            case "task.failed.v1" | "task.released.v1" | "task.cancelled.v1" | "task.expired.v1":
                del self._attempts[fact.subject]

    def _settled(self, fact: Fact) -> None:
        data = fact.data
        self._settlements += 1
        self._find(fact, "settlement", "the number", data["number"], self._settlements)
        legs: defaultdict[str, int] = defaultdict(int)
        freed = 0
        for item in data["items"]:
            self._item(fact, item)
            attempt = self._attempts.pop(item["task_id"], None)
            reward, gov = item.get("reward", 0), item.get("gov", 0)
            freed += 0 if attempt is None else attempt.terms["reserved"] - reward
            legs[f"wallet:AIA:{item['agent_id']}"] += reward
            legs[_RESERVED] -= reward
            legs[f"wallet:AIA_GOV:{item['agent_id']}"] += gov
            legs["reward_pool:AIA_GOV"] -= gov
            self._paid += reward
        for field, total in (
            ("reward", sum(item.get("reward", 0) for item in data["items"])),
            ("gov", sum(item.get("gov", 0) for item in data["items"])),
            ("freed", freed),
        ):
            self._find(fact, "settlement", field, data.get(field, 0), total)
        moved = self._ledger.legs(data.get("transfer_id", ""))
        paid = {account: amount for account, amount in legs.items() if amount}
        self._find(fact, "settlement", "what its transfer moved", moved, paid)

    def _item(self, fact: Fact, item: Mapping[str, Any]) -> None:
        task_id = item["task_id"]
        attempt = self._attempts.get(task_id)
        if attempt is None or attempt.took is None:
            detail = "was settled, and no rewarded attempt of it waits for that"
            self._findings.add(_AREA, task_id, fact.position, detail)
            return
        terms = attempt.terms
        when = _punctuality(attempt.took, terms.get("seconds", 0.0))
        rating = item.get("rating_ppm")
        if rating is not None:
            self._find(fact, task_id, "the rating", rating, attempt.rating)
        factor = _MILLION + 8 * ((500_000 if rating is None else rating) - 500_000) // 10
        factor = min(max(factor + _PUNCTUAL[when], 500_000), 1_500_000)
        earned = terms["base"] * terms["multiplier_ppm"] * factor // _MILLION**2
        should = {
            "attempt": attempt.attempt,
            "agent_id": attempt.agent_id,
            "tier": terms["tier"],
            "base": terms["base"],
            "multiplier_ppm": terms["multiplier_ppm"],
            "factor_ppm": factor,
            "reward": 0 if item.get("forfeited") else min(earned, terms["reserved"]),
        }
        there = {name: item.get(name, 0) for name in should}
        self._find(fact, task_id, "what it came to", there, should)

    def _find(self, fact: Fact, subject: str, what: str, there: object, should: object) -> None:
        self._findings.compare(_AREA, subject, fact.position, what, there, should)

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model."""

    def finish(self, position: int) -> None:
        """Compare what was reserved and not paid with the account that it is in."""
        there, should = self._ledger.balances.get(_RESERVED, 0), self._reserved - self._paid
        self._findings.compare(_AREA, _RESERVED, position, "the balance", there, should)
        promised = sum(attempt.terms["reserved"] for attempt in self._attempts.values())
        if promised > should:
            detail = f"{promised} is promised, and {should} is there"
            self._findings.add(_AREA, _RESERVED, position, detail)


def _punctuality(took: int, seconds: float) -> str:
    if took > seconds * 1_000:
        return "late"
    return "early" if 2 * took <= seconds * 1_000 else "in_time"


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000)
