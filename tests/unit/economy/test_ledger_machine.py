"""Any order of transfers, holds and reversals does what a plain dictionary of balances does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aia_mas.domain.economy.accounts import wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import (
    AccountState,
    Entry,
    Leg,
    TransferState,
    account_stream,
    transfer_stream,
    transfers,
)
from aia_mas.domain.economy.ledger.commands import (
    ExpireHold,
    PostHold,
    ReverseTransfer,
    Transfer,
    VoidHold,
    touched,
)
from aia_mas.domain.economy.ledger.expiring import ExpiringHolds
from aia_mas.domain.economy.ledger.states import evolve_account, evolve_transfer
from aia_mas.domain.economy.todo import Happened
from aia_mas.domain.kernel import Context, Decision, Principal, Role
from aia_mas.domain.kernel.steps import at_once

from .plain_ledger import ADMIN, Legs, PlainLedger

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWNERS = ("ann", "bob", "cal")
TOKENS = ("AIA", "AIA_GOV")
WALLETS = tuple(wallet(owner, token) for owner in OWNERS for token in TOKENS)
IDS = tuple(f"t{number}" for number in range(12))

who = st.sampled_from((ADMIN, ADMIN, ADMIN, *OWNERS))
ids = st.sampled_from(IDS)
amounts = st.integers(1, 60)


@st.composite
def legs(draw: st.DrawFn) -> Legs:
    """Two legs as a rule; sometimes more, in both tokens, and sometimes out of balance."""
    if draw(st.integers(0, 4)):
        token = draw(st.sampled_from(TOKENS))
        source, target = draw(st.permutations(OWNERS))[:2]
        amount = draw(amounts)
        return ((wallet(source, token), -amount), (wallet(target, token), amount))
    found = []
    for token in draw(st.sampled_from((TOKENS, TOKENS[:1]))):
        first, second, third = draw(st.permutations([wallet(owner, token) for owner in OWNERS]))
        one, two = draw(amounts), draw(amounts)
        more = draw(st.sampled_from((0, 0, 0, 1)))
        found += [(first, -one - two - more), (second, one), (third, two)]
    return tuple(found)


def principal(name: str) -> Principal:
    if name == ADMIN:
        return Principal(ADMIN, frozenset({Role.ADMIN}))
    return Principal(name, frozenset({Role.AGENT}), agent_id=name)


class LedgerMachine(RuleBasedStateMachine):
    """The decisions over states folded from their own events, beside the plain ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.streams: dict[str, Any] = {}
        self.plain = PlainLedger()
        self.todo = ExpiringHolds()
        self.position = 0

    @initialize(funds=st.lists(st.integers(0, 150), min_size=6, max_size=6))
    def fund(self, funds: list[int]) -> None:
        for account, amount in zip(WALLETS, funds, strict=True):
            if amount:
                self.streams[account_stream(account)] = AccountState(balance=amount)
                self.plain.balances[account] = amount
        self.supply = self.sums()

    @rule(who=who, transfer_id=ids, legs=legs(), timeout=st.sampled_from((None, None, 5.0, 60.0)))
    def make(self, who: str, transfer_id: str, legs: Legs, timeout: float | None) -> None:
        pending = timeout is not None
        self.given(who, transfer_id, legs, pending, timeout)

    @rule(who=who, transfer_id=ids, legs=legs())
    def hold_without_end(self, who: str, transfer_id: str, legs: Legs) -> None:
        self.given(who, transfer_id, legs, True, None)

    @rule(who=who, transfer_id=ids, pending=st.booleans())
    def repeat(self, who: str, transfer_id: str, pending: bool) -> None:
        """The very same again."""
        kept = self.plain.transfers.get(transfer_id)
        if kept is not None and kept.reverses is None:
            self.given(who, transfer_id, kept.legs, kept.pending, kept.timeout)

    @rule(who=who, transfer_id=ids, amount=st.one_of(st.none(), st.integers(0, 70)))
    def post(self, who: str, transfer_id: str, amount: int | None) -> None:
        command = PostHold(transfer_id=transfer_id, amount=amount, all_legs=self.legs(transfer_id))
        self.compare(
            transfers.post_hold(self.states(command), command, self.ctx(who)),
            self.plain.post(who, transfer_id, amount, self.now),
        )

    @rule(who=who, transfer_id=ids)
    def void(self, who: str, transfer_id: str) -> None:
        command = VoidHold(transfer_id=transfer_id, all_legs=self.legs(transfer_id))
        self.compare(
            transfers.void_hold(self.states(command), command, self.ctx(who)),
            self.plain.void(who, transfer_id),
        )

    @rule(who=who, transfer_id=ids, reversal_id=ids)
    def reverse(self, who: str, transfer_id: str, reversal_id: str) -> None:
        command = ReverseTransfer(
            transfer_id=transfer_id, reversal_id=reversal_id, all_legs=self.legs(transfer_id)
        )
        self.compare(
            transfers.reverse_transfer(self.states(command), command, self.ctx(who)),
            self.plain.reverse(who, transfer_id, reversal_id),
        )

    @rule(seconds=st.sampled_from((1, 4, 30)), most=st.integers(1, 3))
    def time_passes(self, seconds: int, most: int) -> None:
        """What is over is let go by the settlement, a few at a time."""
        self.now += timedelta(seconds=seconds)
        context = Context(self.now, 0, SETTLEMENT)
        while due := self.todo.due(self.now, most):
            assert len(due) <= most
            for work in due:
                command = work.command
                assert isinstance(command, ExpireHold)
                assert work.work_id == f"expire:{command.transfer_id}"
                decision = transfers.expire_hold(self.states(command), command, context)
                assert decision.events
                self.evolve(decision)
        self.plain.expire(self.now)
        following = self.todo.next_due()
        assert following is None or following > self.now

    @rule()
    def restart(self) -> None:
        """The to-do list goes on from its snapshot."""
        pieces = list(at_once(self.todo.snapshot()))
        self.todo = at_once(ExpiringHolds.restore(pieces))

    def given(
        self, who: str, transfer_id: str, legs: Legs, pending: bool, timeout: float | None
    ) -> None:
        entry = Entry(
            transfer_id=transfer_id, legs=tuple(Leg(*each) for each in legs), reason="gift"
        )
        command = Transfer(entry=entry, pending=pending, timeout=timeout)
        expires_at = None if timeout is None else self.now + timedelta(seconds=timeout)
        decision = transfers.transfer(
            self.states(command), command, self.ctx(who), frozenset(TOKENS)
        )
        self.compare(
            decision,
            self.plain.make(who, transfer_id, legs, self.now, pending, timeout, expires_at),
        )

    def compare(self, decision: Decision, refused: str) -> None:
        if decision.refusal is not None:
            assert decision.refusal.code == refused
            assert not decision.events
        else:
            assert refused == ""
        self.evolve(decision)

    def evolve(self, decision: Decision) -> None:
        for stream, event in decision.events:
            # As they come back from the log.
            event = msgspec.json.decode(msgspec.json.encode(event), type=type(event))
            fold = evolve_account if stream.startswith("account/") else evolve_transfer
            self.streams[stream] = fold(self.streams.get(stream), event)
            self.position += 1
            if type(event) in ExpiringHolds.events:
                self.todo.apply(Happened(self.position, stream, event, self.now))

    def states(self, command: Any) -> Mapping[str, Any]:
        """Only what the command says that it reads."""
        return {stream: self.streams.get(stream) for stream in touched(command)}

    def ctx(self, who: str) -> Context:
        return Context(self.now, 0, principal(who))

    def legs(self, transfer_id: str) -> tuple[Leg, ...]:
        state: TransferState | None = self.streams.get(transfer_stream(transfer_id))
        return () if state is None else (*state.legs, *state.moved)

    def sums(self) -> dict[str, int]:
        sums: defaultdict[str, int] = defaultdict(int)
        for account in WALLETS:
            state = self.streams.get(account_stream(account))
            sums[account.split(":")[1]] += 0 if state is None else state.balance
        return sums

    @invariant()
    def nothing_is_made_or_lost(self) -> None:
        if hasattr(self, "supply"):
            assert self.sums() == self.supply

    @invariant()
    def balances_are_the_same_and_nobody_is_below_zero(self) -> None:
        for account in WALLETS:
            state = self.streams.get(account_stream(account)) or AccountState()
            assert (state.balance, state.held) == (
                self.plain.balances[account],
                self.plain.held(account),
            )
            assert state.available >= 0 <= state.held

    @invariant()
    def transfers_are_the_same(self) -> None:
        for transfer_id in IDS:
            state: TransferState | None = self.streams.get(transfer_stream(transfer_id))
            kept = self.plain.transfers.get(transfer_id)
            assert (state is None) is (kept is None)
            if state is not None and kept is not None:
                moved = tuple((leg.account, leg.amount) for leg in state.moved)
                assert (state.status, dict(moved), state.reverses, state.reversed_by) == (
                    kept.status,
                    dict(kept.moved),
                    kept.reverses,
                    kept.reversed_by,
                )


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=50)
