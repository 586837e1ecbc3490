"""Every balance and every transfer, added up once more with a dictionary and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.facts import Fact, table
from aia_mas.interfaces.economy_audit.findings import Findings
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.table import Projection

_AREA = "ledger"
_SETTLEMENT = "system:settlement"
_OWNED = ("wallet", "staked", "unbonding")

Changes = dict[str, tuple[int, int]]
"""By account: what comes in (below 0: goes out), and how much more is held of it."""


class Transfer:
    """A transfer as far as the audit needs it later."""

    __slots__ = ("held", "legs", "pending", "reversed_by", "reverses", "status")

    def __init__(self, legs: bytes, held: bytes | None, status: str, reverses: str | None) -> None:
        """Keep its legs as JSON, which takes less room than lists."""
        self.legs = legs
        self.held = held
        self.status = status
        self.reverses = reverses
        self.reversed_by: str | None = None


class LedgerAudit:
    """Recomputes accounts and transfers, and compares them with the read model.

    Attributes:
        balances: What is in each account.
        held: What pending transfers hold of it.
    """

    name = _AREA
    model: Projection | None = LEDGER
    categories = frozenset({"account", "transfer"})

    def __init__(self, findings: Findings) -> None:
        """Begin with nothing in any account."""
        self.balances: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self._findings = findings
        self._tables = LEDGER.table_names()
        self._transfers: dict[str, Transfer] = {}
        # What the events of accounts said, until the event of the transfer comes.
        self._told: defaultdict[tuple[str, str], Changes] = defaultdict(dict)
        self._lines: AsyncIterator[TupleRow] | None = None

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in (``connection``: where the read model is; None: it is not so far)."""
        if fact.topic == "account.changed.v1":
            self._account(fact)
            if connection is not None:
                await self._line(fact, connection)
        elif fact.topic in _TRANSFERS:
            _TRANSFERS[fact.topic](self, fact)

    def legs(self, transfer_id: str) -> dict[str, int]:
        """Return what a transfer has moved, by account; nothing: there is none."""
        transfer = self._transfers.get(transfer_id)
        return {} if transfer is None else dict(json.loads(transfer.legs))

    def status(self, transfer_id: str) -> str | None:
        """Return how far a transfer is; None: there is none."""
        transfer = self._transfers.get(transfer_id)
        return None if transfer is None else transfer.status

    def _account(self, fact: Fact) -> None:
        account, data = fact.subject, fact.data
        amount, held = data.get("amount", 0), data.get("held", 0)
        before, before_held = self.balances.get(account, 0), self.held.get(account, 0)
        self._find(account, fact, "the balance", data["balance"], before + amount)
        self.balances[account], self.held[account] = before + amount, held
        if not account.startswith("issuance:") and before + amount < held:
            self._wrong(account, fact, f"has {before + amount}, of which {held} are held")
        if account.split(":", 1)[0] not in _OWNED and fact.actor != _SETTLEMENT:
            self._wrong(account, fact, f"is the system's and was written by {fact.actor}")
        told = self._told[fact.command_id, data["transfer_id"]]
        known = told.get(account, (0, 0))
        told[account] = (known[0] + amount, known[1] + held - before_held)

    async def _line(self, fact: Fact, connection: AsyncConnection[TupleRow]) -> None:
        """Compare an event with the line of the read model at its position."""
        if self._lines is None:
            columns = "position, account_id, transfer_id, reason, amount, balance, held"
            query = f"select {columns} from {self._tables[1]} order by position"  # noqa: S608
            self._lines = table(connection, "lines", query)
        row = await anext(self._lines, None)
        data = fact.data
        told = (
            fact.position,
            fact.subject,
            data["transfer_id"],
            data["reason"],
            data.get("amount", 0),
            data["balance"],
            data.get("held", 0),
        )
        self._find(fact.subject, fact, "its line", row, told)

    def _posted(self, fact: Fact) -> None:
        legs, reverses = fact.data["legs"], fact.data.get("reverses")
        self._balanced(fact, legs)
        self._moved(fact, {account: (amount, 0) for account, amount in legs})
        self._new(fact, Transfer(_packed(legs), None, "posted", reverses))

    def _hold(self, fact: Fact) -> None:
        legs = fact.data["legs"]
        self._moved(fact, {account: (0, -amount) for account, amount in legs if amount < 0})
        self._new(fact, Transfer(b"[]", _packed(legs), "pending", None))

    def _hold_posted(self, fact: Fact) -> None:
        transfer = self._pending(fact)
        if transfer is None:
            return
        legs = fact.data["legs"]
        self._balanced(fact, legs)
        expected: Changes = {account: (amount, 0) for account, amount in legs}
        for account, amount in json.loads(transfer.held or b"[]"):
            if amount < 0:
                moved, _ = expected.get(account, (0, 0))
                expected[account] = (moved, amount)
                if moved < amount:
                    self._wrong(fact.subject, fact, f"moves {moved} of {amount} from {account}")
        self._moved(fact, expected)
        transfer.legs, transfer.status = _packed(legs), "posted"

    def _voided(self, fact: Fact) -> None:
        transfer = self._pending(fact)
        if transfer is None:
            return
        legs = json.loads(transfer.held or b"[]")
        self._moved(fact, {account: (0, amount) for account, amount in legs if amount < 0})
        transfer.status = "expired" if fact.data.get("expired") else "voided"

    def _reversed(self, fact: Fact) -> None:
        transfer, reversal_id = self._transfers.get(fact.subject), fact.data["reversal_id"]
        reversal = self._transfers.get(reversal_id)
        if transfer is None or reversal is None:
            self._wrong(fact.subject, fact, f"is reversed by {reversal_id}; one of them is missing")
            return
        if transfer.reversed_by is not None:
            self._wrong(fact.subject, fact, f"is reversed twice, before by {transfer.reversed_by}")
        transfer.reversed_by = reversal_id
        back = sorted([account, -amount] for account, amount in json.loads(transfer.legs))
        self._find(reversal_id, fact, "its legs", sorted(json.loads(reversal.legs)), back)
        self._find(reversal_id, fact, "what it reverses", reversal.reverses, fact.subject)

    def _new(self, fact: Fact, transfer: Transfer) -> None:
        if fact.subject in self._transfers:
            self._wrong(fact.subject, fact, "happens twice")
        self._transfers[fact.subject] = transfer

    def _pending(self, fact: Fact) -> Transfer | None:
        transfer = self._transfers.get(fact.subject)
        if transfer is None or transfer.status != "pending":
            status = "missing" if transfer is None else transfer.status
            self._wrong(fact.subject, fact, f"is to end, and is {status}")
            return None
        return transfer

    def _balanced(self, fact: Fact, legs: list[list[Any]]) -> None:
        sums: defaultdict[str, int] = defaultdict(int)
        for account, amount in legs:
            sums[account.split(":")[1]] += amount
        for token, total in sums.items():
            self._find(fact.subject, fact, f"the sum of its legs in {token}", total, 0)
        self._find(fact.subject, fact, "accounts", len({leg[0] for leg in legs}), len(legs))

    def _moved(self, fact: Fact, expected: Changes) -> None:
        """Compare what a transfer says with what the accounts said just before it."""
        told = self._told.pop((fact.command_id, fact.subject), {})
        self._find(fact.subject, fact, "what it changed", told, expected)

    def _find(self, subject: str, fact: Fact, what: str, there: object, should: object) -> None:
        self._findings.compare(_AREA, subject, fact.position, what, there, should)

    def _wrong(self, subject: str, fact: Fact, detail: str) -> None:
        self._findings.add(_AREA, subject, fact.position, detail)

    def finish(self, position: int) -> None:
        """Look for changes without a transfer, and for tokens that came from nowhere."""
        for (_, transfer_id), changes in self._told.items():
            self._findings.add(_AREA, transfer_id, position, f"changed {changes}, and is missing")
        sums: defaultdict[str, int] = defaultdict(int)
        for account, balance in self.balances.items():
            sums[account.split(":")[1]] += balance
        for token, total in sums.items():
            self._findings.compare(_AREA, token, position, "the sum of all accounts", total, 0)

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model as it was folded up to a position."""
        find = self._findings.compare
        accounts, lines, transfers = self._tables[:3]
        seen = 0
        query = f"select account_id, balance, held from {accounts}"  # noqa: S608
        async for account, balance, held in table(connection, "accounts", query):
            seen += 1
            there, should = (balance, held), (self.balances.get(account), self.held.get(account))
            find(_AREA, account, position, "balance and held in the read model", there, should)
        find(_AREA, accounts, position, "the number of accounts", seen, len(self.balances))
        if self._lines is not None and (row := await anext(self._lines, None)) is not None:
            self._findings.add(_AREA, lines, position, f"there is a line more: {row}")
        await self._compare_transfers(connection, position, transfers)

    async def _compare_transfers(
        self, connection: AsyncConnection[TupleRow], position: int, name: str
    ) -> None:
        seen = 0
        columns = "transfer_id, status, legs, held, reverses, reversed_by"
        query = f"select {columns} from {name}"  # noqa: S608
        async for transfer_id, *row in table(connection, "transfers", query):
            seen += 1
            known = self._transfers.get(transfer_id)
            should = None
            if known is not None:
                held = None if known.held is None else json.loads(known.held)
                should = [
                    known.status, json.loads(known.legs), held, known.reverses, known.reversed_by
                ]  # fmt: skip
            there = [row[0], _legs(row[1]), None if row[2] is None else _legs(row[2]), *row[3:]]
            self._findings.compare(
                _AREA, transfer_id, position, "the transfer in the read model", there, should
            )
        self._findings.compare(
            _AREA, name, position, "the number of transfers", seen, len(self._transfers)
        )


_TRANSFERS: Mapping[str, Any] = {
    "transfer.posted.v1": LedgerAudit._posted,
    "transfer.held.v1": LedgerAudit._hold,
    "transfer.hold_posted.v1": LedgerAudit._hold_posted,
    "transfer.hold_voided.v1": LedgerAudit._voided,
    "transfer.reversed.v1": LedgerAudit._reversed,
}


def _packed(legs: list[list[Any]]) -> bytes:
    return json.dumps(legs, separators=(",", ":")).encode()


def _legs(stored: list[dict[str, str]]) -> list[list[Any]]:
    """Return legs of the read model in the form of the events."""
    return [[leg["account"], int(leg["amount"])] for leg in stored]
