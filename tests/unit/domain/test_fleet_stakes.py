"""What the fleet knows of stakes: with or without a seat, through tier tables and snapshots."""

from datetime import UTC, datetime

from aia_mas.domain.economy.parameters import EconomicParameters, ParametersChanged, TierTerms
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification
from aia_mas.domain.orchestration.tiers import Tiers, TiersInForce

from .staked import staked

NOW = datetime(2026, 1, 2, tzinfo=UTC)
TOKEN = 10**18
JOINED = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
SILVER = TaskSpecification(task_type="t", requirements=Requirements(min_tier="silver"))


def who_suits(state: Dispatching) -> list[str]:
    return state.fleet.candidates(signature_of("t", SILVER.requirements))


def table(**stakes: int) -> ParametersChanged:
    tiers = tuple(
        TierTerms(name=name, min_stake=stake * TOKEN, multiplier_ppm=1_000_000)
        for name, stake in stakes.items()
    )
    parameters = EconomicParameters(tiers=tiers)
    return ParametersChanged(parameters=parameters, revision=1, by="gov", at=NOW)


def restored(state: Dispatching) -> Dispatching:
    snapshot = at_once(state.snapshot())
    pieces = list(encode_snapshot(snapshot))
    return at_once(Dispatching.restore(at_once(decode_snapshot(pieces))))


def test_a_stake_counts_whether_it_came_before_the_agent_or_after():
    state = Dispatching()
    state.apply("stake/before", staked(500 * TOKEN))
    for agent_id in ("before", "after", "never"):
        state.apply(f"agent/{agent_id}", JOINED)
    state.apply("stake/after", staked(500 * TOKEN))

    assert who_suits(state) == ["before", "after"]
    assert sorted(who_suits(restored(state))) == ["after", "before"]


def test_a_stake_outlives_the_registration():
    state = Dispatching()
    state.apply("agent/a", JOINED)
    state.apply("stake/a", staked(500 * TOKEN))
    state.apply("agent/a", AgentUnregistered(at=NOW))
    state = restored(state)
    assert who_suits(state) == []

    state.apply("agent/a", JOINED)

    assert who_suits(state) == ["a"]
    state.apply("stake/a", staked(0))
    assert who_suits(state) == []
    assert state.fleet.stakes.effective == {}


def test_work_that_waits_for_a_tier_comes_to_whoever_gets_it():
    state = Dispatching()
    state.apply("agent/a", JOINED)
    state.apply("task/t", TaskSubmitted(spec=SILVER, submitted_at=NOW, owner="o"))
    assert state.plan(NOW) == []

    state.apply("stake/a", staked(500 * TOKEN))

    assert [planned.agent_id for planned in state.plan(NOW)] == ["a"]


def test_another_tier_table_counts_at_once_also_for_what_waits():
    state = Dispatching()
    state.apply("agent/a", JOINED)
    state.apply("stake/a", staked(70 * TOKEN))
    state.apply("task/t", TaskSubmitted(spec=SILVER, submitted_at=NOW, owner="o"))
    assert state.plan(NOW) == []

    state.apply("parameters/economy", table(bronze=10, silver=50))

    assert who_suits(state) == ["a"]
    assert who_suits(restored(state)) == ["a"]
    assert [planned.agent_id for planned in state.plan(NOW)] == ["a"]
    state.apply("parameters/economy", table(bronze=10, silver=80))
    assert who_suits(state) == []


def test_the_tiers_in_force_are_those_of_the_fleet():
    state = Dispatching()
    tiers = TiersInForce(lambda: state.fleet.tiers)
    assert (tiers.of(100 * TOKEN), tiers.rank_of("gold")) == ("bronze", 3)

    state.apply("parameters/economy", table(one=1, two=2))

    assert tiers.names == ("one", "two")
    assert (tiers.of(100 * TOKEN), tiers.highest) == ("two", 2 * TOKEN)
    assert tiers.stakes_of("one") == (TOKEN, 2 * TOKEN)
    assert Tiers(tiers.rows).names == tiers.names
