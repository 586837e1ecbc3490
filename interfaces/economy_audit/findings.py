"""What an audit of the economy finds: every difference by its subject and place in the log."""

from __future__ import annotations

from collections import Counter

import msgspec

MOST = 1_000
"""Differences that are named; the others are counted."""


class Difference(msgspec.Struct, frozen=True):
    """Something that is not as it follows from the log.

    Attributes:
        area: What it is about: ``log``, ``ledger``, ``stakes``, ``accruals``, ``rewards``,
            ``budgets``, ``incentives``, ``elections``.
        subject: Which account, transfer, agent, budget, proposal.
        position: Where in the log it came up.
        detail: What is there, and what should be.
    """

    area: str
    subject: str
    position: int
    detail: str


class Findings:
    """Collects differences.

    Attributes:
        named: The first of them.
        counts: How many there are, by area.
        checked: How many comparisons there were, by area.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.named: list[Difference] = []
        self.counts: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()

    def add(self, area: str, subject: str, position: int, detail: str) -> None:
        """Take a difference in."""
        self.counts[area] += 1
        if len(self.named) < MOST:
            self.named.append(Difference(area, subject, position, detail))

    def compare(
        self, area: str, subject: str, position: int, what: str, there: object, should: object
    ) -> None:
        """Take in a difference if there is one (``there``: what is; ``should``: what is to be)."""
        self.checked[area] += 1
        if there != should:
            self.add(area, subject, position, f"{what} is {there}, and should be {should}")
