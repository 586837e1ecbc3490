"""What a budget tells when much of it is used, or more than there is."""

from __future__ import annotations

from aia_mas.domain.economy.budgets.events import BudgetExceeded, BudgetWarned
from aia_mas.domain.economy.budgets.terms import BudgetTerms
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.event import Event


def told(
    terms: BudgetTerms,
    period: str,
    used: int,
    ctx: Context,
    *,
    warned: bool = False,
    exceeded: bool = False,
) -> list[Event]:
    """Return what is to be told.

    Args:
        terms: What the budget says.
        period: The period.
        used: What is used of it, base units.
        ctx: When.
        warned: It was warned of before.
        exceeded: It was told before that this is more than there is.
    """
    events: list[Event] = []
    if not warned and terms.warns(used):
        events.append(BudgetWarned(terms=terms, period=period, used=used, at=ctx.now))
    if not exceeded and terms.exceeded(used):
        events.append(BudgetExceeded(terms=terms, period=period, used=used, at=ctx.now))
    return events
