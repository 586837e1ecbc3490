"""The registry of commands about budgets: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.application.economy.filled import Filled
from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handlers, Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.economy.budgets import budget, commands, deciding, events, settling
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import Scope
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import to_text

EVENTS: tuple[type[Event], ...] = events.EVENTS

EVOLVERS: Evolvers = {"budget": budget.evolve, "budgets": budget.evolve_list}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "budget": budget.BudgetState,
    "budgets": budget.BudgetList,
}

PER_PERCENT = 10_000
"""Millionths."""


class BudgetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A budget right after a command.

    Attributes:
        budget_id: Its id.
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: It refuses tasks that may cost more than it leaves; else it only tells.
        revision: Grows with every change; the ETag.
        created_at: UTC.
        updated_at: UTC.
    """

    budget_id: str
    scope: Scope
    match: str
    amount: str
    period: Period
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime


def handlers(working_set: WorkingSet) -> Handlers:
    """Return the handlers of all commands about budgets.

    Args:
        working_set: Where it is looked up what a budget is about.
    """

    def place(command: commands.RemoveBudget) -> Placement | None:
        entry = working_set.known(budget.budget_stream(command.budget_id))
        state: budget.BudgetState | None = None if entry is None else entry.state
        return None if state is None else Filled(replace(command, key=state.terms.key))

    return {
        commands.CreateBudget: over_streams(
            deciding.setting_streams, deciding.create_budget, budget_answer
        ),
        commands.SetBudget: over_streams(
            deciding.setting_streams, deciding.set_budget, budget_answer
        ),
        commands.RemoveBudget: over_streams(
            deciding.removal_streams, deciding.remove_budget, budget_answer, place=place
        ),
        commands.PayCost: over_streams(settling.payment_streams, settling.settle_cost, _nothing),
        commands.ReleaseCost: over_streams(
            settling.release_streams, settling.release_cost, _nothing
        ),
    }


def budget_answer(state: budget.BudgetState, command: Any) -> BudgetAnswer:
    """Return the answer to a command about a budget."""
    terms = state.terms
    return BudgetAnswer(
        budget_id=command.budget_id,
        scope=terms.scope,
        match=terms.match,
        amount=to_text(terms.amount),
        period=terms.period,
        warn_percent=terms.warn_ppm / PER_PERCENT,
        hard_stop=terms.hard,
        revision=state.revision,
        created_at=state.created_at,
        updated_at=state.updated_at,
    )


def _nothing(_state: Any, _command: Any) -> None:
    return None
