"""A ledger of the product's own making, told to an auditor as plain facts."""

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Book, Entry, Leg
from aia_mas.domain.kernel import Context
from aia_mas.interfaces.economy_audit.facts import Fact
from aia_mas.interfaces.economy_audit.findings import Difference, Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class AnyState(dict[str, Any]):
    """States of streams; those that were never written are not there yet."""

    def __missing__(self, stream: str) -> None:
        return None


class Told:
    """Books one command after the other and keeps what happened as facts."""

    def __init__(self) -> None:
        self.states: AnyState = AnyState()
        self.facts: list[Fact] = []
        self._commands = 0

    def book(self) -> Book:
        book = Book({}, Context(now=NOW, head=0, principal=SETTLEMENT))
        book._states = AnyState(self.states)
        return book

    def keep(self, book: Book) -> "Told":
        self._commands += 1
        self.states = AnyState(book._states)
        for stream, event in book.events:
            data = msgspec.json.decode(msgspec.json.encode(event))
            fact = Fact(
                len(self.facts) + 1,
                stream,
                event.topic,
                NOW,
                SETTLEMENT.subject,
                f"c{self._commands}",
                data,
            )
            self.facts.append(fact)
        return self

    def post(self, transfer_id: str, *legs: tuple[str, int], reason: str = "test") -> "Told":
        book = self.book()
        book.post(entry(transfer_id, legs, reason))
        return self.keep(book)

    def hold(self, transfer_id: str, *legs: tuple[str, int]) -> "Told":
        book = self.book()
        book.hold(entry(transfer_id, legs, "test"))
        return self.keep(book)

    def post_held(self, transfer_id: str, *legs: tuple[str, int]) -> "Told":
        book = self.book()
        book.post_held(transfer_id, [Leg(*leg) for leg in legs] or None)
        return self.keep(book)

    def void(self, transfer_id: str) -> "Told":
        book = self.book()
        book.void(transfer_id)
        return self.keep(book)

    def reverse(self, transfer_id: str, reversal_id: str) -> "Told":
        book = self.book()
        book.reverse(transfer_id, reversal_id)
        return self.keep(book)


def entry(transfer_id: str, legs: Sequence[tuple[str, int]], reason: str) -> Entry:
    return Entry(transfer_id=transfer_id, legs=tuple(Leg(*leg) for leg in legs), reason=reason)


def changed(facts: Sequence[Fact], topic: str, number: int = 0, **data: Any) -> list[Fact]:
    """Return the facts with one of them, the so-maniest of a topic, telling something else."""
    facts = copy.deepcopy(list(facts))
    index = [place for place, fact in enumerate(facts) if fact.topic == topic][number]
    facts[index].data.update(data)
    return facts


async def audited(facts: Sequence[Fact]) -> tuple[LedgerAudit, list[Difference]]:
    """Return an auditor that was told some facts, and what it found."""
    findings = Findings()
    auditor = LedgerAudit(findings)
    for fact in facts:
        await auditor.take(fact, None)
    return auditor, findings.named
