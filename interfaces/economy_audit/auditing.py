"""An audit: the log from its beginning, told to one auditor for each part of the economy.

All is read in one transaction, so that servers may go on working: every read model stands at the
position of its checkpoint there, and is compared when the auditors have come to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from aia_mas.interfaces.economy_audit.accruals import AccrualsAudit
from aia_mas.interfaces.economy_audit.budgets import BudgetsAudit, IncentivesAudit
from aia_mas.interfaces.economy_audit.elections import ElectionsAudit
from aia_mas.interfaces.economy_audit.facts import Fact, facts
from aia_mas.interfaces.economy_audit.findings import Difference, Findings
from aia_mas.interfaces.economy_audit.ledger import LedgerAudit
from aia_mas.interfaces.economy_audit.rewards import RewardsAudit
from aia_mas.interfaces.economy_audit.stakes import StakesAudit
from aia_mas.projections.table import Projection

_TOLD_EVERY = 2_000


class Auditor(Protocol):
    """Recomputes one part of the economy.

    Attributes:
        name: The area of what it finds.
        model: The read model that it compares with; None: there is none.
        categories: The kinds of streams that it reads.
    """

    name: str
    model: Projection | None
    categories: frozenset[str]

    async def take(self, fact: Fact, connection: AsyncConnection[TupleRow] | None) -> None:
        """Take an event in (``connection``: where the read model is; None: it is not so far)."""
        ...

    async def compare(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Compare with the read model, which was folded up to a position."""
        ...

    def finish(self, position: int) -> None:
        """Compare the parts with each other, as all of them are at the end of the log."""
        ...


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an audit.

    Attributes:
        events: How many events were read.
        head: The last position of the log.
        positions: Up to which position each read model was compared.
        checked: How many comparisons there were, by area.
        differences: How many of them differed, by area.
        named: The differences, at most 1,000.
    """

    events: int
    head: int
    positions: dict[str, int]
    checked: dict[str, int]
    differences: dict[str, int]
    named: list[Difference]

    @property
    def right(self) -> bool:
        """Whether there is no difference."""
        return not self.differences


def auditors(findings: Findings) -> list[Auditor]:
    """Return an auditor for each part of the economy."""
    ledger = LedgerAudit(findings)
    return [
        ledger,
        StakesAudit(findings, ledger),
        AccrualsAudit(findings, ledger),
        RewardsAudit(findings, ledger),
        BudgetsAudit(findings, ledger),
        IncentivesAudit(findings, ledger),
        ElectionsAudit(findings, ledger),
    ]


async def audit(conninfo: str, progress: Callable[[int, int], None] | None = None) -> Report:
    """Recompute the economy from the log, and compare.

    Args:
        conninfo: libpq URL or keywords.
        progress: Told now and then the last position and the number of events read.
    """
    findings = Findings()
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute(
            "set transaction isolation level repeatable read, read only; set timezone = 'UTC'"
        )
        audited = auditors(findings)
        checkpoints = await _checkpoints(connection, audited, findings)
        waiting = {each.name: each for each in audited if each.name in checkpoints}
        wanted = {category for each in audited for category in each.categories}
        events = 0
        async for fact in facts(connection, wanted):
            for name in [name for name in waiting if checkpoints[name] < fact.position]:
                await waiting.pop(name).compare(connection, checkpoints[name])
            category = fact.stream.partition("/")[0]
            for each in audited:
                if category in each.categories:
                    await each.take(fact, connection if each.name in waiting else None)
            events += 1
            if progress is not None and events % _TOLD_EVERY == 0:
                progress(fact.position, events)
        for name, each in waiting.items():
            await each.compare(connection, checkpoints[name])
        head = await _head(connection)
        for each in audited:
            each.finish(head)
    return Report(
        events=events,
        head=head,
        positions=dict(checkpoints),
        checked=dict(sorted(findings.checked.items())),
        differences=dict(sorted(findings.counts.items())),
        named=findings.named,
    )


async def _checkpoints(
    connection: AsyncConnection[TupleRow], audited: list[Auditor], findings: Findings
) -> Mapping[str, int]:
    """Return how far the read model of each auditor has come."""
    cursor = await connection.execute(
        "select projection, position, stopped from projection_checkpoints"
    )
    known = {key: (position, stopped) for key, position, stopped in await cursor.fetchall()}
    found: dict[str, int] = {}
    for each in audited:
        if each.model is None:
            continue
        position, stopped = known.get(each.model.key, (None, None))
        if position is None:
            findings.add(each.name, each.model.key, 0, "the read model is missing")
            continue
        found[each.name] = position
        if stopped is not None:
            findings.add(each.name, each.model.key, position, f"the read model stopped: {stopped}")
    return found


async def _head(connection: AsyncConnection[TupleRow]) -> int:
    row = await (
        await connection.execute("select coalesce(max(last_position), 0) from batches")
    ).fetchone()
    assert row is not None
    return int(row[0])
