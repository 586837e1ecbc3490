"""Everything that has to do with rewards but the engine: a log, its folds, and the decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from aia_mas.application import registry
from aia_mas.application.engine.handlers import category
from aia_mas.domain.economy.accounts import (
    Purpose,
    account_of,
    account_stream,
    parse_account,
    reward_pool,
)
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import Book, Entry, move, streams_of
from aia_mas.domain.economy.rewards.ahead import BlocksAhead
from aia_mas.domain.economy.rewards.blocks import (
    RESERVED,
    ReserveRewards,
    reserve_rewards,
    streams_of_block,
)
from aia_mas.domain.economy.rewards.due import RewardsDue
from aia_mas.domain.economy.rewards.events import RewardsSettled
from aia_mas.domain.economy.rewards.settling import (
    SettleRewards,
    settle_rewards,
    streams_of_settlement,
)
from aia_mas.domain.economy.todo import Happened, TodoList, Work
from aia_mas.domain.kernel import Context, Decision, Principal, Role
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
)

from .reward_stories import NOW

ANNE = Principal("anne", frozenset({Role.ADMIN}))

Step = tuple[Callable[[Any], tuple[str, ...]], Callable[..., Decision]]
SETTLING: dict[type, Step] = {
    ReserveRewards: (streams_of_block, reserve_rewards),
    SettleRewards: (streams_of_settlement, settle_rewards),
}


class Model:
    """What the rewards must come to, by plain bookkeeping over the same events."""

    def __init__(self) -> None:
        self.blocks = self.paid = 0
        # Task to what was promised for it.
        self.live: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self.settled: set[str] = set()

    @property
    def available(self) -> int:
        kept = sum(self.live.values()) + sum(self.done.values())
        return self.blocks - kept - self.paid

    def apply(self, stream: str, event: Event) -> None:
        entity = entity_of(stream)
        if isinstance(event, TaskAssigned) and event.reward is not None:
            self.live[entity] = event.reward.reserved
        elif isinstance(event, TaskCompleted):
            if entity in self.live:
                self.done[entity] = self.live.pop(entity)
        elif isinstance(event, TaskFailed | TaskReleased | TaskCancelled | TaskExpired):
            self.live.pop(entity, None)
        elif type(event).__name__ == "RewardBlockReserved":
            self.blocks += event.amount  # type: ignore[attr-defined]
        elif isinstance(event, RewardsSettled):
            self._settle(event)

    def _settle(self, event: RewardsSettled) -> None:
        for item in event.items:
            assert item.task_id not in self.settled, "nothing is paid twice"
            self.settled.add(item.task_id)
            kept = self.done.pop(item.task_id)
            rating = Fraction(1, 2) if item.rating_ppm is None else Fraction(item.rating_ppm, 10**6)
            bonus = {"early": 1, "in_time": 0, "late": -1}[item.punctuality]
            factor = 1 + Fraction(8, 10) * (rating - Fraction(1, 2)) + Fraction(bonus, 10)
            factor = Fraction(int(factor * 10**6), 10**6)
            whole = item.base * Fraction(item.multiplier_ppm, 10**6) * factor
            assert item.reward == (0 if item.forfeited else int(whole))
            assert item.reward <= kept
            self.paid += item.reward


class RewardWorld:
    """The log, and whatever is folded from it: a dispatcher, the settlement's lists, the states."""

    def __init__(self) -> None:
        self.now = NOW
        self.log: list[Happened] = []
        self.states: dict[str, Any] = {}
        self.model = Model()
        self.fold = Dispatching()
        self.ahead: TodoList = BlocksAhead()
        self.due: TodoList = RewardsDue()

    def happen(self, stream: str, event: Event) -> None:
        happened = Happened(len(self.log) + 1, stream, event, self.now)
        self.log.append(happened)
        evolve = registry.EVOLVERS.get(category(stream))
        # Of a stake the figures in its events are all that counts here.
        if evolve is not None and category(stream) != "stake":
            self.states[stream] = evolve(self.states.get(stream), event)
        self.model.apply(stream, event)
        self.fold.apply(stream, event)
        for each in (self.ahead, self.due):
            _tell(each, happened)

    def take(self, decision: Decision) -> bool:
        """Append what was decided; tells whether it was accepted."""
        for stream, event in decision.events:
            self.happen(stream, event)
        return decision.refusal is None

    def ctx(self, by: Principal = ANNE) -> Context:
        return Context(now=self.now, head=len(self.log), principal=by)

    def settle(self, command: Any) -> Decision:
        """Decide as the settlement."""
        reads, decide = SETTLING[type(command)]
        states = {stream: self.states.get(stream) for stream in reads(command)}
        return decide(states, command, self.ctx(SETTLEMENT))

    def fund(self, amount: int, token: str = "AIA") -> None:
        source = account_of(Purpose.ISSUANCE, token)
        legs = move(source, reward_pool(token), amount)
        entry = Entry(transfer_id=f"genesis:{len(self.log)}", legs=legs, reason="genesis")
        states = {stream: self.states.get(stream) for stream in streams_of(entry)}
        book = Book(states, self.ctx(SETTLEMENT))
        assert book.post(entry)
        assert self.take(Decision(tuple(book.events)))

    def work(self, each: TodoList) -> list[Work]:
        return list(each.due(self.now, 100))

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def restart(self) -> None:
        """Another node leads: its folds come from snapshots, and are what the log makes of them."""
        fold = Dispatching()
        ahead, due = BlocksAhead(), RewardsDue()
        for happened in self.log:
            fold.apply(happened.stream, happened.event)
            _tell(ahead, happened)
            _tell(due, happened)
        pieces = list(encode_snapshot(at_once(self.fold.snapshot())))
        assert list(encode_snapshot(at_once(fold.snapshot()))) == pieces
        self.fold = at_once(Dispatching.restore(at_once(decode_snapshot(pieces))))
        self.ahead = _restored(self.ahead, ahead)
        self.due = _restored(self.due, due)

    def balance(self, account: str) -> int:
        state = self.states.get(account_stream(account))
        return 0 if state is None else state.balance

    def balances(self) -> Counter[str]:
        """Return what there is for each purpose of AIA."""
        found: Counter[str] = Counter()
        for stream, state in self.states.items():
            if category(stream) == "account":
                account = parse_account(entity_of(stream))
                if account.token == "AIA":
                    found[account.purpose] += state.balance
        return found

    def check(self) -> None:
        """The promises that hold after every event."""
        rewards, model = self.fold.rewards, self.model
        assert rewards.available + rewards.reserved + rewards.awaiting + rewards.paid == (
            rewards.blocks
        )
        assert rewards.available >= 0
        assert (rewards.blocks, rewards.paid) == (model.blocks, model.paid)
        assert rewards.available == model.available
        assert rewards.reserved == sum(model.live.values())
        assert rewards.awaiting == sum(model.done.values())
        found = self.balances()
        assert sum(found.values()) == 0
        assert self.balance(RESERVED) == rewards.blocks - rewards.paid
        assert found[Purpose.WALLET] == rewards.paid


def _tell(each: TodoList, happened: Happened) -> None:
    if type(happened.event) in each.events:
        each.apply(happened)


def _restored(live: Any, rebuilt: Any) -> Any:
    pieces = list(at_once(live.snapshot()))
    restored = at_once(type(live).restore(pieces))
    assert list(at_once(rebuilt.snapshot())) == pieces
    assert list(at_once(restored.snapshot())) == pieces
    return restored
