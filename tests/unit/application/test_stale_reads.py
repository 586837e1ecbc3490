"""Signs of life and claims on a node that has not yet heard what another one did."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.claims import Claims
from aia_mas.application.orchestration.heartbeats import Heartbeats
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.presence import MemoryPresence, Presence
from aia_mas.application.processes.deadlines import ExpiryFold
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskReleased,
    TaskStarted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .conftest import ALICE
from .held_log import HeldLog

AT = datetime(2026, 1, 2, tzinfo=UTC)
REGISTERED = AgentRegistered(capabilities=Capabilities(), owner="alice", registered_at=AT)
SUBMITTED = TaskSubmitted(spec=TaskSpecification(task_type="x"), submitted_at=AT, owner="alice")


def assigned(agent_id: str, attempt: int) -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id, attempt=attempt, lease=f"l{attempt}", lease_seconds=60.0, assigned_at=AT
    )


class Node:
    """What a node needs to take signs of life and to hand out work."""

    def __init__(self) -> None:
        clock = ManualClock()
        self.log = HeldLog(EventMapper(orchestration.EVENTS))
        self.open_work = ExpiryFold()
        working_set = WorkingSet(self.log, orchestration.EVOLVERS, NoSnapshots())
        self.workload = Workload(working_set, self.open_work)
        engine = Engine(
            self.log,
            working_set,
            orchestration.handlers(
                active_tasks=lambda _: 0, seat=Seats(lambda: 0, 9).place, place=lambda _: None
            ),
            orchestration.EVOLVERS,
            clock,
            lambda: f"id{next(self.log.made_up_ids)}",
        )
        presence = Presence(MemoryPresence(clock), clock)
        self.heartbeats = Heartbeats(engine, presence, self.workload, clock, interval=30.0)
        self.claims = Claims(self.log, self.workload, clock)

    def elsewhere(self, stream: str, *events: Event) -> None:
        """Another node commits events; the fold here knows them, the states in memory do not."""
        before = len(self.log.events)
        self.log.elsewhere(stream, *events)
        for event in self.log.events[before:]:
            self.open_work.apply(event)


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.mark.parametrize("before", [(), (REGISTERED, AgentUnregistered(at=AT))])
async def test_an_agent_registered_elsewhere_a_moment_ago_is_heard(
    node: Node, before: tuple[Event, ...]
) -> None:
    if before:
        node.elsewhere("agent/a1", *before)
    with pytest.raises(AgentNotFound):
        await node.heartbeats.agent("a1", ALICE)
    node.elsewhere("agent/a1", REGISTERED)

    assert (await node.heartbeats.agent("a1", ALICE)).status == "active"


async def test_a_task_assigned_elsewhere_a_moment_ago_is_claimed(node: Node) -> None:
    node.elsewhere("task/t1", SUBMITTED)
    assert await node.workload.task("t1") is not None
    node.elsewhere("task/t1", assigned("a1", 1))

    [claimed] = await node.claims.claim("a1", limit=1, wait=0.0)
    assert (claimed.task_id, claimed.lease) == ("t1", "l1")


async def test_a_task_that_went_to_somebody_else_elsewhere_is_claimed_by_that_one(
    node: Node,
) -> None:
    node.elsewhere("task/t1", SUBMITTED, assigned("a1", 1))
    await node.workload.task("t1")
    released = TaskReleased(
        agent_id="a1",
        attempt=1,
        reason=ReleaseReason.NOT_STARTED,
        outcome=TaskStatus.QUEUED,
        released_at=AT,
    )
    node.elsewhere("task/t1", released, assigned("a2", 2))

    assert await node.claims.claim("a1", limit=1, wait=0.0) == []
    [claimed] = await node.claims.claim("a2", limit=1, wait=0.0)
    assert claimed.lease == "l2"


async def test_a_state_ahead_of_the_fold_is_not_read_again(node: Node) -> None:
    """The start is on its way to the fold of open work; the task is not handed out once more."""
    node.elsewhere("task/t1", SUBMITTED, assigned("a1", 1))
    node.log.elsewhere("task/t1", TaskStarted(agent_id="a1", attempt=1, lease="l1", started_at=AT))
    await node.workload.task("t1")
    node.log.read_streams = None  # type: ignore[assignment, method-assign]

    assert await node.claims.claim("a1", limit=1, wait=0.0) == []
