"""What may be drawn for the dispatcher: agents, tasks, limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.limits import LimitSet
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AGENTS = st.sampled_from(["a1", "a2", "a3", "a4"])
CAPABILITIES = st.builds(
    Capabilities,
    skills=st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from([0.2, 0.9]), max_size=2),
    specializations=st.sampled_from([(), ("t",)]),
    max_concurrent_tasks=st.integers(1, 3),
    cost_per_task=st.sampled_from([0, 10]),
    resources=st.sampled_from([{}, {"gpu": 0.3}, {"gpu": 1.0, "cpu": 2.0}]),
)
REQUIREMENTS = st.sampled_from(
    [
        Requirements(),
        Requirements(skills={"x": 0.5}),
        Requirements(skills={"y": 0.0}),
        Requirements(skills={"nobody": 1.0}),
        Requirements(preferred_agents=("a2",), excluded_agents=("a1",)),
        Requirements(resources={"gpu": 0.1}),
        Requirements(resources={"gpu": 0.3, "cpu": 1.0}),
    ]
)
SPECS = st.builds(
    TaskSpecification,
    task_type=st.sampled_from(["t", "u"]),
    requirements=REQUIREMENTS,
    priority=st.sampled_from([Priority.CRITICAL, Priority.NORMAL]),
    max_cost=st.sampled_from([None, None, 5]),
    max_attempts=st.just(2),
    not_before=st.sampled_from([None, None, NOW + timedelta(seconds=30)]),
    deadline=st.sampled_from([None, None, NOW + timedelta(seconds=90)]),
    concurrency_key=st.sampled_from([None, "k", "l"]),
    concurrency_limit=st.sampled_from([None, 1, 2]),
)
OWNERS = st.sampled_from(["p", "q", "r"])
LIMITS = st.builds(
    LimitSet,
    key=st.sampled_from(["k", "l"]),
    max_concurrent=st.sampled_from([None, 0, 1, 3]),
    rate=st.sampled_from([None, 2]),
    per_seconds=st.just(10.0),
    by=st.just("p"),
    at=st.just(NOW),
)
