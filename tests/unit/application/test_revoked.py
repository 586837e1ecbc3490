"""Which tokens a node refuses, from what it reads at its start and what it hears then."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any
from uuid import uuid4

import pytest

from aia_mas.application.access import handlers as access
from aia_mas.application.access.revoked import Revocations
from aia_mas.application.clock import SystemClock
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation
from aia_mas.domain.access.revocations import REVOCATIONS, TokensRevoked

from .dispatcher_node import NoSnapshots

NOW = datetime.now(UTC)
STAMP = NOW.timestamp()


@pytest.fixture
async def log() -> AsyncIterator[MemoryEventLog]:
    async with MemoryEventLog(EventMapper(access.EVENTS)).running() as log:
        yield log


async def revoke(log: MemoryEventLog, **what: Any) -> None:
    head = (await log.stream_heads([REVOCATIONS])).get(REVOCATIONS)
    version, command = (head.version, head.command_id) if head else (0, "")
    event = TokensRevoked(**{"by": "root", "at": NOW, **what})
    events = new_events(log.mapper, REVOCATIONS, version, [event])
    expected = [Expectation(REVOCATIONS, version, command)]
    await log.append(AppendRequest(uuid4().hex, events, expected))


async def started(log: MemoryEventLog) -> Revocations:
    revocations = Revocations(log, SystemClock())
    await revocations.load(WorkingSet(log, access.EVOLVERS, NoSnapshots()))
    return revocations


async def test_a_node_knows_what_was_revoked_before_it_started_and_after(
    log: MemoryEventLog,
) -> None:
    await revoke(log, subject="ann", issued_before=NOW)
    node = await started(log)
    heard: list[int] = []
    node.listen(lambda: heard.append(log.feed.position))
    assert node.refuse("ann", "t1", STAMP - 1)
    assert not node.refuse("bob", "t1", STAMP - 1)
    await revoke(log, token_id="t1")
    assert node.refuse("bob", "t1", STAMP)
    assert heard == [2]


async def test_what_is_revoked_while_a_node_reads_is_known(log: MemoryEventLog) -> None:
    node = Revocations(log, SystemClock())
    await revoke(log, subject="ann", issued_before=NOW)
    assert node.refuse("ann", None, -inf)
    working_set = WorkingSet(log, access.EVOLVERS, NoSnapshots())
    # What it reads may be from before what it has heard.
    working_set.begin(REVOCATIONS)
    await node.load(working_set)
    assert node.refuse("ann", None, -inf)


@pytest.mark.parametrize(
    ("issued_at", "refused"),
    [(STAMP - 1, True), (STAMP, False), (STAMP + 1, False), (-inf, True), (inf, False)],
    ids=["before", "then", "after", "never told", "ever after"],
)
async def test_of_a_subject_only_what_was_issued_before_is_refused(
    log: MemoryEventLog, issued_at: float, refused: bool
) -> None:
    await revoke(log, subject="ann", issued_before=NOW)
    assert (await started(log)).refuse("ann", None, issued_at) is refused


async def test_a_revocation_that_is_over_refuses_nothing(log: MemoryEventLog) -> None:
    await revoke(log, token_id="t1", expires_at=NOW - timedelta(seconds=1))
    await revoke(log, subject="ann", issued_before=NOW, expires_at=NOW - timedelta(seconds=1))
    node = await started(log)
    assert not node.refuse("ann", "t1", -inf)
    assert node.in_force() == []
