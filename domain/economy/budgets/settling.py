"""What becomes of what was set aside for a task: paid to its agent, or let go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aia_mas.domain.economy.accounts import account_stream, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.economy.budgets.commands import CostDue, PayCost, ReleaseCost
from aia_mas.domain.economy.budgets.counting import Budgets
from aia_mas.domain.economy.budgets.errors import HoldInUse
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.ledger import Book, TransferStatus, move, transfer_stream
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.task import TaskState, TaskStatus, task_stream

REASON: Final = "task"
"""The reason code of transfers that pay for tasks; nobody but the settlement ends such a hold."""


def hold_streams(hold: CostHold) -> tuple[str, ...]:
    """Return the streams that change when what is set aside is let go."""
    return (
        transfer_stream(hold.transfer_id),
        account_stream(wallet(hold.payer)),
        *(budget_stream(share.budget_id) for share in hold.budgets),
    )


def cost_streams(due: CostDue) -> tuple[str, ...]:
    """Return the streams that ``pay_cost`` reads and writes."""
    streams = (*hold_streams(due.hold), account_stream(wallet(due.agent_id)))
    # Who pays itself has one wallet.
    return tuple(dict.fromkeys(streams))


def pay_cost(book: Book, budgets: Budgets, due: CostDue) -> int:
    """Pay an agent out of what was set aside, and let go the rest; once.

    Args:
        book: Open on ``cost_streams``; its events and those of the budgets go into one decision.
        budgets: Likewise.
        due: What is to be paid.

    Returns:
        What was paid, base units: 0 when it was before, cost nothing, or payer and agent are one.
    """
    if not is_pending(book, due.hold):
        return 0
    hold = due.hold
    paid = 0 if hold.payer == due.agent_id else min(max(due.cost, 0), hold.amount)
    if not paid:
        _let_go(book, budgets, due.task_id, hold)
        return 0
    book.post_held(hold.transfer_id, move(wallet(hold.payer), wallet(due.agent_id), paid))
    budgets.spend(due.task_id, hold, paid)
    return paid


def let_go(book: Book, budgets: Budgets, task_id: str, hold: CostHold) -> bool:
    """Let go what was set aside for a task, unless that was paid or let go before.

    Returns:
        Whether anything was done.
    """
    if not is_pending(book, hold):
        return False
    _let_go(book, budgets, task_id, hold)
    return True


def is_pending(book: Book, hold: CostHold) -> bool:
    """Tell whether it is still set aside."""
    transfer = book.transfer(hold.transfer_id)
    return transfer is not None and transfer.status is TransferStatus.PENDING


def payment_streams(command: PayCost) -> tuple[str, ...]:
    """Return what ``settle_cost`` reads."""
    return (task_stream(command.due.task_id), *cost_streams(command.due))


def settle_cost(states: Mapping[str, Any], command: PayCost, ctx: Context) -> Decision:
    """Pay for a completed task; nothing happens when that is done.

    Refused with ``hold_in_use`` when this is not what was set aside for it, or not its agent.
    """
    due = command.due
    state: TaskState | None = states[task_stream(due.task_id)]
    if ctx.principal.subject != SETTLEMENT.subject:
        return refuse(SystemAccount())
    if (
        state is None
        or state.status is not TaskStatus.COMPLETED
        or (state.hold, state.agent_id) != (due.hold, due.agent_id)
    ):
        return refuse(HoldInUse(task_id=due.task_id))
    book, budgets = Book(states, ctx), Budgets(states, ctx)
    pay_cost(book, budgets, due)
    return Decision(events=(*book.events, *budgets.events))


def release_streams(command: ReleaseCost) -> tuple[str, ...]:
    """Return what ``release_cost`` reads."""
    return (task_stream(command.task_id), *hold_streams(command.hold))


def release_cost(states: Mapping[str, Any], command: ReleaseCost, ctx: Context) -> Decision:
    """Let go what was set aside for a task that came to nothing; nothing happens when that is done.

    Refused with ``hold_in_use`` while the task may still cost something, or has.
    """
    if ctx.principal.subject != SETTLEMENT.subject:
        return refuse(SystemAccount())
    state: TaskState | None = states[task_stream(command.task_id)]
    ended = state is not None and not state.unfinished and state.status is not TaskStatus.COMPLETED
    if state is None or (state.hold == command.hold and not ended):
        return refuse(HoldInUse(task_id=command.task_id))
    book, budgets = Book(states, ctx), Budgets(states, ctx)
    let_go(book, budgets, command.task_id, command.hold)
    return Decision(events=(*book.events, *budgets.events))


def _let_go(book: Book, budgets: Budgets, task_id: str, hold: CostHold) -> None:
    book.void(hold.transfer_id)
    budgets.release(task_id, hold)
