"""The topic ``budgets``: every event of a budget, warnings among them."""

from __future__ import annotations

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.budgets import events
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import to_text
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update


class BudgetTold(Update, kw_only=True, omit_defaults=True):
    """The ``data`` of a ``budget_update``; a member is there where the event tells it.

    Attributes:
        budget_id: Which budget.
        status: ``active``, ``warned``, ``exceeded`` or ``removed``, where the event says so.
        scope: What of a task is looked at: client, owner or tag.
        match: What that must be.
        amount: How much may be used of a period, tokens.
        hard_stop: Whether it refuses what it does not leave enough for.
        period: Of which period the figures are.
        held: What is held of it, tokens.
        spent: What is spent of it, tokens.
        used: What is held and spent of it, tokens.
        task_id: The task that changed them.
        cost: What that task was paid, tokens.
    """

    budget_id: str
    status: str | None = None
    scope: str | None = None
    match: str | None = None
    amount: str | None = None
    hard_stop: bool | None = None
    period: str | None = None
    held: str | None = None
    spent: str | None = None
    used: str | None = None
    task_id: str | None = None
    cost: str | None = None


_STATUSES: dict[type[Event], str | None] = {
    events.BudgetSet: "active",
    events.BudgetRemoved: "removed",
    events.BudgetHeld: None,
    events.BudgetSpent: None,
    events.BudgetReleased: None,
    events.BudgetWarned: "warned",
    events.BudgetExceeded: "exceeded",
}


def _describe(name: str, budget_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
    event = recorded.event
    update = BudgetTold(
        event=name,
        version=recorded.version,
        at=recorded.recorded_at,
        actor=recorded.actor,
        budget_id=budget_id,
        status=_STATUSES[type(event)],
    )
    if isinstance(event, events.BudgetSet | events.BudgetWarned | events.BudgetExceeded):
        terms = event.terms
        update.scope, update.match = terms.scope, terms.match
        update.amount, update.hard_stop = to_text(terms.amount), terms.hard
    if isinstance(event, events.BudgetWarned | events.BudgetExceeded):
        update.period, update.used = event.period, to_text(event.used)
    elif isinstance(event, events.BudgetHeld | events.BudgetSpent | events.BudgetReleased):
        update.period, update.task_id = event.period, event.task_id
        update.held, update.spent = to_text(event.held), to_text(event.spent)
        update.used = to_text(event.held + event.spent)
        if isinstance(event, events.BudgetSpent):
            update.cost = to_text(event.cost)
    return update, Keys(task_id=update.task_id, status=update.status)


BUDGETS = FactTopic(
    "budgets",
    category="budget",
    frame_type="budget_update",
    events=_STATUSES,
    statuses=frozenset(status for status in _STATUSES.values() if status is not None),
    describe=_describe,
)
"""Subscribe to it for ``budget_update`` frames."""
