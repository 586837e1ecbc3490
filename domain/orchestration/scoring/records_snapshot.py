"""The records of agents as rows: copied, encoded and read back in small pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from aia_mas.domain.kernel.steps import Steps, chunks, copied, drained
from aia_mas.domain.orchestration.scoring.records import (
    AgentRecord,
    Attempt,
    Pair,
    Records,
    TypeRecord,
)

_COPIED, _ROWS, _AGENTS = 100, 500, 50
"""Per step or piece; an agent's row has one entry for each type that it does."""

_Pairs = tuple[tuple[str, tuple[int, int, int]], ...]
# Who, whether it is there, good, seen, penalty, and its pairs by type.
_Agent = tuple[str, bool, int, int, int, _Pairs]
# Which, good, seen, count, took.
_Type = tuple[str, int, int, int, int]


class RecordsSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """All records, or a part of them; see ``Records`` (``all``: ``good`` and ``seen`` of all)."""

    agents: list[_Agent] = []
    types: list[_Type] = []
    attempts: list[tuple[str, Attempt]] = []
    finished: list[tuple[str, str]] = []
    sticky: list[tuple[str, str]] = []
    all: tuple[int, int] = (0, 0)


def copy_of(records: Records) -> Steps[RecordsSnapshot]:
    """Return a copy that nobody changes; nothing may be folded between the steps."""
    agents: list[_Agent] = []
    for there, kept in ((True, records.agents), (False, records.gone)):
        for some in chunks(kept.items(), _COPIED):
            agents += [
                (agent_id, there, each.good, each.seen, each.penalty, tuple(each.pairs.items()))
                for agent_id, each in some
            ]
            yield
    types = [
        (name, each.good, each.seen, each.count, each.took) for name, each in records.types.items()
    ]
    attempts = yield from copied(records.attempts.items())
    finished = yield from copied(records.finished.items())
    sticky = yield from copied(records.sticky.items())
    return RecordsSnapshot(agents, types, attempts, finished, sticky, (records.good, records.seen))


def parts_of(snapshot: RecordsSnapshot) -> Iterator[RecordsSnapshot]:
    """Yield a snapshot in parts that are encoded within about a millisecond; uses it up."""
    yield RecordsSnapshot(all=snapshot.all)
    for types in chunks(snapshot.types, _ROWS):
        yield RecordsSnapshot(types=types)
    for agents in drained(snapshot.agents, _AGENTS):
        yield RecordsSnapshot(agents=agents)
    for attempts in drained(snapshot.attempts, _ROWS):
        yield RecordsSnapshot(attempts=attempts)
    for finished in drained(snapshot.finished, _ROWS):
        yield RecordsSnapshot(finished=finished)
    for sticky in drained(snapshot.sticky, _ROWS):
        yield RecordsSnapshot(sticky=sticky)


def joined(whole: RecordsSnapshot, part: RecordsSnapshot) -> RecordsSnapshot:
    """Add a part to what was read before it, in place of copying it."""
    whole.agents.extend(part.agents)
    whole.types.extend(part.types)
    whole.attempts.extend(part.attempts)
    whole.finished.extend(part.finished)
    whole.sticky.extend(part.sticky)
    return msgspec.structs.replace(whole, all=part.all) if part.all != (0, 0) else whole


def restored(records: Records, snapshot: RecordsSnapshot) -> Steps[None]:
    """Fill empty records with what a snapshot holds."""
    records.good, records.seen = snapshot.all
    for name, *numbers in snapshot.types:
        records.types[name] = TypeRecord(*numbers)
    yield
    for some in drained(snapshot.agents, _AGENTS):
        for agent_id, there, good, seen, penalty, pairs in some:
            record = AgentRecord(good, seen, penalty)
            for task_type, row in pairs:
                pair = record.pairs[task_type] = Pair(*row)
                records.types[task_type].agents[agent_id] = pair
            (records.agents if there else records.gone)[agent_id] = record
        yield
    kept: tuple[tuple[dict[str, Any], list[Any]], ...] = (
        (records.attempts, snapshot.attempts),
        (records.finished, snapshot.finished),
        (records.sticky, snapshot.sticky),
    )
    for target, rows in kept:
        for some_rows in drained(rows, _ROWS):
            target.update(some_rows)
            yield
