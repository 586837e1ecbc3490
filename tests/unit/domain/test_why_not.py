"""Why a task gets no agent, and whom it does not come to."""

import pytest
from msgspec.structs import replace

from aia_mas.domain.kernel.money import ONE as TOKEN
from aia_mas.domain.orchestration.agent_events import (
    AgentDrained,
    AgentEndpointDisabled,
    AgentSuspended,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.fleet import Fleet, Reason
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_specification import Requirements

from .counting import calls_of
from .fleets import ANYONE, NOW, assign, fleet_of, registered
from .staked import staked


def why(fleet: Fleet, requirements: Requirements, max_cost: int | None = None) -> list[Reason]:
    return list(fleet.why_not(signature_of("t", requirements, max_cost)))


def test_why_not_without_agents():
    assert [reason.code for reason in why(Fleet(), Requirements())] == ["no_agents"]


@pytest.mark.parametrize(
    ("requirements", "max_cost", "code", "facts"),
    [
        (
            Requirements(skills={"x": 0.9}),
            None,
            "no_agent_with_skill",
            {"skill": "x", "level": 0.9},
        ),
        (
            Requirements(specializations=("z",)),
            None,
            "no_agent_with_specialization",
            {"specialization": "z"},
        ),
        (
            Requirements(labels={"zone": "us"}),
            None,
            "no_agent_with_label",
            {"label": "zone", "op": "=", "value": "us"},
        ),
        (
            Requirements(
                labels=(LabelCondition("zone", Comparator.IN, values=("us", "ap")),),
            ),
            None,
            "no_agent_with_label",
            {"label": "zone", "op": "in", "values": ["ap", "us"]},
        ),
        (
            Requirements(resources={"gpu": 2.5}),
            None,
            "no_agent_with_resource",
            {"resource": "gpu", "amount": 2.5},
        ),
        (Requirements(min_tier="gold"), None, "no_agent_with_tier", {"min_tier": "gold"}),
        (
            Requirements(data_sources=("s3",)),
            None,
            "no_agent_with_data_source",
            {"data_source": "s3"},
        ),
        (Requirements(), 9, "price_above_max_cost", {"max_cost": "0.000000000000000009"}),
        (
            Requirements(excluded_agents=("b", "a", "nobody")),
            None,
            "excluded",
            {"excluded_agents": ["a", "b", "nobody"]},
        ),
    ],
)
def test_why_not_when_nobody_meets_a_demand(requirements, max_cost, code, facts):
    common = {"labels": {"zone": "eu"}, "data_sources": ("db",), "cost_per_task": 10}
    fleet = fleet_of(a={"skills": {"x": 0.5}, **common}, b={"skills": {"y": 0.5}, **common})

    (reason,) = why(fleet, requirements, max_cost)
    assert (reason.code, reason.count, reason.facts) == (code, 2, facts)
    assert reason.detail


def test_why_not_when_nobody_meets_all_demands():
    fleet = fleet_of(a={"skills": {"x": 0.5}}, b={"skills": {"y": 0.5}})

    (reason,) = why(fleet, Requirements(skills={"x": 0.5, "y": 0.5}))
    assert reason.code == "no_agent_with_all"
    assert reason.facts["demands"] == [
        {"skill": "x", "level": 0.5, "agents": 1, "only_this_unmet": 1},
        {"skill": "y", "level": 0.5, "agents": 1, "only_this_unmet": 1},
    ]


@pytest.mark.parametrize(
    ("requirements", "max_cost", "code", "facts"),
    [
        (
            Requirements(),
            9,
            "price_above_max_cost",
            {"max_cost": f"0.{9:018}", "lowest_price": f"0.{1:017}"},
        ),
        (
            Requirements(excluded_agents=("able", "dear")),
            None,
            "excluded",
            {"excluded_agents": ["able", "dear"]},
        ),
        (
            Requirements(data_sources=("s3",)),
            None,
            "no_agent_with_data_source",
            {"data_source": "s3"},
        ),
        (Requirements(min_tier="gold"), None, "no_agent_with_tier", {"min_tier": "gold"}),
    ],
)
def test_why_not_names_the_terms_that_alone_keep_it_from_whoever_is_able(
    requirements, max_cost, code, facts
):
    able = {"skills": {"x": 0.5}, "data_sources": ("db",)}
    fleet = fleet_of(
        able={**able, "cost_per_task": 10},
        dear={**able, "cost_per_task": 2**70},
        cheap={"cost_per_task": 1, "data_sources": ("s3",)},
    )
    fleet.apply("agent/rich", registered(cost_per_task=1))
    fleet.apply("stake/rich", staked(2_000 * TOKEN))

    reason, together = why(fleet, replace(requirements, skills={"x": 0.5}), max_cost)

    assert (reason.code, reason.count, reason.facts) == (code, 2, facts)
    assert reason.agents == ("able", "dear")
    assert reason.detail.startswith("2 agents meet all other demands, but ")
    assert together.code == "no_agent_with_all"
    assert together.facts["demands"][-1]["only_this_unmet"] == 2


def test_terms_say_nothing_while_nobody_meets_all_the_rest():
    fleet = fleet_of(
        a={"skills": {"x": 0.5}, "cost_per_task": 10}, b={"skills": {"y": 0.5}, "cost_per_task": 1}
    )

    (reason,) = why(fleet, Requirements(skills={"x": 0.5, "y": 0.5}), 9)

    assert reason.code == "no_agent_with_all"
    assert [each["only_this_unmet"] for each in reason.facts["demands"]] == [1, 0, 0]


def test_why_not_counts_those_who_suit_by_what_keeps_them():
    fleet = fleet_of(
        off={}, drained={}, suspended={}, cut={}, busy={}, other={"labels": {"no": "t"}}
    )
    fleet.apply("agent/off", AgentWentOffline(at=NOW))
    fleet.apply("agent/drained", AgentDrained(at=NOW))
    fleet.apply("agent/suspended", AgentSuspended(at=NOW))
    fleet.apply("agent/cut", AgentEndpointDisabled(reason="failing", at=NOW))
    assign(fleet, "1", "busy")

    reasons = why(fleet, Requirements(excluded_agents=("other",)))
    assert {reason.code: reason.count for reason in reasons} == {
        "not_active": 2,
        "endpoint_disabled": 1,
        "offline": 1,
        "busy": 1,
    }
    assert all(reason.facts == {"qualified": 5} for reason in reasons)


def test_explaining_takes_as_long_with_two_thousand_busy_agents():
    needed = []
    for size in (30, 2_000):
        fleet = fleet_of(**{f"a{n}": {"resources": {"gpu": 1.0}} for n in range(size)})
        for n in range(size):
            assign(fleet, f"t{n}", f"a{n}")
        demanding = signature_of("t", Requirements(resources={"gpu": 1.0}))
        (busy,) = fleet.why_not(ANYONE)
        assert (busy.code, busy.count, len(busy.agents)) == ("busy", size, 20)
        asked = (
            lambda fleet=fleet: fleet.why_not(ANYONE),
            lambda fleet=fleet: fleet.filtered(ANYONE),
            lambda fleet=fleet, signature=demanding: fleet.filtered(signature),
        )
        needed.append(sum(calls_of(each) for each in asked))
    assert needed[1] < needed[0] + 100
