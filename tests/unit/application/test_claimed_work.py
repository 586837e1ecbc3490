"""What agents are handed: nothing that is not in the log, from a memory that is bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import claims as module
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.claims import Claims
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.orchestration.standing import LostTask, standing
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.processes.deadlines import ExpiryFold
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import (
    AssignTask,
    CancelTask,
    FailTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .conftest import settle
from .held_log import HeldLog

TESTER = system("test")


class Node:
    """Claims over a log in memory, and what they look into."""

    def __init__(self, log: HeldLog) -> None:
        self.log = log
        clock = ManualClock()
        working_set = WorkingSet(log, orchestration.EVOLVERS, NoSnapshots())
        fold = ExpiryFold()
        self.host = FoldHost(log, fold)
        self.workload = Workload(working_set, fold)
        self.claims = Claims(log, self.workload, clock)
        self.engine = Engine(
            log,
            working_set,
            orchestration.handlers(
                active_tasks=lambda _: 0,
                seat=Seats(lambda: 0, 1000).place,
                place=lambda _: None,
            ),
            orchestration.EVOLVERS,
            clock,
            lambda: f"id{len(log.events)}",
        )

    async def do(self, command: Any) -> None:
        """Carry out a command, and let the fold have it."""
        await self.engine.execute(command, TESTER)
        await settle()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """A node with an agent."""
    log = HeldLog(EventMapper(orchestration.EVENTS))
    async with log.running(), anyio.create_task_group() as tasks:
        made = Node(log)
        tasks.start_soon(made.host.run)
        await made.do(RegisterAgent(agent_id="a", capabilities=Capabilities()))
        yield made
        log.gate.set()
        tasks.cancel_scope.cancel()


def submit(task_id: str, payload: str = "") -> SubmitTask:
    """Return the command that submits a task."""
    return SubmitTask(task_id=task_id, spec=TaskSpecification(task_type="x", payload=payload))


def assign(task_id: str, attempt: int = 1) -> AssignTask:
    """Return the command that gives a task to the agent."""
    lease = f"{task_id}:{attempt}"
    return AssignTask(
        task_id=task_id, attempt=attempt, agent_id="a", lease=lease, lease_seconds=60.0
    )


async def test_an_assignment_that_is_not_committed_is_not_handed_out(node: Node) -> None:
    """The fold of open work may lag behind the one that assignments are planned on."""
    await node.do(submit("t"))
    await node.do(assign("t"))
    (claimed,) = await node.claims.claim("a", 10, 0)
    assert claimed.lease == "t:1"

    fold = node.host.fold
    apply, held = fold.apply, []
    fold.apply = held.append  # type: ignore[method-assign]
    failed = FailTask(
        task_id="t", agent_id="a", lease="t:1", error_code="e", retryable=True, jitter=0.0
    )
    await node.do(failed)
    node.log.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(node.do, assign("t", 2))
        await settle()
        assert await node.claims.claim("a", 10, 0) == []

        fold.apply = apply  # type: ignore[method-assign]
        for event in held:
            apply(event)
        assert await node.claims.claim("a", 10, 0) == []
        node.log.gate.set()
    (claimed,) = await node.claims.claim("a", 10, 0)
    assert claimed.lease == "t:2"


@pytest.mark.parametrize(
    ("bound", "value"), [("REMEMBERED", 3), ("REMEMBERED_BYTES", 40_000)], ids=["count", "bytes"]
)
async def test_submissions_in_memory_are_bounded(
    node: Node, monkeypatch: pytest.MonkeyPatch, bound: str, value: int
) -> None:
    """What is no longer there is read from the log."""
    monkeypatch.setattr(module, bound, value)
    payload = "x" * 10_000
    for number in range(10):
        await node.do(submit(f"t{number}", payload))
        await node.do(assign(f"t{number}"))

    assert list(node.claims._submissions) == ["t7", "t8", "t9"]
    claimed = await node.claims.claim("a", 10, 0)
    assert [each.task_id for each in claimed] == [f"t{number}" for number in range(10)]
    assert all(each.payload == payload for each in claimed)


async def test_one_submission_larger_than_the_bound_does_no_harm(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED_BYTES", 1_000)
    await node.do(submit("t", "x" * 10_000))
    await node.do(assign("t"))

    assert not node.claims._submissions
    assert node.claims._bytes == 0
    assert len(await node.claims.claim("a", 10, 0)) == 1


async def test_a_claim_is_bounded_by_bytes_but_never_empty_for_them(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What did not fit is handed out once the others are started."""
    monkeypatch.setattr(module, "CLAIM_BYTES", 25_000)
    for number, size in enumerate((10_000, 10_000, 10_000, 30_000)):
        await node.do(submit(f"t{number}", "x" * size))
        await node.do(assign(f"t{number}"))

    for expected in (["t0", "t1"], ["t2"], ["t3"]):
        claimed = await node.claims.claim("a", 10, 0)
        assert [each.task_id for each in claimed] == expected
        for task_id in expected:
            await node.do(StartTask(task_id=task_id, agent_id="a", lease=f"{task_id}:1"))


async def test_a_claim_that_waits_ends_when_the_agent_loses_what_it_works_on(node: Node) -> None:
    """However long it may wait: nothing else happens, and the clock stands still."""
    await node.do(submit("t"))
    await node.do(assign("t"))
    await node.do(StartTask(task_id="t", agent_id="a", lease="t:1"))
    looks: list[list[LostTask]] = []

    async def lost() -> list[LostTask]:
        looks.append((await standing(node.workload, "a", ["t"])).lost)
        return looks[-1]

    async def claim() -> None:
        assert await node.claims.claim("a", 10, 3_600, lost) == []

    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(claim)
            await settle()
            assert looks == [[]]
            await node.do(CancelTask(task_id="t"))

    assert looks[-1] == [LostTask("t", "cancelled", 1)]
