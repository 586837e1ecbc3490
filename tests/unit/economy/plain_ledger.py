"""The ledger once more, as straightforward as can be: balances in one dictionary."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

Legs = tuple[tuple[str, int], ...]
ADMIN = "admin"
"""Who may spend everything; everybody else is the owner of the wallet of that name."""


@dataclass
class Kept:
    """A transfer: what was asked for, and what became of it."""

    legs: Legs
    pending: bool
    timeout: float | None
    expires_at: datetime | None
    status: str
    moved: Legs = ()
    reverses: str | None = None
    reversed_by: str | None = None


@dataclass
class PlainLedger:
    """Answers each wish with the code of its refusal, or an empty text."""

    balances: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    transfers: dict[str, Kept] = field(default_factory=dict)

    def held(self, account: str) -> int:
        """Return what pending transfers hold of an account."""
        return sum(
            -amount
            for kept in self.transfers.values()
            if kept.status == "pending"
            for name, amount in kept.legs
            if name == account and amount < 0
        )

    def available(self, account: str) -> int:
        """Return what may be taken out of an account."""
        return self.balances[account] - self.held(account)

    def make(
        self,
        who: str,
        transfer_id: str,
        legs: Legs,
        now: datetime,
        pending: bool,
        timeout: float | None,
        expires_at: datetime | None,
    ) -> str:
        if any(amount < 0 and not self.may(who, account) for account, amount in legs):
            return "permission_denied"
        known = self.transfers.get(transfer_id)
        if known is not None:
            return self.compared(known, legs, pending, timeout)
        if not balanced(legs):
            return "unbalanced_entry"
        if any(amount < 0 and self.available(account) < -amount for account, amount in legs):
            return "insufficient_funds"
        status = "pending" if pending else "posted"
        self.transfers[transfer_id] = Kept(legs, pending, timeout, expires_at, status)
        if not pending:
            self.move(transfer_id, legs)
        return ""

    def compared(self, known: Kept, legs: Legs, pending: bool, timeout: float | None) -> str:
        if known.pending != pending:
            return "exists_with_different_pending"
        for name, sign in (("from", -1), ("to", 1)):
            ours, theirs = accounts(known.legs, sign), accounts(legs, sign)
            if ours != theirs:
                same_owners = {owner_of(each) for each in ours} == {
                    owner_of(each) for each in theirs
                }
                return f"exists_with_different_{'token' if same_owners else name}"
        if dict(known.legs) != dict(legs):
            return "exists_with_different_amount"
        return "" if known.timeout == timeout else "exists_with_different_timeout"

    def post(self, who: str, transfer_id: str, amount: int | None, now: datetime) -> str:
        kept = self.transfers.get(transfer_id)
        refused = self.not_pending(who, kept)
        if refused and refused != "transfer_not_pending":
            return refused
        assert kept is not None
        if amount is not None and len(kept.legs) != 2:
            return "invalid_value"
        if amount == 0:
            return "zero_amount"
        if refused:
            return refused
        if kept.expires_at is not None and kept.expires_at <= now:
            return "transfer_expired"
        legs = kept.legs
        if amount is not None:
            if amount > abs(legs[0][1]):
                return "exceeds_pending_transfer"
            legs = tuple((name, amount if each > 0 else -amount) for name, each in legs)
        kept.status = "posted"
        self.move(transfer_id, legs)
        return ""

    def void(self, who: str, transfer_id: str) -> str:
        kept = self.transfers.get(transfer_id)
        refused = self.not_pending(who, kept)
        if not refused:
            assert kept is not None
            kept.status = "voided"
        return refused

    def expire(self, now: datetime) -> None:
        """Let go whatever is over."""
        for kept in self.transfers.values():
            if kept.status == "pending" and kept.expires_at is not None and kept.expires_at <= now:
                kept.status = "expired"

    def reverse(self, who: str, transfer_id: str, reversal_id: str) -> str:
        kept = self.transfers.get(transfer_id)
        if kept is None:
            return "transfer_not_found"
        if any(amount > 0 and not self.may(who, account) for account, amount in kept.moved):
            return "permission_denied"
        if kept.reversed_by is not None:
            return "" if kept.reversed_by == reversal_id else "already_reversed"
        if not kept.moved or kept.reverses is not None:
            return "not_reversible"
        if reversal_id in self.transfers:
            return "exists_with_different_legs"
        legs = tuple((account, -amount) for account, amount in kept.moved)
        if any(amount < 0 and self.available(account) < -amount for account, amount in legs):
            return "insufficient_funds"
        kept.reversed_by = reversal_id
        made = Kept(legs, False, None, None, "posted", reverses=transfer_id)
        self.transfers[reversal_id] = made
        self.move(reversal_id, legs)
        return ""

    def not_pending(self, who: str, kept: Kept | None) -> str:
        if kept is None:
            return "transfer_not_found"
        if any(amount < 0 and not self.may(who, account) for account, amount in kept.legs):
            return "permission_denied"
        return "" if kept.status == "pending" else "transfer_not_pending"

    def move(self, transfer_id: str, legs: Legs) -> None:
        self.transfers[transfer_id].moved = legs
        for account, amount in legs:
            self.balances[account] += amount

    def may(self, who: str, account: str) -> bool:
        return who == ADMIN or owner_of(account) == who


def accounts(legs: Legs, sign: int) -> set[str]:
    return {account for account, amount in legs if amount * sign > 0}


def owner_of(account: str) -> str:
    return account.split(":")[2]


def balanced(legs: Legs) -> bool:
    sums: defaultdict[str, int] = defaultdict(int)
    for account, amount in legs:
        sums[account.split(":")[1]] += amount
    names = [account for account, _ in legs]
    return bool(legs) and not any(sums.values()) and len(set(names)) == len(names)
