"""What the fleet knows of stakes: with or without a seat, through tier tables and snapshots."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.parameters import EconomicParameters, ParametersChanged, TierTerms
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.scoring.board import Board
from aia_mas.domain.orchestration.scoring.column import STAKE
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


AGENTS = st.sampled_from(["a", "b", "c"])
# About where a tier begins, and where numbers do not fit into 64 bits or a float any more.
AMOUNTS = st.builds(
    lambda about, aside: max(about + aside, 1),
    st.sampled_from([TOKEN, 5 * TOKEN, 2**62, 2**63, 10**25, 10**33]),
    st.integers(-2, 2),
)
TABLES = st.lists(AMOUNTS, min_size=1, max_size=4, unique=True).map(sorted)
STEPS = st.lists(
    st.tuples(st.just("stake"), AGENTS, AMOUNTS | st.just(0))
    | st.tuples(st.sampled_from(["join", "leave"]), AGENTS, st.none())
    | st.tuples(st.just("table"), st.none(), TABLES),
    max_size=20,
)


@given(STEPS)
def test_after_any_tables_everybody_has_the_tier_of_its_stake(steps):
    """And counts as if the last table had held from the start."""
    state, stakes, joined, tiers = Dispatching(), {}, set(), None
    for kind, agent_id, value in steps:
        if kind == "stake":
            stakes[agent_id] = value
            state.apply(f"stake/{agent_id}", staked(value))
        elif kind == "table":
            tiers = value
            state.apply("parameters/economy", rising(value))
        elif (kind == "join") is not (agent_id in joined):
            joined ^= {agent_id}
            event = JOINED if kind == "join" else AgentUnregistered(at=NOW)
            state.apply(f"agent/{agent_id}", event)
        signature = signature_of("t", Requirements(min_tier="t0"))
        if tiers is not None:  # asked now and then, so that answers are remembered
            least = {each for each in joined if stakes.get(each, 0) >= tiers[0]}
            assert set(state.fleet.candidates(signature)) == least

    fresh = Dispatching()
    if tiers is not None:
        fresh.apply("parameters/economy", rising(tiers))
        for rank, least_stake in enumerate(tiers):
            suiting = state.fleet.candidates(signature_of("t", Requirements(min_tier=f"t{rank}")))
            assert set(suiting) == {each for each in joined if stakes.get(each, 0) >= least_stake}
    for agent_id in joined:
        fresh.apply(f"agent/{agent_id}", JOINED)
        fresh.apply(f"stake/{agent_id}", staked(stakes.get(agent_id, 0)))
    assert [weight_of(state, each) for each in joined] == [
        weight_of(fresh, each) for each in joined
    ]


def rising(stakes: list[int]) -> ParametersChanged:
    tiers = tuple(
        TierTerms(name=f"t{rank}", min_stake=stake, multiplier_ppm=1_000_000)
        for rank, stake in enumerate(stakes)
    )
    parameters = EconomicParameters(tiers=tiers)
    return ParametersChanged(parameters=parameters, revision=1, by="gov", at=NOW)


def weight_of(state: Dispatching, agent_id: str) -> float:
    """Return what an agent's stake weighs among all that is considered."""
    fleet = state.fleet
    return float(fleet._board.rows[STAKE, fleet._directory.slots[agent_id]])


def test_a_table_is_taken_over_without_asking_agent_by_agent(monkeypatch):
    """With ten thousand of them that would hold everybody else up."""
    state = Dispatching()
    for number in range(200):
        state.apply(f"agent/a{number}", JOINED)
        state.apply(f"stake/a{number}", staked(number * TOKEN))
    assert who_suits(state) == []

    def one_by_one(*_):
        raise AssertionError("agents were gone through one by one")

    with monkeypatch.context() as slow:
        for kind, name in ((Tiers, "rank"), (Board, "terms"), (Matching, "changed")):
            slow.setattr(kind, name, one_by_one)
        state.apply("parameters/economy", table(bronze=10, silver=150))

    assert who_suits(state) == [f"a{number}" for number in range(150, 200)]


def test_the_tiers_in_force_are_those_of_the_fleet():
    state = Dispatching()
    tiers = TiersInForce(lambda: state.fleet.tiers)
    assert (tiers.of(100 * TOKEN), tiers.rank_of("gold")) == ("bronze", 3)

    state.apply("parameters/economy", table(one=1, two=2))

    assert tiers.names == ("one", "two")
    assert (tiers.of(100 * TOKEN), tiers.highest) == ("two", 2 * TOKEN)
    assert tiers.stakes_of("one") == (TOKEN, 2 * TOKEN)
    assert Tiers(tiers.rows).names == tiers.names
