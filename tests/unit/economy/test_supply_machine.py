"""The supply as a state machine, beside a model that counts tokens in a dictionary."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aia_mas.domain.economy.accounts import account_of, reward_pool, staked, treasury, wallet
from aia_mas.domain.economy.orders import OrderStatus, PlaceOrder
from aia_mas.domain.economy.staking.commands import Unstake
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.economy.supply.treasury_orders import Burn, Fund, Mint
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.steps import at_once

from .supply_world import DEV, TREASURER, World, an_agent

CAP, TREASURY, POOL = 1_000, 300, 100
AGENTS = ("ann", "bob", "cal")
agents, amounts = st.sampled_from(AGENTS), st.integers(1, 250)


class Supply(RuleBasedStateMachine):
    """A treasurer, and three agents that come, stake and go; with a faucet or without."""

    def __init__(self) -> None:
        super().__init__()
        self.model: Counter[str] = Counter()
        self.present: dict[str, int] = {}
        self.waiting: list[tuple[str, Any]] = []

    @initialize(faucet=st.booleans())
    def begin(self, faucet: bool) -> None:
        begins = {"treasury": TREASURY, "reward_pool": POOL} if faucet else {}
        terms = TokenTerms(token="AIA", cap=CAP, **begins)
        self.faucet = faucet
        self.world = World(SupplyTerms(tokens=(terms,), faucet=faucet))
        self.world.settle()
        if faucet:
            self.model.update(treasury=TREASURY, pool=POOL)

    # What the model says: what is in the world, and how an order ends.

    @property
    def supply(self) -> int:
        return sum(self.model.values())

    def moved(self, source: str, target: str, amount: int) -> str:
        if self.model[source] < amount:
            return "insufficient_funds"
        self.model[source] -= amount
        self.model[target] += amount
        return "executed"

    def issued(self, target: str, amount: int) -> str:
        if self.supply + amount > CAP:
            return "supply_cap_reached"
        self.model[target] += amount
        return "executed"

    def ordered(self, order: Any, expected: str) -> None:
        state = self.world.order(order, TREASURER if not isinstance(order, Faucet) else DEV)
        assert state is not None
        ended = state.status if state.refusal is None else state.refusal.code
        assert ended == expected, (order, state)

    @rule(amount=amounts)
    def mint(self, amount: int) -> None:
        self.ordered(Mint(token="AIA", amount=amount), self.issued("treasury", amount))

    @rule(amount=amounts)
    def burn(self, amount: int) -> None:
        enough = self.model["treasury"] >= amount
        self.model["treasury"] -= amount if enough else 0
        expected = "executed" if enough else "insufficient_funds"
        self.ordered(Burn(token="AIA", amount=amount), expected)

    @rule(amount=amounts, agent=agents)
    def grant(self, amount: int, agent: str) -> None:
        expected = self.moved("treasury", f"wallet {agent}", amount)
        self.ordered(Fund(account=wallet(agent), token="AIA", amount=amount), expected)

    @rule(amount=amounts)
    def fill_the_pool(self, amount: int) -> None:
        expected = self.moved("treasury", "pool", amount)
        self.ordered(Fund(account=reward_pool(), token="AIA", amount=amount), expected)

    @rule(amount=amounts, agent=agents)
    def use_the_faucet(self, amount: int, agent: str) -> None:
        expected = self.issued(f"wallet {agent}", amount) if self.faucet else "no_faucet"
        self.ordered(Faucet(owner=agent, amount=amount), expected)

    @rule(amount=st.integers(0, 250), agent=agents)
    def register(self, amount: int, agent: str) -> None:
        caller: Principal = DEV if self.faucet else an_agent(agent)
        self.world.register(agent, amount, caller)
        if agent in self.present:
            assert self.world.refused == "agent_already_registered"
            return
        missing = max(0, amount - self.model[f"stake {agent}"])
        lacking = max(0, missing - self.model[f"wallet {agent}"])
        if not self.faucet and lacking:
            assert self.world.refused == "insufficient_funds"
            return
        assert self.world.refused is None
        self.present[agent] = amount
        self.world.settle()
        if lacking and self.issued(f"wallet {agent}", lacking) != "executed":
            return  # registered, and without the stake
        assert self.moved(f"wallet {agent}", f"stake {agent}", missing) == "executed"

    @rule(agent=agents)
    def unregister(self, agent: str) -> None:
        if self.present.pop(agent, None) is None:
            return
        self.world.unregister(agent)
        self.world.settle()
        self.moved(f"stake {agent}", f"wallet {agent}", self.model[f"stake {agent}"])

    @rule(agent=agents)
    def unstake(self, agent: str) -> None:
        command = Unstake(agent_id=agent, amount=None, transfer_id=self.world.new_id())
        self.world.give(command)
        if self.world.refused is None:
            self.moved(f"stake {agent}", f"wallet {agent}", self.model[f"stake {agent}"])
        else:
            assert not self.model[f"stake {agent}"]

    @rule(amount=amounts)
    def place_and_leave_it_to_the_next_leader(self, amount: int) -> None:
        """What is open is in the lists, also after they went through a snapshot."""
        order_id = self.world.new_id()
        order = Mint(token="AIA", amount=amount)
        self.world.give(PlaceOrder(order_id=order_id, order=order), TREASURER)
        self.world.lists = [
            at_once(type(each).restore(list(at_once(each.snapshot())))) for each in self.world.lists
        ]
        expected = self.issued("treasury", amount)
        self.world.settle()
        state = self.world.states[f"order/{order_id}"]
        assert (state.status is OrderStatus.EXECUTED) == (expected == "executed")

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        if not hasattr(self, "world"):
            return
        world, model = self.world, self.model
        world.check()
        assert world.balance(treasury()) == model["treasury"]
        assert world.balance(reward_pool()) == model["pool"]
        for agent in AGENTS:
            assert world.balance(wallet(agent)) == model[f"wallet {agent}"]
            assert world.balance(staked(agent)) == model[f"stake {agent}"]
            assert world.stake(agent).bonded == model[f"stake {agent}"]
        issued, burnt = world.balance(account_of("issuance")), world.balance(account_of("burn"))
        assert -issued - burnt == self.supply <= CAP


TestSupply = Supply.TestCase
TestSupply.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
