"""The budgets of one decision: what is held in them, spent and let go again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia_mas.domain.economy.budgets.budget import BudgetState, budget_stream, evolve
from aia_mas.domain.economy.budgets.errors import BudgetExhausted
from aia_mas.domain.economy.budgets.events import BudgetHeld, BudgetReleased, BudgetSpent
from aia_mas.domain.economy.budgets.periods import period_at, span_of
from aia_mas.domain.economy.budgets.telling import told
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.cost_hold import BudgetShare, CostHold


class Budgets:
    """Counts costs in budgets for one decision, as ``Book`` does in accounts.

    Invariants: what is held and spent of a period is never below 0, and of a hard budget never
    above its amount by what was submitted since it was set so; what counts in a budget counts in
    the period in which its task was submitted, so that a new period begins with nothing.

    Attributes:
        events: What happened, each with its stream, in order.
    """

    __slots__ = ("_ctx", "_states", "events")

    def __init__(self, states: Mapping[str, Any], ctx: Context) -> None:
        """Open them on the states of all streams that will be touched (None: not there yet)."""
        self._states = dict(states)
        self._ctx = ctx
        self.events: list[tuple[str, Event]] = []

    def shares(self, budget_ids: tuple[str, ...]) -> tuple[BudgetShare, ...]:
        """Return in which periods a cost counts now; budgets that were removed are left out."""
        states = ((each, self._state(each)) for each in budget_ids)
        return tuple(
            BudgetShare(each, period_at(state.terms.period, self._ctx.now))
            for each, state in states
            if state is not None and not state.removed
        )

    def hold(self, task_id: str, hold: CostHold) -> None:
        """Count what a task may cost.

        Raises:
            BudgetExhausted: A hard one does not leave as much; nothing is changed then.
        """
        for share in hold.budgets:
            self._check(share, hold.amount)
        for share in hold.budgets:
            stream = budget_stream(share.budget_id)
            state = self._present(share.budget_id)
            use = state.use_of(share.period)
            held = use.held + hold.amount
            self._record(
                stream,
                BudgetHeld(
                    task_id=task_id,
                    transfer_id=hold.transfer_id,
                    period=share.period,
                    amount=hold.amount,
                    held=held,
                    spent=use.spent,
                    at=self._ctx.now,
                ),
            )
            for event in told(
                state.terms,
                share.period,
                held + use.spent,
                self._ctx,
                warned=use.warned,
                exceeded=use.exceeded,
            ):
                self._record(stream, event)

    def spend(self, task_id: str, hold: CostHold, cost: int) -> None:
        """Count what a task has cost (base units) in place of what it might have."""
        for share in hold.budgets:
            use = self._present(share.budget_id).use_of(share.period)
            spent = BudgetSpent(
                task_id=task_id,
                transfer_id=hold.transfer_id,
                period=share.period,
                amount=hold.amount,
                held=use.held - hold.amount,
                spent=use.spent + cost,
                cost=cost,
                at=self._ctx.now,
            )
            self._record(budget_stream(share.budget_id), spent)

    def release(self, task_id: str, hold: CostHold) -> None:
        """Count no longer what a task might have cost."""
        for share in hold.budgets:
            use = self._present(share.budget_id).use_of(share.period)
            released = BudgetReleased(
                task_id=task_id,
                transfer_id=hold.transfer_id,
                period=share.period,
                amount=hold.amount,
                held=use.held - hold.amount,
                spent=use.spent,
                at=self._ctx.now,
            )
            self._record(budget_stream(share.budget_id), released)

    def _check(self, share: BudgetShare, amount: int) -> None:
        terms = self._present(share.budget_id).terms
        use = self._present(share.budget_id).use_of(share.period)
        if not terms.hard or not terms.exceeded(use.used + amount):
            return
        span = span_of(share.period)
        raise BudgetExhausted(
            f"The budget {share.budget_id} leaves {to_text(max(terms.amount - use.used, 0))}",
            budget_id=share.budget_id,
            scope=terms.scope,
            match=terms.match,
            period=share.period,
            amount=to_text(terms.amount),
            held=to_text(use.held),
            spent=to_text(use.spent),
            wanted=to_text(amount),
            resets_at=None if span is None else span.end.isoformat().replace("+00:00", "Z"),
        )

    def _state(self, budget_id: str) -> BudgetState | None:
        state: BudgetState | None = self._states[budget_stream(budget_id)]
        return state

    def _present(self, budget_id: str) -> BudgetState:
        state = self._state(budget_id)
        # A budget that was counted in was there, and its stream is never taken away.
        assert state is not None
        return state

    def _record(self, stream: str, event: Event) -> None:
        self._states[stream] = evolve(self._states[stream], event)
        self.events.append((stream, event))
