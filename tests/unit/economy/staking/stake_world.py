"""A world of stakes without a log: commands are decided on states, and the to-do lists follow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aia_mas.application.economy import order_handlers, staking_handlers
from aia_mas.application.economy.handlers import EVOLVERS
from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.orders import OrderStatus, PlaceOrder, order_stream
from aia_mas.domain.economy.parameters import (
    PARAMETERS,
    EconomicParameters,
    ParametersChanged,
)
from aia_mas.domain.economy.staking.absences import Absences
from aia_mas.domain.economy.staking.dues import StakeDues
from aia_mas.domain.economy.staking.earnings import StakingEarnings
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.economy.staking.state import NO_STAKE, StakeState, stake_stream
from aia_mas.domain.economy.todo import Happened, OpenOrders
from aia_mas.domain.kernel import Context, Decision, DomainError, Event, Principal, Role
from aia_mas.domain.kernel.money import ONE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
TREASURER = Principal("tess", frozenset({Role.TREASURER}))
OPERATOR = Principal("ops", frozenset({Role.OPERATOR}))
HANDLERS = {**order_handlers.handlers(), **staking_handlers.handlers()}
_FOLDS = {**EVOLVERS, **dict.fromkeys(("agent", "task"), lambda state, _event: state)}


def agent(agent_id: str) -> Principal:
    return Principal(f"agent:{agent_id}", frozenset({Role.AGENT}), agent_id)


class World:
    """States by stream, and the to-do lists of the settlement."""

    def __init__(self, wallets: dict[str, int] | None = None, **terms: Any) -> None:
        self.now = NOW
        self.states: dict[str, Any] = {}
        self.position = 0
        self.numbers = 0
        self.lists = (OpenOrders(), StakeDues(), Absences(), StakingEarnings())
        self.changed = 0
        self.heard: Callable[[str, Event], None] = lambda _stream, _event: None
        self.terms = EconomicParameters()
        self.change_terms(**terms)
        for account_id, tokens in (wallets or {}).items():
            name = account_id if ":" in account_id else f"wallet:AIA:{account_id}"
            self.states[account_stream(name)] = AccountState(balance=tokens * ONE)

    @property
    def dues(self) -> StakeDues:
        return self.lists[1]

    @property
    def earnings(self) -> StakingEarnings:
        return self.lists[3]

    def change_terms(self, **terms: Any) -> None:
        self.changed += 1
        self.terms = msgspec.structs.replace(self.terms, **terms)
        event = ParametersChanged(
            parameters=self.terms, revision=self.changed, by="gov", at=self.now
        )
        self.happen(PARAMETERS, event)

    def happen(self, stream: str, *events: Event) -> None:
        for event in events:
            self.position += 1
            self.heard(stream, event)
            fold = _FOLDS[stream.partition("/")[0]]
            self.states[stream] = fold(self.states.get(stream), event)
            if isinstance(event, StakeEvent):
                assert figures_of(event) == figures_of_state(self.states[stream])
            happened = Happened(self.position, stream, event, self.now)
            for each in self.lists:
                if type(event) in each.events:
                    each.apply(happened)

    def new_id(self) -> str:
        self.numbers += 1
        return f"id{self.numbers}"

    def decide(self, command: msgspec.Struct, by: Principal = ADMIN) -> Decision:
        handler = HANDLERS[type(command)]
        states = [self.states.get(stream) for stream in handler.reads(command)]
        return handler.decide(*states, command, Context(self.now, self.position, by))

    def do(self, command: msgspec.Struct, by: Principal = ADMIN) -> tuple[Event, ...]:
        """Carry a command out, or raise its refusal; returns what happened to stakes."""
        decision = self.decide(command, by)
        if decision.refusal is not None:
            assert not decision.events
            raise decision.refusal
        for stream, event in decision.events:
            self.happen(stream, event)
        return tuple(event for stream, event in decision.events if stream.startswith("stake/"))

    def settle(self) -> int:
        """Do all that is due; returns how many works there were."""
        done = 0
        while True:
            works = [work for each in self.lists for work in each.due(self.now, 100)]
            fresh = 0
            for work in works:
                decision = self.decide(work.command, SETTLEMENT)
                fresh += bool(decision.events)
                for stream, event in decision.events:
                    self.happen(stream, event)
            done += fresh
            if not fresh:
                return done

    def order(self, order: msgspec.Struct, by: Principal = TREASURER) -> dict[str, Any]:
        """Place an order, have it carried out, and return its result or raise its refusal."""
        order_id = self.new_id()
        self.do(PlaceOrder(order_id=order_id, order=order), by)
        self.settle()
        state = self.states[order_stream(order_id)]
        if state.status is OrderStatus.REFUSED:
            raise Refused(state.refusal.code)
        assert state.status is OrderStatus.EXECUTED
        return state.result

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.settle()

    def stake(self, agent_id: str) -> StakeState:
        return self.states.get(stake_stream(agent_id)) or NO_STAKE

    def balance(self, account_id: str) -> int:
        state = self.states.get(account_stream(account_id))
        return 0 if state is None else state.balance

    def tokens(self, account_id: str) -> float:
        return self.balance(account_id) / ONE

    def owners(self) -> Sequence[str]:
        found = (s.partition("/")[2] for s in self.states if s.startswith("stake/"))
        return sorted(found)


def figures_of(event: StakeEvent) -> tuple[int, ...]:
    return (
        event.bonded,
        event.effective,
        event.earning,
        event.bonded_gov,
        event.unbonding,
        event.unbonding_gov,
    )


def figures_of_state(state: StakeState) -> tuple[int, ...]:
    """Reckoned apart from the state's own figures."""
    maturing = sum(lot.amount for lot in state.lots)
    given = sum(loan.amount for loan in state.given)
    got = sum(loan.amount for loan in state.got if loan.returns_at is None)
    free = state.jailed_until is None
    unbonding = {"AIA": 0, "AIA_GOV": 0}
    for each in state.unbondings:
        unbonding[each.token] += each.amount
    return (
        state.matured + maturing,
        (state.matured - given + got) * free,
        state.matured * free,
        state.bonded_gov,
        unbonding["AIA"],
        unbonding["AIA_GOV"],
    )


class Refused(DomainError):
    """An order was refused when it was carried out."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
