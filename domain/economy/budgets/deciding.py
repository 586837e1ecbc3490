"""How budgets are made, changed and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.budgets.budget import BudgetList, BudgetState, budget_stream
from aia_mas.domain.economy.budgets.commands import CreateBudget, RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.errors import (
    BudgetExists,
    BudgetFixed,
    BudgetNotFound,
    TooManyBudgets,
)
from aia_mas.domain.economy.budgets.events import (
    BudgetListed,
    BudgetRemoved,
    BudgetSet,
    BudgetUnlisted,
)
from aia_mas.domain.economy.budgets.periods import period_at
from aia_mas.domain.economy.budgets.telling import told
from aia_mas.domain.economy.budgets.terms import BudgetTerms, check_terms
from aia_mas.domain.economy.parameters import PARAMETERS, ParametersState
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import Conflict, InvalidValue
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import check_id

MOST_BUDGETS = 10
"""Budgets about one client, owner or tag: each is written with every task that counts in it."""

States = Mapping[str, Any]
"""The states of the streams that a command reads (None: not there yet), by stream."""


def setting_streams(command: CreateBudget | SetBudget) -> tuple[str, ...]:
    """Return what ``create_budget`` and ``set_budget`` read."""
    return budget_stream(command.budget_id), command.terms.key.stream, PARAMETERS


def removal_streams(command: RemoveBudget) -> tuple[str, ...]:
    """Return what ``remove_budget`` reads."""
    stream = budget_stream(command.budget_id)
    return (stream,) if command.key is None else (stream, command.key.stream)


def create_budget(states: States, command: CreateBudget, ctx: Context) -> Decision:
    """Make a budget; refused with ``budget_exists`` when there is one of this id."""
    state: BudgetState | None = states[budget_stream(command.budget_id)]
    if state is not None and not state.removed:
        return refuse(BudgetExists(budget_id=command.budget_id))
    return _set(states, command.budget_id, _settled(states, command.terms), ctx)


def set_budget(states: States, command: SetBudget, ctx: Context) -> Decision:
    """Make a budget, or change it; one that says so already is left as it is.

    Refused with ``budget_fixed`` when it would be about something else or for another period.
    """
    state: BudgetState | None = states[budget_stream(command.budget_id)]
    live = state is not None and not state.removed
    unmet = command.precondition.unmet(state.revision if state is not None and live else None)
    if unmet is not None:
        return refuse(unmet)
    terms = _settled(states, command.terms)
    if state is not None and live:
        if state.terms == terms:
            return Decision()
        for field in ("scope", "match", "period"):
            if getattr(state.terms, field) != getattr(terms, field):
                return refuse(BudgetFixed(budget_id=command.budget_id, field=field))
    return _set(states, command.budget_id, terms, ctx)


def remove_budget(states: States, command: RemoveBudget, ctx: Context) -> Decision:
    """Remove a budget; what it holds ends as it would have."""
    stream = budget_stream(command.budget_id)
    state: BudgetState | None = states[stream]
    if state is None or state.removed:
        return refuse(BudgetNotFound(budget_id=command.budget_id))
    unmet = command.precondition.unmet(state.revision)
    if unmet is not None:
        return refuse(unmet)
    if state.terms.key != command.key:
        return refuse(Conflict())
    removed = BudgetRemoved(by=ctx.principal.subject, at=ctx.now)
    unlisted = BudgetUnlisted(budget_id=command.budget_id)
    return Decision(events=((stream, removed), (command.key.stream, unlisted)))


def _settled(states: States, terms: BudgetTerms) -> BudgetTerms:
    """Return terms that say themselves when they warn."""
    if terms.warn_ppm:
        return terms
    parameters: ParametersState = states[PARAMETERS] or ParametersState()
    return replace(terms, warn_ppm=parameters.parameters.budget_warning_ppm)


def _set(states: States, budget_id: str, terms: BudgetTerms, ctx: Context) -> Decision:
    try:
        check_id(budget_id, "budget_id")
        check_terms(terms)
    except InvalidValue as error:
        return refuse(error)
    stream, list_stream = budget_stream(budget_id), terms.key.stream
    state: BudgetState | None = states[stream]
    budgets: BudgetList | None = states[list_stream]
    listed = () if budgets is None else budgets.budget_ids
    revision = 1 if state is None else state.revision + 1
    changed = BudgetSet(terms=terms, revision=revision, by=ctx.principal.subject, at=ctx.now)
    events: list[tuple[str, Event]] = [(stream, changed)]
    if budget_id not in listed:
        if len(listed) >= MOST_BUDGETS:
            return refuse(TooManyBudgets(scope=terms.scope, match=terms.match, most=MOST_BUDGETS))
        events.append((list_stream, BudgetListed(budget_id=budget_id)))
    if state is not None:
        # Of what is used already it is told anew.
        period = period_at(terms.period, ctx.now)
        used = state.use_of(period).used
        events += [(stream, event) for event in told(terms, period, used, ctx)]
    return Decision(events=tuple(events))
