"""Thousands of assignments, decided again from nothing but the log, across leaders."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.scoring.policies import BUILT_IN, Policy, registered
from aia_mas.domain.orchestration.scoring.replay import decide_again
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules, AssignmentRulesChanged
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS, Weights
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskRated,
    TaskStarted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.domain.orchestration.task_status import TaskStatus

from .staked import staked

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TASKS = 4_000
TYPES = (*BUILT_IN, "of a user")
POLICIES = registered(
    [Policy("of a user", lambda shortlist, _weights, seed: seed % len(shortlist))]
)
OTHER_WEIGHTS = Weights(
    quality=1_000, latency=1_000, headroom=5_000, price=2_000, stake=1_000, affinity=0
)


class Log:
    """The log, as stored; a leader that plans on it, and a standby that follows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, type[Event], bytes]] = []
        self.leader = Dispatching(policies=POLICIES)
        self.standby = Dispatching(policies=POLICIES)
        self.at = NOW
        self.random = Random(4)
        self.skill = {f"agent{number}": self.random.random() for number in range(40)}

    def append(self, stream: str, event: Event) -> None:
        """Store an event; both nodes fold what was stored."""
        stored = msgspec.json.encode(event)
        self.rows.append((stream, type(event), stored))
        for fold in (self.leader, self.standby):
            fold.apply(stream, msgspec.json.decode(stored, type=type(event)))

    def change_leader(self) -> None:
        """The leader dies; the standby goes on, and a new node begins from its snapshot."""
        self.leader = self.standby
        pieces = list(encode_snapshot(at_once(self.leader.snapshot())))
        snapshot = at_once(decode_snapshot(pieces))
        self.standby = at_once(Dispatching.restore(snapshot, policies=POLICIES))

    def work(self, planned: PlannedAssignment, task_type: str) -> None:
        """Have an assignment made and the attempt come to an end."""
        stream, agent_id, attempt = f"task/{planned.task_id}", planned.agent_id, planned.attempt
        common: dict[str, Any] = {"agent_id": agent_id, "attempt": attempt}
        assigned = TaskAssigned(
            **common,
            lease="L",
            lease_seconds=planned.lease_seconds,
            assigned_at=self.at,
            price=planned.price,
            considered=planned.considered,
            load=planned.load,
            **planned.grounds._asdict(),
        )
        self.append(stream, assigned)
        self.append(stream, TaskStarted(**common, lease="L", started_at=self.at))
        self.at += timedelta(milliseconds=self.random.randrange(5, 500))
        if self.random.random() < self.skill[agent_id]:
            self.append(stream, TaskCompleted(**common, lease="L", completed_at=self.at))
            if self.random.random() < 0.3:
                rating = self.random.random()
                self.append(stream, TaskRated(**common, rating=rating, by="o", at=self.at))
            return
        failed = TaskFailed(
            **common,
            error_code="e",
            retryable=True,
            outcome=TaskStatus.FAILED if attempt > 2 else TaskStatus.QUEUED,
            failed_at=self.at,
        )
        self.append(stream, failed)


@pytest.fixture(scope="module")
def log() -> Log:
    """A long history with every policy, two sets of weights and several leaders."""
    log = Log()
    for number, agent_id in enumerate(log.skill):
        able = Capabilities(
            specializations=(TYPES[number % len(TYPES)],),
            max_concurrent_tasks=1 + number % 5,
            cost_per_task=log.random.randrange(10) * 10**18,
        )
        stake = log.random.randrange(2_000) * 10**18
        event = AgentRegistered(capabilities=able, owner="o", registered_at=NOW)
        log.append(f"stake/{agent_id}", staked(stake))
        log.append(f"agent/{agent_id}", event)
    for number in range(TASKS):
        task_type = TYPES[number % len(TYPES)]
        if number in {TASKS // 4, TASKS // 2}:
            rules = AssignmentRules(
                revision=1 if number == TASKS // 4 else 2,
                weights=OTHER_WEIGHTS if number == TASKS // 4 else DEFAULT_WEIGHTS,
                by_type={name: name for name in TYPES},
            )
            log.append("assignment/rules", AssignmentRulesChanged(rules=rules, by="o", at=NOW))
        if number % (TASKS // 5) == 77:
            log.change_leader()
        key = f"key{number % 30}" if number % 2 else None
        wanted = (f"agent{number % 40}",) if number % 9 == 0 else ()
        spec = TaskSpecification(
            task_type=task_type,
            requirements=Requirements(sticky_key=key, preferred_agents=wanted),
            max_cost=None if number % 3 else 8 * 10**18,
        )
        submitted = TaskSubmitted(spec=spec, submitted_at=log.at, owner="o")
        log.append(f"task/t{number}", submitted)
        if number % 4:
            continue  # several wait and are planned together
        for planned in log.leader.plan(log.at, 100):
            log.work(planned, task_type)
    return log


def assignments(log: Log) -> list[tuple[str, TaskAssigned, Weights]]:
    """Read the log from its beginning: each assignment with the weights then in force."""
    weights = {0: DEFAULT_WEIGHTS}
    found = []
    for stream, kind, stored in log.rows:
        event = msgspec.json.decode(stored, type=kind)
        if isinstance(event, AssignmentRulesChanged):
            weights[event.rules.revision] = event.rules.weights
        elif isinstance(event, TaskAssigned):
            found.append((stream, event, weights[event.revision]))
    return found


def test_every_assignment_in_the_log_is_decided_the_same_again(log):
    found = assignments(log)

    assert len(found) > TASKS
    assert {event.policy for _, event, _ in found} == set(TYPES)
    assert {event.revision for _, event, _ in found} == {0, 1, 2}
    wrong = [
        (stream, event.policy)
        for stream, event, weights in found
        if decide_again(event, weights, POLICIES) != event.agent_id
    ]
    assert wrong == []


def test_the_history_left_room_for_other_choices(log):
    """Else the test above would say little."""
    scored = [
        (event, weights) for _, event, weights in assignments(log) if event.policy == "scored"
    ]
    ranks = Counter(
        [each.agent_id for each in event.candidates].index(event.agent_id) for event, _ in scored
    )
    assert len(ranks) >= 5
    otherwise = [
        event
        for event, weights in scored
        if decide_again(event, OTHER_WEIGHTS if weights is DEFAULT_WEIGHTS else DEFAULT_WEIGHTS)
        != event.agent_id
    ]
    assert len(otherwise) > len(scored) // 20
    assert sum(len(event.candidates) == 8 for event, _ in scored) > len(scored) // 2


def test_a_leader_that_begins_anew_from_the_log_plans_what_the_old_one_would(log):
    rebuilt = Dispatching(policies=POLICIES)
    for stream, kind, stored in log.rows:
        rebuilt.apply(stream, msgspec.json.decode(stored, type=kind))
    for number, task_type in enumerate(TYPES):
        spec = TaskSpecification(task_type=task_type)
        submitted = TaskSubmitted(spec=spec, submitted_at=log.at, owner="o")
        for fold in (log.standby, rebuilt):
            fold.apply(f"task/last{number}", submitted)

    plans = [fold.plan(log.at, 100) for fold in (log.standby, rebuilt)]
    assert plans[0] == plans[1]
    assert len(plans[0]) >= len(TYPES)
    assert at_once(rebuilt.fleet.snapshot()) == at_once(log.standby.fleet.snapshot())


def test_an_assignment_of_a_former_release_is_left_alone():
    event = TaskAssigned(
        agent_id="a", attempt=1, lease="L", lease_seconds=1.0, assigned_at=NOW, policy="old"
    )

    assert decide_again(event, DEFAULT_WEIGHTS) is None
