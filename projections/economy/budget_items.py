"""Budgets as a snapshot tells of them: as their events do, whatever time it is."""

from __future__ import annotations

from datetime import datetime

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.budget_rows import BudgetRow, UseRow
from aia_mas.projections.economy.budget_view import PER_PERCENT
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.listing import Conditions
from aia_mas.projections.snapshot_reading import SnapshotSource, Wanted, add_choice

REMOVED = "removed"


class ToldBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as everybody is told of it who watches; amounts in tokens.

    Attributes:
        budget_id: Its id.
        status: active; or warned or exceeded, when that was told of `period` since it was set so;
            or removed.
        scope: What of a task is looked at: client, owner or tag.
        match: What that must be.
        amount: How much may be used of a period.
        lasts: How long a period is: day, week, month or once.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: Whether it refuses what it does not leave enough for.
        revision: Grows with every change of what it says.
        created_at: When it was made, UTC.
        updated_at: When it was changed last, UTC.
        period: The latest period in which a task counts; None: none ever did.
        held: What is held of that.
        spent: What is spent of it.
        used: What is held and spent of it.
    """

    budget_id: str
    status: str
    scope: str
    match: str
    amount: str
    lasts: str
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    period: str | None
    held: str
    spent: str
    used: str


def told_budget(row: BudgetRow, use: UseRow | None) -> ToldBudget:
    """Return what is told of a budget (``use``: of the latest period; None: there is none)."""
    held, spent = (0, 0) if use is None else (int(use.held), int(use.spent))
    return ToldBudget(
        budget_id=row.budget_id,
        status=_status(row, use),
        scope=row.scope,
        match=row.match,
        amount=to_text(int(row.amount)),
        lasts=row.period,
        warn_percent=row.warn_ppm / PER_PERCENT,
        hard_stop=row.hard,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        period=None if use is None else use.period,
        held=to_text(held),
        spent=to_text(spent),
        used=to_text(held + spent),
    )


def _status(row: BudgetRow, use: UseRow | None) -> str:
    if row.removed:
        return REMOVED
    # What was told before it was set so is told anew, as soon as it is true again.
    if use is not None and use.position > row.position:
        for status, told_at in (("exceeded", use.exceeded_at), ("warned", use.warned_at)):
            if told_at is not None and told_at >= row.updated_at:
                return status
    return "active"


_SET, _USED, _ = BUDGETS.table_names()
_BUDGET, _USE = (table.columns for table in BUDGETS.tables[:2])
# The same as ``_status``, for those who ask for some of them only.
_STATUS = f"""case when b.removed then '{REMOVED}'
    when u.position > b.position and u.exceeded_at >= b.updated_at then 'exceeded'
    when u.position > b.position and u.warned_at >= b.updated_at then 'warned'
    else 'active' end"""
# A budget that was removed and made anew may have periods of another length behind it.
_QUERY = f"""select {", ".join(f"b.{name}" for name in _BUDGET)},
    {", ".join(f"u.{name}" for name in _USE)}
from {_SET} b left join lateral (
    select u.* from {_USED} u
    where u.budget_id = b.budget_id and b.period = case when u.period = 'once' then 'once'
        when strpos(u.period, 'W') > 0 then 'week' when length(u.period) = 7 then 'month'
        else 'day' end
    order by u.period desc limit 1
) u on true"""  # noqa: S608


def _item(row: TupleRow) -> ToldBudget:
    budget, use = row[: len(_BUDGET)], row[len(_BUDGET) :]
    return told_budget(BudgetRow(*budget), None if use[0] is None else UseRow(*use))


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if is_of_other_things(wanted):
        conditions.add("false")  # as with their events: no budget carries these
    if wanted.statuses is None:
        conditions.add("not b.removed")
    add_choice(conditions, _STATUS, wanted.statuses)
    return conditions


def is_of_other_things(wanted: Wanted) -> bool:
    """Tell whether something is wanted that no budget carries."""
    others = (wanted.task_ids, wanted.agent_ids, wanted.task_types, wanted.proposal_ids)
    return any(each is not None for each in others)


BUDGET_ITEMS = SnapshotSource(BUDGETS, _QUERY, "b.budget_id", _conditions, _item)
"""All budgets in the order of their ids."""
