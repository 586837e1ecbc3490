"""What may be drawn: agents, tasks, limits. Few and small, so that they get in each other's way."""

from __future__ import annotations

from hypothesis import strategies as st

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.limits import RemoveLimit, SetLimit
from aia_mas.domain.orchestration.pauses import PauseDispatch, ResumeDispatch
from aia_mas.domain.orchestration.task_specification import (
    CostPolicy,
    Priority,
    Requirements,
    TaskSpecification,
)

AGENTS = st.sampled_from(["a1", "a2", "a3"])
OWNERS = st.sampled_from(["p", "q", "r"])
TYPES = st.sampled_from(["t", "u"])
KEYS = st.sampled_from(["k", "l"])
PICK = st.integers(0, 30)

CAPABILITIES = st.builds(
    Capabilities,
    skills=st.sampled_from([{}, {"x": 0.9}, {"x": 0.2, "y": 0.9}]),
    specializations=st.sampled_from([(), ("t",), ("y",)]),
    max_concurrent_tasks=st.sampled_from([1, 1, 2, 3]),
    cost_per_task=st.sampled_from([0, 10]),
    resources=st.sampled_from([{}, {"gpu": 0.3}, {"gpu": 1.0, "cpu": 2.0}]),
    labels=st.sampled_from([{}, {"zone": "eu"}]),
)
REQUIREMENTS = st.sampled_from(
    [
        Requirements(),
        Requirements(),
        Requirements(),
        Requirements(),
        Requirements(),
        Requirements(skills={"x": 0.5}),
        Requirements(skills={"y": 0.0}),
        Requirements(skills={"nobody": 1.0}),
        Requirements(labels={"zone": "eu"}),
        Requirements(preferred_agents=("a2",), excluded_agents=("a1",)),
        Requirements(resources={"gpu": 0.3}),
        Requirements(resources={"gpu": 0.5, "cpu": 1.0}),
        Requirements(sticky_key="s"),
    ]
)
SPECS = st.builds(
    TaskSpecification,
    task_type=st.sampled_from(["t", "t", "t", "u"]),
    requirements=REQUIREMENTS,
    priority=st.sampled_from([Priority.CRITICAL, Priority.NORMAL, Priority.NORMAL]),
    max_cost=st.sampled_from([None, None, None, 5]),
    cost_policy=st.sampled_from(list(CostPolicy)),
    max_attempts=st.sampled_from([1, 2, 3]),
    backoff_base_seconds=st.sampled_from([0.0, 1.0, 30.0]),
    lease_seconds=st.sampled_from([15.0, 60.0]),
    timeout_seconds=st.sampled_from([40.0, 300.0]),
)
"""Without times, which are told from now, and keys; see ``Terms``."""

TERMS = st.fixed_dictionaries(
    {},
    optional={
        "not_before": st.sampled_from([1.0, 30.0]),
        "deadline": st.sampled_from([31.0, 45.0, 120.0]),
        "concurrency_key": KEYS,
        "concurrency_limit": st.sampled_from([1, 2]),
        "dedup_key": st.sampled_from(["d", "e"]),
    },
)
LIMITS = st.one_of(
    st.builds(SetLimit, key=KEYS, max_concurrent=st.sampled_from([0, 1, 1, 3])),
    st.builds(
        SetLimit,
        key=KEYS,
        max_concurrent=st.sampled_from([None, 2]),
        rate=st.sampled_from([1, 2]),
        per_seconds=st.just(10.0),
    ),
)
LIFTED = st.one_of(
    st.builds(RemoveLimit, key=KEYS),
    st.builds(ResumeDispatch, task_type=st.one_of(st.none(), TYPES)),
)
PAUSES = st.builds(PauseDispatch, task_type=st.one_of(st.none(), TYPES, TYPES))
SPANS = st.sampled_from([0.3, 1.0, 6.0, 12.0, 35.0, 70.0, 310.0])
