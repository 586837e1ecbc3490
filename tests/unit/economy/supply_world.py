"""A system of streams in memory, on which registrations and orders are decided one by one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aia_mas.application.economy import order_handlers, staking_handlers, supply_handlers
from aia_mas.application.economy.handlers import EVOLVERS
from aia_mas.application.economy.registering import Staking
from aia_mas.application.engine.handlers import Handler, category, merged
from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.orders import OrderState, PlaceOrder, order_stream
from aia_mas.domain.economy.parameters import (
    AdoptConfiguredParameters,
    EconomicParameters,
)
from aia_mas.domain.economy.staking.dues import StakeDues
from aia_mas.domain.economy.staking.earnings import StakingEarnings
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, stake_stream
from aia_mas.domain.economy.staking.state import evolve as evolve_stake
from aia_mas.domain.economy.supply.genesis import Genesis
from aia_mas.domain.economy.supply.old_stakes import OldStakes
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.economy.todo import Happened, OpenOrders
from aia_mas.domain.kernel import Context, Decision, Event, Principal, Role
from aia_mas.domain.orchestration import agent, agent_commands, agent_decisions, seating
from aia_mas.domain.orchestration.capabilities import Capabilities

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ONE = 10**18
DEV = Principal("dev", frozenset({Role.ADMIN}))
TREASURER = Principal("tess", frozenset({Role.TREASURER}))
OPERATOR = Principal("olga", frozenset({Role.OPERATOR}))
CLIENT = Principal("carl", frozenset({Role.CLIENT}))
BEGINS = SupplyTerms(
    tokens=(
        TokenTerms(token="AIA", cap=1_000, treasury=600, reward_pool=100),
        TokenTerms(token="AIA_GOV", cap=1_000, treasury=50, reward_pool=0),
    ),
    faucet=True,
)
ELSEWHERE = SupplyTerms(
    tokens=(TokenTerms(token="AIA", cap=1_000), TokenTerms(token="AIA_GOV", cap=1_000))
)
ALL = {**EVOLVERS, "agent": agent.evolve, "fleet": seating.evolve, "stake": evolve_stake}


LISTS = (OpenOrders, Genesis, OldStakes, StakeDues, StakingEarnings)


def an_agent(name: str) -> Principal:
    return Principal(name, frozenset({Role.AGENT}), agent_id=name)


class World:
    """Streams, to-do lists over them, and the settlement that works these off.

    Attributes:
        log: Everything that happened, in order.
        refused: What the last command was refused with.
    """

    def __init__(self, supply: SupplyTerms = ELSEWHERE) -> None:
        self.states: dict[str, Any] = {}
        self.log: list[tuple[str, Event]] = []
        self.lists: list[Any] = [kind() for kind in LISTS]
        self.refused: str | None = None
        self.ids = 0
        parts = (order_handlers, staking_handlers, supply_handlers)
        self.handlers = dict(merged(part.handlers() for part in parts))
        staking = Staking(self.new_id, lambda _: None, faucet=supply.faucet)
        register = (agent_commands.RegisterAgent, agent_decisions.register_agent)
        put = (agent_commands.PutAgent, agent_decisions.put_agent)
        for command, decide in (register, put):
            self.handlers[command] = staking(
                Handler(_registration, seating.seated(decide), lambda state, _: state)
            )
        self.handlers[agent_commands.UnregisterAgent] = Handler(
            lambda c: (agent.agent_stream(c.agent_id),),
            agent_decisions.unregister_agent,
            lambda state, _: state,
        )
        parameters = EconomicParameters(supply=supply)
        self.give(AdoptConfiguredParameters(parameters=parameters), SETTLEMENT)

    def new_id(self) -> str:
        self.ids += 1
        return f"id{self.ids}"

    def happened(self, events: Iterable[tuple[str, Event]]) -> None:
        """Fold events, as they come in from the log."""
        for stream, event in events:
            before = self.states.get(stream)
            self.states[stream] = ALL[category(stream)](before, event)
            self.log.append((stream, event))
            for each in self.lists:
                if type(event) in each.events:
                    each.apply(Happened(len(self.log), stream, event, NOW))

    def give(self, command: Any, by: Principal = DEV) -> Decision:
        """Carry out a command, whole or not at all."""
        handler = self.handlers[type(command)]
        if handler.place is not None:
            placement = handler.place(command)
            command = command if placement is None else placement.command
        states = [self.states.get(stream) for stream in handler.reads(command)]
        decision = handler.decide(*states, command, Context(NOW, len(self.log), by))
        self.refused = None if decision.refusal is None else decision.refusal.code
        if decision.refusal is not None:
            assert decision.events == ()
        assert {stream for stream, _ in decision.events} <= set(handler.reads(command))
        self.happened(decision.events)
        return decision

    def settle(self) -> None:
        """Work off all that is due."""
        for _ in range(100):
            works = [work for each in self.lists for work in each.due(NOW, 100)]
            if not works:
                return
            for work in works:
                self.give(work.command, SETTLEMENT)
        raise AssertionError(f"never done: {works}")

    def order(self, order: Any, by: Principal = DEV) -> OrderState | None:
        """Place an order and have it carried out; None: it was refused when it was placed."""
        order_id = self.new_id()
        self.give(PlaceOrder(order_id=order_id, order=order), by)
        if self.refused is not None:
            return None
        self.settle()
        state: OrderState = self.states[order_stream(order_id)]
        self.refused = None if state.refusal is None else state.refusal.code
        return state

    def register(self, agent_id: str, stake: int, by: Principal = DEV) -> Decision:
        command = agent_commands.RegisterAgent(
            agent_id=agent_id, capabilities=Capabilities(), initial_stake=stake
        )
        return self.give(command, by)

    def unregister(self, agent_id: str) -> None:
        self.give(agent_commands.UnregisterAgent(agent_id=agent_id))

    def balance(self, account_id: str) -> int:
        state: AccountState | None = self.states.get(account_stream(account_id))
        return 0 if state is None else state.balance

    def stake(self, agent_id: str) -> StakeState:
        state: StakeState | None = self.states.get(stake_stream(agent_id))
        return state or NO_STAKE

    def check(self) -> None:
        """Every token sums to 0, nothing but issuance is below 0, and no cap is passed."""
        sums: dict[str, int] = {}
        for stream, state in self.states.items():
            if stream.startswith("account/"):
                purpose, token, *_ = stream.removeprefix("account/").split(":")
                sums[token] = sums.get(token, 0) + state.balance
                assert state.available >= 0 or purpose == "issuance"
        assert not any(sums.values()), sums


def _registration(command: Any) -> tuple[str | None, ...]:
    return (agent.agent_stream(command.agent_id), seating.SEATS)
