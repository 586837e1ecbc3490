"""A budget as its events tell it: what it says, and what is held and spent of its periods."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from aia_mas.domain.economy.budgets.events import (
    BudgetExceeded,
    BudgetHeld,
    BudgetListed,
    BudgetReleased,
    BudgetRemoved,
    BudgetSet,
    BudgetSpent,
    BudgetUnlisted,
    BudgetWarned,
)
from aia_mas.domain.economy.budgets.periods import kind_of
from aia_mas.domain.economy.budgets.terms import BudgetTerms
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of

_KEPT = 2
"""Periods of a kind that are remembered even when nothing is held of them: clocks differ, so that
the last one may still be used when the next one is already."""


class PeriodUse(State, frozen=True, kw_only=True):
    """What is used of one period; base units.

    Attributes:
        period: Its name.
        held: For tasks that have not ended.
        spent: For tasks that were paid.
        warned: It was warned of.
        exceeded: It was told that it is more than there is.
    """

    period: str
    held: int = 0
    spent: int = 0
    warned: bool = False
    exceeded: bool = False

    @property
    def used(self) -> int:
        """What is held and spent."""
        return self.held + self.spent


class BudgetState(State, frozen=True, kw_only=True):
    """A budget.

    Attributes:
        terms: What it says.
        revision: Grows with each change of these.
        created_at: Since when, UTC.
        updated_at: When its terms changed last, UTC.
        removed: It is there no more; what it holds may still end.
        uses: What is used of its periods, as far as that may still change, the latest last.
    """

    terms: BudgetTerms
    revision: int
    created_at: datetime
    updated_at: datetime
    removed: bool = False
    uses: tuple[PeriodUse, ...] = ()

    def use_of(self, period: str) -> PeriodUse:
        """Return what is used of a period."""
        return next((use for use in self.uses if use.period == period), PeriodUse(period=period))


class BudgetList(State, frozen=True, kw_only=True):
    """The budgets about one client, owner or tag, by id."""

    budget_ids: tuple[str, ...] = ()


def budget_stream(budget_id: str) -> str:
    """Return the stream of a budget."""
    return stream_of("budget", budget_id)


def evolve(state: BudgetState | None, event: Event) -> BudgetState:
    """Fold one event of a budget."""
    if isinstance(event, BudgetSet):
        return _set(state, event)
    assert state is not None
    match event:
        case BudgetRemoved():
            return replace(state, removed=True)
        case BudgetHeld() | BudgetSpent() | BudgetReleased():
            use = state.use_of(event.period)
            return _with(state, replace(use, held=event.held, spent=event.spent))
        case BudgetWarned():
            return _with(state, replace(state.use_of(event.period), warned=True))
        case BudgetExceeded():
            return _with(state, replace(state.use_of(event.period), exceeded=True))
        case _:
            raise TypeError(type(event))


def evolve_list(state: BudgetList | None, event: Event) -> BudgetList:
    """Fold one event of a list of budgets."""
    ids = frozenset() if state is None else frozenset(state.budget_ids)
    match event:
        case BudgetListed():
            ids |= {event.budget_id}
        case BudgetUnlisted():
            ids -= {event.budget_id}
        case _:
            raise TypeError(type(event))
    return BudgetList(budget_ids=tuple(sorted(ids)))


def _set(state: BudgetState | None, event: BudgetSet) -> BudgetState:
    if state is None:
        return BudgetState(
            terms=event.terms,
            revision=event.revision,
            created_at=event.at,
            updated_at=event.at,
        )
    # What was told was told about other terms.
    untold = tuple(replace(use, warned=False, exceeded=False) for use in state.uses)
    return replace(
        state,
        terms=event.terms,
        revision=event.revision,
        updated_at=event.at,
        removed=False,
        uses=untold,
    )


def _with(state: BudgetState, use: PeriodUse) -> BudgetState:
    """Return a budget with the use of a period, and without those that are over for good."""
    others = tuple(each for each in state.uses if each.period != use.period)
    kind = kind_of(use.period)
    known = sorted(
        (each.period for each in (*others, use) if kind_of(each.period) is kind), reverse=True
    )
    over = set(known[_KEPT:])
    kept = (each for each in (*others, use) if each.held or each.period not in over)
    return replace(state, uses=tuple(sorted(kept, key=lambda each: each.period)))
