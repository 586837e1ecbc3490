"""The supply: genesis once, mint and burn within the cap, funding, the faucet."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import (
    account_of,
    account_stream,
    reward_pool,
    staked,
    treasury,
    wallet,
)
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import transfer_stream
from aia_mas.domain.economy.ledger.reversing import Reversal
from aia_mas.domain.economy.orders import ExecuteOrder, PlaceOrder
from aia_mas.domain.economy.parameters import PARAMETERS, AdoptConfiguredParameters
from aia_mas.domain.economy.staking.rewards import (
    REWARDS_STREAM,
    STAKING_REWARDS,
    ClaimRewards,
)
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.genesis import IssueGenesis
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.economy.supply.treasury_orders import Burn, Fund, Mint

from .supply_world import (
    BEGINS,
    CLIENT,
    DEV,
    ELSEWHERE,
    ONE,
    OPERATOR,
    TREASURER,
    World,
    an_agent,
)

ISSUANCE, BURNT = account_of("issuance"), account_of("burn")


def mint(amount: int, token: str = "AIA") -> Mint:
    return Mint(token=token, amount=amount)


def burn(amount: int, token: str = "AIA") -> Burn:
    return Burn(token=token, amount=amount)


def fund(account: str, amount: int, token: str = "AIA") -> Fund:
    return Fund(account=account, token=token, amount=amount)


def test_in_development_every_token_begins_with_what_is_configured_once():
    world = World(BEGINS)
    world.settle()
    before = len(world.log)

    world.settle()
    for token in ("AIA", "AIA_GOV"):
        world.give(IssueGenesis(token=token), SETTLEMENT)

    assert len(world.log) == before
    assert (world.balance(treasury()), world.balance(reward_pool())) == (600, 100)
    assert world.balance(ISSUANCE) == -700
    assert world.balance(treasury("AIA_GOV")) == 50
    assert account_stream(reward_pool("AIA_GOV")) not in world.states
    world.check()


def test_elsewhere_there_is_nothing_in_the_beginning():
    world = World(ELSEWHERE)
    world.settle()
    world.give(IssueGenesis(token="AIA"), SETTLEMENT)

    assert [stream for stream, _ in world.log] == [PARAMETERS]


def test_what_was_issued_before_gets_no_genesis_when_development_begins():
    world = World(ELSEWHERE)
    world.order(mint(5), TREASURER)
    parameters = world.states[PARAMETERS].parameters
    begun = AdoptConfiguredParameters(parameters=replace(parameters, supply=BEGINS))
    world.give(begun, SETTLEMENT)

    world.settle()
    world.give(IssueGenesis(token="AIA"), SETTLEMENT)

    assert world.balance(treasury()) == 5
    assert world.balance(treasury("AIA_GOV")) == 50


def test_a_pool_without_a_treasury_begins_once_too():
    only_pool = SupplyTerms(tokens=(TokenTerms(token="AIA", cap=1_000, reward_pool=100),))
    world = World(only_pool)

    world.settle()
    world.give(IssueGenesis(token="AIA"), SETTLEMENT)

    assert world.balance(reward_pool()) == 100


def test_the_faucet_does_not_keep_genesis_from_coming():
    world = World(BEGINS)
    world.give(PlaceOrder(order_id="o", order=Faucet(owner="ann", amount=5)))
    world.give(
        ExecuteOrder(order_id="o", kind="faucet", order={"owner": "ann", "amount": 5}), SETTLEMENT
    )
    assert world.balance(wallet("ann")) == 5

    world.settle()

    assert world.balance(treasury()) == 600


@pytest.mark.parametrize("caller", [DEV, TREASURER, OPERATOR, CLIENT])
def test_genesis_is_for_the_settlement_only(caller):
    world = World(BEGINS)
    world.give(IssueGenesis(token="AIA"), caller)
    assert world.refused == "system_account"


def test_the_treasurer_mints_up_to_the_cap_and_what_is_burnt_makes_room():
    world = World()
    world.order(mint(900), TREASURER)
    assert world.order(mint(101), TREASURER).refusal.facts == {
        "token": "AIA",
        "cap": "0.000000000000001",
        "supply": "0.0000000000000009",
        "amount": "0.000000000000000101",
    }
    assert world.refused == "supply_cap_reached"
    world.order(mint(100), TREASURER)
    assert world.balance(treasury()) == 1_000

    world.order(burn(250), TREASURER)
    assert (world.balance(BURNT), world.balance(treasury())) == (250, 750)
    world.order(mint(251), TREASURER)
    assert world.refused == "supply_cap_reached"
    told = world.order(mint(250), TREASURER).result

    assert told == {
        "transfer_id": "id6",
        "token": "AIA",
        "supply": "0.000000000000001",
        "treasury": "0.000000000000001",
    }
    world.check()


def test_what_was_burnt_does_not_come_back_where_others_took_its_place():
    world = World()
    world.order(mint(1_000), TREASURER)
    burnt = world.order(burn(250), TREASURER)
    world.order(mint(250), TREASURER)
    moved = world.states[transfer_stream(burnt.result["transfer_id"])].moved

    world.order(Reversal(transfer_id=burnt.result["transfer_id"], reversal_id="r", moved=moved))

    assert world.refused == "not_reversible"
    assert world.balance(treasury()) == 1_000


def test_only_what_the_treasury_has_is_burnt_or_given_away():
    world = World()
    world.order(mint(10), TREASURER)
    before = dict(world.states)

    for order in (burn(11), fund(wallet("nia"), 11), fund(reward_pool(), 11)):
        world.order(order, TREASURER)
        assert world.refused == "insufficient_funds"

    after = {stream: state for stream, state in world.states.items() if stream in before}
    assert after == before
    world.check()


def test_the_treasury_funds_wallets_of_whomever_and_the_pool_of_rewards():
    world = World()
    world.order(mint(100), TREASURER)

    told = world.order(fund(wallet("not_registered_yet"), 30), TREASURER).result
    world.order(fund(reward_pool(), 20), TREASURER)

    assert told["account_id"] == "wallet:AIA:not_registered_yet"
    assert (told["balance"], told["treasury"]) == (
        "0.00000000000000003",
        "0.00000000000000007",
    )
    assert [world.balance(each) for each in (treasury(), reward_pool())] == [50, 20]
    world.check()


def test_what_is_given_to_stakers_is_shared_by_those_who_stake():
    world = World(SupplyTerms())
    world.order(mint(1_000 * ONE), TREASURER)
    world.order(fund(wallet("ann"), 100 * ONE), TREASURER)
    world.register("ann", 100 * ONE)

    world.order(fund(STAKING_REWARDS, 40 * ONE), TREASURER)

    assert world.balance(STAKING_REWARDS) == 40 * ONE
    assert world.states[REWARDS_STREAM].notified == 40 * ONE
    world.order(ClaimRewards(agent_id="ann"), an_agent("ann"))
    assert world.balance(wallet("ann")) > 39 * ONE  # a division may leave a rest for the next one
    world.check()


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (account_of("staking_rewards", "AIA_GOV"), "account_not_fundable"),
        (staked("ann"), "account_not_fundable"),
        (treasury(), "account_not_fundable"),
        (ISSUANCE, "account_not_fundable"),
        (account_of("rewards_reserved"), "account_not_fundable"),
        (wallet("ann", "AIA_GOV"), "account_not_fundable"),
        ("wallet:AIA", "unknown_account"),
        ("purse:AIA:ann", "unknown_account"),
        ("reward_pool:AIA:ann", "unknown_account"),
        ("wallet:AIA:a b", "invalid_id"),
        ("wallet:AIA:..", "invalid_id"),
        ("wallet:AIA:" + "a" * 129, "id_too_long"),
    ],
)
def test_what_stands_for_something_else_is_not_funded(account, code):
    world = World()
    world.order(mint(100), TREASURER)
    before = len(world.log)

    assert world.order(fund(account, 5), TREASURER) is None

    assert world.refused == code
    assert len(world.log) == before


@pytest.mark.parametrize("make", [mint, burn, lambda amount: fund(wallet("ann"), amount)])
@pytest.mark.parametrize(
    ("amount", "code"),
    [(0, "zero_amount"), (-1, "negative_amount"), (10**33 + 1, "amount_too_large")],
)
def test_amounts_that_are_none_are_refused_when_ordered(make, amount, code):
    world = World()
    assert world.order(make(amount), TREASURER) is None
    assert world.refused == code


@pytest.mark.parametrize("order", [mint(1, "GOLD"), burn(1, "GOLD")])
def test_other_tokens_are_not_known(order):
    world = World()
    assert world.order(order, TREASURER).refusal.code == "unknown_token"
    world.order(fund(wallet("ann", "GOLD"), 1, "GOLD"), TREASURER)
    assert world.refused == "unknown_token"


@pytest.mark.parametrize("caller", [OPERATOR, CLIENT, an_agent("ann")])
@pytest.mark.parametrize("order", [mint(1), burn(1), fund(wallet("ann"), 1)])
def test_only_treasurers_and_admins_dispose_of_the_treasury(order, caller):
    world = World()
    assert world.order(order, caller) is None
    assert world.refused == "permission_denied"


def test_the_faucet_fills_wallets_out_of_nothing_within_the_cap():
    world = World(BEGINS)
    world.settle()

    world.order(Faucet(owner="nia", amount=300))
    world.order(Faucet(owner="nia", amount=1))

    assert world.refused == "supply_cap_reached"
    assert (world.balance(wallet("nia")), world.balance(treasury())) == (300, 600)
    world.check()


def test_there_is_no_faucet_elsewhere():
    world = World(ELSEWHERE)
    assert world.order(Faucet(owner="nia", amount=300)).refusal.code == "no_faucet"
    assert world.order(Faucet(owner="nia", amount=300), TREASURER) is None
    assert world.refused == "permission_denied"
