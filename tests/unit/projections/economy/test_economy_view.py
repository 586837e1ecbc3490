"""What a story of money and stakes looks like in profiles and in the summary."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aia_mas.domain.economy.budgets.events import BudgetExceeded, BudgetRemoved, BudgetWarned
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.governance.proposal_events import (
    ProposalActivated,
    ProposalExecuted,
    ProposalQueued,
    ProposalSucceeded,
    Result,
)
from aia_mas.domain.economy.governance.tally import Outcome, Tally
from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS, EconomicParameters, TierTerms
from aia_mas.domain.kernel.money import ONE
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.figures import AgentEconomicProfile, TokenBalances
from aia_mas.projections.economy.leaderboards import Asked

from .economy_stories import START, Story


def profile(story: Story, agent: str) -> AgentEconomicProfile:
    found = story.view.profile(agent, story.now)
    assert found is not None
    return found


def funded(*agents: str, amount: int = 1_000) -> Story:
    story = Story()
    story.issue("reward_pool:AIA", 1_000_000)
    story.move("reward_pool:AIA", "rewards_reserved:AIA", 10_000, "reward_block")
    for agent in agents:
        story.issue(f"wallet:AIA:{agent}", amount)
    return story


def test_nobody_has_a_profile_before_there_is_anything_about_them() -> None:
    assert funded("a").view.profile("b") is None


def test_balances_tell_wallet_held_staked_and_unbonding_apart() -> None:
    story = funded("a").stake("a", 600).unbond("a", 100).hold("wallet:AIA:a", 30)

    found = story.view.profile("a", story.now, claimable=7 * ONE)

    assert found is not None
    assert found.balances["AIA"] == TokenBalances(
        wallet="400", held="30", available="370", staked="500", unbonding="100", claimable="7"
    )
    assert (found.staked, found.unbonding) == ("500", "100")


@pytest.mark.parametrize(
    ("stake", "tier", "multiplier", "following", "missing", "tasks"),
    [
        (99, None, 0.0, "bronze", "1", 0),
        (100, "bronze", 1.0, "silver", "400", 1),
        (1_999, "silver", 1.2, "gold", "1", 19),
        (10_000, "diamond", 2.0, None, None, 100),
    ],
)
def test_tier_is_that_of_the_effective_stake(
    stake: int,
    tier: str | None,
    multiplier: float,
    following: str | None,
    missing: str | None,
    tasks: int,
) -> None:
    found = profile(funded("a", amount=20_000).stake("a", stake), "a")

    above = found.next_tier
    assert (found.tier, found.multiplier, found.rewarded_tasks) == (tier, multiplier, tasks)
    assert (above and above.name, above and above.missing) == (following, missing)


def test_a_jailed_agent_has_no_tier_until_it_is_free() -> None:
    until = START + timedelta(hours=1)
    story = funded("a").stake("a", 500).jail("a", until)

    jailed = profile(story, "a")
    free = profile(story.jail("a", None), "a")

    assert (jailed.tier, jailed.jailed_until, jailed.staked) == (None, until, "500")
    assert (free.tier, free.jailed_until) == ("silver", None)


def test_another_tier_table_counts_at_once() -> None:
    story = funded("a").stake("a", 500)
    only = TierTerms(name="only", min_stake=400 * ONE, multiplier_ppm=3_000_000)

    story.change(EconomicParameters(tiers=(only,)))

    assert (profile(story, "a").tier, profile(story, "a").next_tier) == ("only", None)
    (tier,) = story.view.summary(story.now).stake.tiers
    assert (tier.name, tier.agents, tier.stake) == ("only", 1, "500")


def test_earnings_are_told_by_window_kind_and_token() -> None:
    story = funded("a", "payer").earn("a", 10)
    story.after(days=2).earn("a", 5).earn("a", 1, "AIA_GOV")
    story.after(hours=3).move("wallet:AIA:payer", "wallet:AIA:a", 15, "task")
    story.move("wallet:AIA:payer", "wallet:AIA:a", 99)  # a gift is not earned

    earned = profile(story, "a").earnings

    assert earned["1h"].total == {"AIA": "15"}
    assert earned["1h"].by_kind == {"payments": {"AIA": "15"}}
    assert earned["24h"].total == {"AIA": "20", "AIA_GOV": "1"}
    assert earned["all"].by_kind == {
        "payments": {"AIA": "15"},
        "tasks": {"AIA": "15", "AIA_GOV": "1"},
    }
    assert profile(story.after(days=40), "a").earnings["30d"].total == {"AIA": "0"}


def test_places_are_shared_by_equals_and_nobody_without_has_one() -> None:
    story = funded("a", "b", "c", "d")
    for agent, stake in (("a", 100), ("b", 300), ("c", 300)):
        story.stake(agent, stake)
    story.earn("d", 1)

    ranks = {agent: profile(story, agent).rank for agent in "abcd"}

    assert [ranks[agent].stake for agent in "abcd"] == [3, 1, 1, None]
    assert [ranks[agent].earnings for agent in "abcd"] == [None, None, None, 1]
    assert (ranks["a"].stakers, ranks["a"].earners) == (3, 1)


def test_reputation_moves_with_every_rating() -> None:
    story = funded("a").register("a", "0xabc")

    new = profile(story, "a")
    good = profile(story.rate("a", 1.0), "a")

    assert (new.reputation.score, new.reputation.mean) == (0.5, None)
    assert (good.reputation.score, good.reputation.mean) == (0.583333, 1.0)
    assert (good.registered, good.wallet_address) == (True, "0xabc")
    assert not profile(story.leave("a"), "a").registered


def test_summary_tells_where_the_tokens_are() -> None:
    story = funded("a", "b").stake("a", 500).unbond("a", 100)
    story.move("wallet:AIA:b", "burn:AIA", 50, "burn")

    supply = story.view.summary(story.now).tokens["AIA"]

    assert (supply.supply, supply.burned) == ("1001950", "50")
    assert (supply.circulating, supply.staked, supply.unbonding) == ("1950", "400", "100")
    assert supply.system == {"reward_pool": "990000", "rewards_reserved": "10000"}
    assert supply.staked_share == 400 * 1_000_000 // 1950 / 1_000_000


def test_summary_tells_how_stake_is_spread() -> None:
    story = funded(*"abcd")
    for agent, stake in (("a", 100), ("b", 100), ("c", 600), ("d", 50)):
        story.stake(agent, stake)

    spread = story.view.summary(story.now).stake

    assert [(tier.name, tier.agents, tier.stake) for tier in spread.tiers[:2]] == [
        ("bronze", 2, "200"),
        ("silver", 1, "600"),
    ]
    assert (spread.stakers, spread.below_tiers) == (4, 1)
    # |50-100|*2 + |50-600| + |100-600|*2 = 1,650 over 4 * 850
    assert spread.gini == 1_650 * 1_000_000 // 3_400 / 1_000_000


def test_pool_lasts_as_long_as_its_burn_rate_says() -> None:
    story = funded("a")
    idle = story.view.summary(story.now).pools[0]
    assert (idle.burn_per_day, idle.runway_seconds, idle.balance) == ("0", None, "1000000")

    story.after(hours=2).earn("a", 100)
    pool = story.view.summary(story.now).pools[0]

    assert (pool.balance, pool.reserved) == ("999900", "9900")
    assert pool.burn_per_day == "1200", "100 in the two hours that there were"
    assert pool.runway_seconds == 999_900 * 86_400 // 1_200
    assert pool.spent["24h"] == "100"


def test_top_earners_come_in_order_with_their_tier() -> None:
    story = funded("a", "b").stake("b", 100).earn("a", 3).earn("b", 7)

    top = story.view.summary(story.now).top_earners

    assert [(one.agent_id, one.earned, one.tier) for one in top] == [
        ("b", "7", "bronze"),
        ("a", "3", None),
    ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["earn", "gov", "stake", "unbond", "hold", "rate", "wait", "jail"]),
        st.sampled_from("abc"),
        st.integers(1, 50),
    ),
    max_size=40,
)


def told(steps: list[tuple[str, str, int]]) -> Story:
    story = funded("a", "b", "c", amount=100_000)
    for what, agent, amount in steps:
        match what:
            case "earn":
                story.earn(agent, amount)
            case "gov":
                story.earn(agent, amount, "AIA_GOV")
            case "stake":
                story.stake(agent, amount)
            case "unbond" if story.balances[f"staked:AIA:{agent}"] >= amount:
                story.unbond(agent, amount)
            case "hold":
                story.hold(f"wallet:AIA:{agent}", amount)
            case "rate":
                story.rate(agent, amount / 50)
            case "jail":
                story.jail(agent, None if amount % 2 else story.now)
            case "wait":
                story.after(hours=amount)
    return story


@given(STEPS, STEPS)
@settings(max_examples=60)
def test_a_snapshot_and_what_follows_equal_all_of_it(
    before: list[tuple[str, str, int]], after: list[tuple[str, str, int]]
) -> None:
    story = told(before)
    view, position = story.restored(), len(story.told)
    whole = told([*before, *after])

    for recorded in whole.told[position:]:
        view.apply(recorded)

    assert view.summary(whole.now) == whole.view.summary(whole.now)
    for agent in "abc":
        assert view.profile(agent, whole.now) == whole.view.profile(agent, whole.now)


@given(STEPS)
@settings(max_examples=60)
def test_everything_issued_is_somewhere(steps: list[tuple[str, str, int]]) -> None:
    story = told(steps)

    for token in ("AIA", "AIA_GOV"):
        issued = sum(a for name, a in story.balances.items() if name.split(":")[1] == token)
        assert issued == 0
        supply = story.view.summary(story.now).tokens[token]
        owned = sum(
            amount
            for name, amount in story.balances.items()
            if name.split(":")[:2] in (["wallet", token], ["staked", token], ["unbonding", token])
        )
        assert supply.circulating == str(owned)


@pytest.mark.anyio
async def test_leaderboards_rank_by_what_is_asked() -> None:
    story = funded("a", "b", "c").stake("a", 300).stake("b", 300).stake("c", 200)
    story.earn("a", 5).after(days=3).earn("b", 2).rate("c", 0.9).rate("a", 0.1)

    async def board(by: str, window: str = "all", limit: int = 10) -> list[tuple[int, str, str]]:
        asked = Asked(by, window, "AIA")  # type: ignore[arg-type]
        found = await story.view.leaderboard(asked, limit, story.now)
        return [(item.rank, item.agent_id, item.value) for item in found.items]

    assert await board("stake") == [(1, "a", "300"), (1, "b", "300"), (3, "c", "200")]
    assert await board("earnings") == [(1, "a", "5"), (2, "b", "2")]
    assert await board("earnings", "24h") == [(1, "b", "2")]
    assert await board("reputation", limit=1) == [(1, "c", "0.566666")]
    story.earn("c", 100)
    assert (await board("earnings"))[0] == (1, "c", "100"), "no answer of before"


def test_budgets_count_in_the_periods_that_go_on() -> None:
    story = Story().budget("b", 100, Period.DAY).use("b", "2026-01-01", held=30, spent=60)
    terms = story.budgets["b"]
    warned = BudgetWarned(terms=terms, period="2026-01-01", used=90 * ONE, at=story.now)
    story.tell("budget/b", warned).budget("other", 5, Period.ONCE)

    def figures() -> tuple[int, int, int, str, str]:
        told = story.view.summary(story.now).budgets
        return told.total, told.warned, told.exceeded, told.held, told.spent

    assert figures() == (2, 1, 0, "30", "60")
    story.tell(
        "budget/b", BudgetExceeded(terms=terms, period="2026-01-01", used=101 * ONE, at=story.now)
    )
    assert figures() == (2, 1, 1, "30", "60")
    story.after(days=1)
    assert figures() == (2, 0, 0, "0", "0"), "a day that is over"
    story.use("b", "2026-01-02", held=1).use("b", "2026-01-01", held=0, spent=90)
    assert figures() == (2, 0, 0, "1", "0"), "what ends in a day that is over"
    story.tell("budget/b", BudgetRemoved(by="o", at=story.now))
    assert figures() == (1, 0, 0, "0", "0")


def test_proposals_are_counted_where_they_stand() -> None:
    story = Story().propose("p").propose("q").propose("r")
    at = story.now
    result = Result(outcome=Outcome.SUCCEEDED, tally=Tally(), total=1, voters=0, snapshot=1)
    story.tell("proposal/p", ProposalActivated(ends_at=at, at=at))
    story.tell("proposal/q", ProposalSucceeded(result=result, at=at))
    story.tell("proposal/q", ProposalQueued(execute_after=at, expires_at=at, at=at))
    story.tell("proposal/r", ProposalSucceeded(result=result, at=at))

    def figures() -> tuple[int, int, dict[str, int]]:
        told = story.view.summary(story.now).proposals
        counts = {status: count for status, count in told.by_status.items() if count}
        return told.total, told.open, counts

    assert figures() == (3, 2, {"active": 1, "queued": 1, "succeeded": 1})
    story.tell("proposal/q", ProposalExecuted(at=at))
    assert figures() == (3, 1, {"active": 1, "executed": 1, "succeeded": 1})
    assert story.restored().summary(story.now) == story.view.summary(story.now)


def test_without_events_there_is_a_summary_of_nothing() -> None:
    summary = EconomyView().summary()

    assert (summary.as_of, summary.at, summary.stake.gini) == (0, None, None)
    assert [tier.name for tier in summary.stake.tiers] == [
        tier.name for tier in DEFAULT_PARAMETERS.tiers
    ]
