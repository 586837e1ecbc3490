"""Events, states and the fleet's snapshot read back as they were written."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.money import MAX_AMOUNT
from aia_mas.domain.orchestration import (
    agent,
    bulk,
    deduplication,
    limits,
    pauses,
    seating,
    task,
)
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWebhookSecretRotated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.scoring import rules
from aia_mas.domain.orchestration.scoring.candidates import Candidate, Mark
from aia_mas.domain.orchestration.scoring.weights import DEFAULT_WEIGHTS, Weights
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskReleased,
    TaskReprioritised,
    TaskRequeued,
    TaskResultRefused,
    TaskStarted,
    TaskSubmitted,
    Usage,
)
from aia_mas.domain.orchestration.task_specification import (
    CostPolicy,
    Priority,
    Requirements,
    TaskSpecification,
    terms_of,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
FULL = Capabilities(
    specializations=("a", "ü"),
    skills={"python": 0.1, "sql": 1.0},
    max_concurrent_tasks=1000,
    cost_per_task=MAX_AMOUNT,
    labels={"zone": "eu"},
    resources={"gpu": 0.1},
    data_sources=("db",),
    endpoint="https://a",
    wallet_address="0x1",
    metadata={"deep": [{"n": None, "big": 10**33, "f": 0.1}]},
)
SPEC = TaskSpecification(
    task_type="analysis",
    description="d",
    requirements=Requirements(
        skills={"python": 0.7},
        specializations=("a",),
        labels=(
            LabelCondition("zone", value="eu"),
            LabelCondition("zone", Comparator.IN, values=("eu", "us"), preferred=True),
            LabelCondition("cores", Comparator.AT_LEAST, "8"),
        ),
        data_sources=("db",),
        preferred_agents=("a1",),
        excluded_agents=("a2",),
        resources={"gpu": 0.5},
        min_tier="gold",
        sticky_key="k",
    ),
    payload={"rows": [1, 2.5, "x", None, True], "big": 2**70},
    priority=Priority.CRITICAL,
    max_cost=10**33,
    payer="p",
    deadline=AT + timedelta(hours=1),
    timeout_seconds=1.5,
    lease_seconds=2.5,
    max_attempts=7,
    backoff_base_seconds=0.1,
    backoff_factor=1.5,
    backoff_cap_seconds=9.0,
    backoff_jitter=0.25,
    non_retryable_codes=("bad_input",),
    cost_policy=CostPolicy.REFUSE,
    dedup_key="k",
    not_before=AT + timedelta(minutes=1),
    tags=("t",),
    parent="x",
    correlation="y",
)
AGENT_LIFE = (
    AgentRegistered(
        capabilities=FULL,
        owner="o",
        initial_stake=10**33,
        registered_at=AT,
        again=True,
        counted=True,
    ),
    AgentUpdated(capabilities=FULL, revision=2),
    AgentWentOffline(last_seen=AT, at=AT),
    AgentCameOnline(at=AT),
    AgentDrained(at=AT, by_itself=True),
    AgentSuspended(reason="r", at=AT),
    AgentActivated(at=AT),
    AgentEndpointDisabled(reason="failing", failures=20, at=AT),
    AgentWebhookSecretRotated(version=2, at=AT),
    AgentEndpointEnabled(at=AT),
    AgentUnregistered(at=AT, reason="r"),
)
TASK_LIFE = (
    TaskSubmitted(spec=SPEC, submitted_at=AT, owner="o"),
    TaskAssigned(
        agent_id="a1",
        attempt=1,
        lease="L",
        lease_seconds=2.5,
        assigned_at=AT,
        price=10**33,
        policy="p",
        considered=3,
        load=1 / 3,
        revision=2,
        seed=2**53 - 1,
        candidates=(Candidate("a1", 10_000, 0, 1, 2, 3, 1_000, Mark.PREFERRED),),
        agents=9,
        with_room=5,
        reward=RewardTerms(
            tier="größe", multiplier_ppm=1_200_000, base=10**33, reserved=10**34, seconds=0.1
        ),
        unfunded="pool_empty",
    ),
    TaskStarted(agent_id="a1", attempt=1, lease="L", started_at=AT),
    TaskProgressed(
        agent_id="a1",
        attempt=1,
        percent=12.5,
        message="m",
        partial={"rows": [1]},
        log=("line",),
        waiting=True,
        at=AT,
    ),
    TaskInputRequested(
        agent_id="a1",
        attempt=1,
        number=1,
        question="q",
        choices=("yes", "no"),
        schema={"type": "string"},
        at=AT,
    ),
    TaskInputGiven(agent_id="a1", attempt=1, number=1, answer={"yes": 1}, by="o", at=AT),
    TaskReprioritised(priority=Priority.LOW, since=AT, by="o", reason="r", at=AT),
    TaskReleased(
        agent_id="a1",
        attempt=1,
        reason=ReleaseReason.REASSIGNED,
        retry_at=AT,
        outcome=TaskStatus.QUEUED,
        begun=False,
        excluded=True,
        by="o",
        note="n",
        released_at=AT,
    ),
    TaskResultRefused(agent_id="a1", lease="L", action="fail", reason="stale_lease", at=AT),
    TaskFailed(
        agent_id="a1",
        attempt=1,
        error_code="e",
        message="m",
        retryable=True,
        retry_at=AT,
        outcome=TaskStatus.DEAD,
        failed_at=AT,
    ),
    TaskRequeued(attempt=1, terms=terms_of(SPEC), by="o", at=AT),
    TaskCancelled(agent_id="a1", attempt=1, reason="r", by="o", at=AT),
    TaskExpired(agent_id="a1", attempt=1, at=AT),
    TaskCompleted(
        agent_id="a1",
        attempt=1,
        lease="L",
        result=[{"a": 2**80}],
        quality=0.1,
        usage=Usage(model="m", tokens_in=1, tokens_out=2, cost=10**33),
        over_max_cost=True,
        completed_at=AT,
    ),
    TaskRated(agent_id="a1", attempt=1, rating=0.5, comment="c", by="o", at=AT),
)
SEATS_LIFE = (seating.SeatCountBegan(at=AT), seating.SeatTaken(agent_id="a1"))
DEDUP_LIFE = (deduplication.DedupKeyTaken(task_id="t1"),)
BULK_LIFE = (
    bulk.BulkOrdered(
        action="cancel", selection={"status": ["queued"]}, count=3, reason="r", by="o", at=AT
    ),
)
RULES_LIFE = (
    rules.AssignmentRulesChanged(
        rules=rules.AssignmentRules(
            revision=3,
            weights=Weights(
                quality=5_000, latency=2_000, headroom=1_000, price=1_000, stake=0, affinity=1_000
            ),
            default="cheapest",
            by_type={"t": "sticky"},
            configured=DEFAULT_WEIGHTS,
        ),
        by="o",
        at=AT,
    ),
)
LIMIT_LIFE = (
    limits.LimitSet(key="k", max_concurrent=3, rate=10, per_seconds=0.5, by="b", at=AT),
    limits.LimitRemoved(key="k", by="b", at=AT),
)
PAUSE_LIFE = (
    pauses.DispatchPaused(task_type="t", reason="why", by="b", at=AT),
    pauses.DispatchPaused(by="b", at=AT),
    pauses.DispatchResumed(task_type="t", reason="done", by="b", at=AT),
)
SAMPLES = (
    *AGENT_LIFE,
    *TASK_LIFE,
    *SEATS_LIFE,
    *RULES_LIFE,
    *DEDUP_LIFE,
    *BULK_LIFE,
    *LIMIT_LIFE,
    *PAUSE_LIFE,
)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.topic)
def test_an_event_reads_back_as_it_was_written(event):
    stored = msgspec.json.encode(event)

    assert msgspec.json.decode(stored, type=type(event)) == event


def test_an_assignment_without_a_shortlist_is_still_read():
    """So former versions wrote them, some with a seed."""
    stored = (
        b'{"agent_id":"a1","attempt":1,"lease":"L","lease_seconds":2.5,'
        b'"assigned_at":"2026-01-02T03:04:05.678901Z","policy":"p","seed":9223372036854775808,'
        b'"considered":3}'
    )

    assert msgspec.json.decode(stored, type=TaskAssigned) == TaskAssigned(
        agent_id="a1",
        attempt=1,
        lease="L",
        lease_seconds=2.5,
        assigned_at=AT,
        policy="p",
        considered=3,
        seed=9223372036854775808,
    )


def test_requirements_of_former_versions_are_still_read():
    """Labels were a map of equal values, and an agent's resources any number."""
    stored = (
        b'{"spec":{"task_type":"t","requirements":{"labels":{"zone":"eu"}}},'
        b'"submitted_at":"2026-01-02T03:04:05Z","owner":"o"}'
    )
    agent_stored = (
        b'{"capabilities":{"resources":{"gpu":-1e300}},"owner":"o",'
        b'"registered_at":"2026-01-02T03:04:05Z"}'
    )

    task_submitted = msgspec.json.decode(stored, type=TaskSubmitted)
    registered = msgspec.json.decode(agent_stored, type=AgentRegistered)

    assert task_submitted.spec.requirements == Requirements(labels={"zone": "eu"})
    assert registered.capabilities.resources == {"gpu": -1e300}


def test_every_event_has_a_sample_and_a_topic_of_its_own():
    contexts = (agent, task, seating, rules, deduplication, bulk, limits, pauses)
    events = [event for context in contexts for event in context.EVENTS]

    assert {type(event) for event in SAMPLES} == set(events)
    assert len({event.topic for event in events}) == len(events)
    assert all(event.topic.endswith(".v1") for event in events)


@pytest.mark.parametrize(
    ("evolve", "life", "kind"),
    [
        (agent.evolve, AGENT_LIFE, agent.AgentState),
        (task.evolve, TASK_LIFE, task.TaskState),
        (seating.evolve, SEATS_LIFE, seating.SeatCount),
        (rules.evolve, RULES_LIFE, rules.AssignmentRules),
        (deduplication.evolve, DEDUP_LIFE, deduplication.DedupKey),
        (bulk.evolve, BULK_LIFE, bulk.BulkState),
        (limits.evolve, LIMIT_LIFE, limits.LimitState),
        (pauses.evolve, PAUSE_LIFE, pauses.PauseState),
    ],
)
def test_a_state_reads_back_after_every_event(evolve, life, kind):
    state = None
    for event in life:
        state = evolve(state, event)
        assert msgspec.json.decode(msgspec.json.encode(state), type=kind) == state


def test_defaults_are_not_stored():
    spec = TaskSpecification(task_type="t")
    event = TaskSubmitted(spec=spec, submitted_at=AT, owner="o")

    assert msgspec.json.encode(event) == (
        b'{"spec":{"task_type":"t"},"submitted_at":"2026-01-02T03:04:05.678901Z","owner":"o"}'
    )
