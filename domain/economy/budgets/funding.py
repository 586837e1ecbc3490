"""Tasks that somebody pays for: submitted, and tried again, with what they may cost set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.accounts import account_stream, wallet
from aia_mas.domain.economy.authority import check_has_wallet, check_may_spend
from aia_mas.domain.economy.budgets.budget import BudgetList, budget_stream
from aia_mas.domain.economy.budgets.counting import Budgets
from aia_mas.domain.economy.budgets.settling import REASON, hold_streams, let_go
from aia_mas.domain.economy.budgets.terms import BudgetKey, keys_of
from aia_mas.domain.economy.ledger import Book, Entry, Leg, transfer_stream
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import Conflict, DomainError, InvalidValue
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.specification_checks import check_payment
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import Paying, RetryTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_submission import retry_task

Submit = Callable[..., Decision]
"""``(task, agent, dedup key, its holder, command, context) -> Decision``."""

States = Mapping[str, Any]


def paying_for_submission(command: SubmitTask) -> Paying | None:
    """Return what the payment of a new task is found by; None: nobody pays, or it is refused."""
    spec = command.spec
    if spec.payer is None or not spec.max_cost or not command.owner or not _is_payable(spec):
        # What is read before the decision must have a form that can be read.
        return None
    return Paying(
        payer=spec.payer, owner=command.owner, cost_tags=spec.cost_tags, amount=spec.max_cost
    )


def paying_for_retry(state: TaskState | None) -> Paying | None:
    """Return what the payment of a further round of attempts is found by; None: nobody pays."""
    if state is None or state.hold is None or not state.terms.max_cost:
        return None
    return Paying(
        payer=state.hold.payer,
        owner=state.owner,
        cost_tags=state.terms.cost_tags,
        amount=state.terms.max_cost,
        last=state.hold,
        number=state.holds + 1,
    )


def list_streams(paying: Paying) -> tuple[str, ...]:
    """Return the streams that name the budgets in which a task counts."""
    return tuple(key.stream for key in _keys(paying))


def funding_streams(
    task_id: str, paying: Paying | None, budget_ids: Iterable[str]
) -> tuple[str, ...]:
    """Return the streams that are read, each once, to set aside what a task may cost.

    Args:
        task_id: The task.
        paying: What its payment is found by.
        budget_ids: The budgets in which it counts.
    """
    if paying is None:
        return ()
    last = () if paying.last is None else hold_streams(paying.last)
    return tuple(
        dict.fromkeys(
            (
                transfer_stream(_transfer_id(task_id, paying)),
                account_stream(wallet(paying.payer)),
                *list_streams(paying),
                *map(budget_stream, budget_ids),
                *last,
            )
        )
    )


def new_streams(command: SubmitTask) -> tuple[str, ...]:
    """Return the streams that are as new as that of the task."""
    paying = paying_for_submission(command)
    return () if paying is None else (transfer_stream(_transfer_id(command.task_id, paying)),)


def listed(lists: Iterable[BudgetList | None]) -> tuple[str, ...]:
    """Return the ids of the budgets in which a task counts, by the lists that it is found by."""
    return tuple(
        sorted({each for known in lists if known is not None for each in known.budget_ids})
    )


def submit_paid(
    submit: Submit, first: Iterable[Any], states: States, command: SubmitTask, ctx: Context
) -> Decision:
    """Submit a task with what it may cost set aside: in its payer's wallet and in budgets.

    Args:
        submit: Submits a task.
        first: The states that it takes.
        states: Those of ``funding_streams``.
        command: What to submit.
        ctx: When and by whom.

    Refused, beside what ``submit`` refuses, with ``permission_denied`` when the caller may not
    spend what the payer owns (``subject_has_no_wallet``: it is the payer itself, and no id),
    ``insufficient_funds``, or ``budget_exhausted`` by a hard budget.
    """
    spec = command.spec
    if spec.payer is not None and spec.payer == ctx.principal.subject:
        try:
            check_has_wallet(ctx.principal)
        except DomainError as error:
            return refuse(error)
    if spec.payer is None or not _is_payable(spec):
        # What is wrong with it is told with whatever else is.
        return submit(*first, command, ctx)
    try:
        check_may_spend(ctx.principal, spec.payer)
        if not command.owner:
            raise InvalidValue("a task with a payer names its owner", field="owner")
        paying = paying_for_submission(command)
        if paying is None:
            return submit(*first, command, ctx)
        funding = _Funding(command.task_id, paying, command.budgets, states, ctx)
        decision = submit(*first, replace(command, hold=funding.hold), ctx)
        if decision.refusal is not None or decision.instead is not None:
            return decision
        return funding.carried_out(decision)
    except DomainError as error:
        return refuse(error)


def retry_paid(states: States, command: RetryTask, ctx: Context) -> Decision:
    """Queue a task again, with what it may cost set aside anew; see ``submit_paid``.

    What was set aside for it before is let go in the same breath, if it still is.
    """
    state: TaskState | None = states[task_stream(command.task_id)]
    decision = retry_task(state, command, ctx)
    if decision.refusal is not None or not decision.events:
        return decision
    paying = paying_for_retry(state)
    if paying is None:
        return decision
    if paying != command.paying:
        return refuse(Conflict())
    try:
        check_may_spend(ctx.principal, paying.payer)
        funding = _Funding(command.task_id, paying, command.budgets, states, ctx)
        return funding.carried_out(retry_task(state, replace(command, hold=funding.hold), ctx))
    except DomainError as error:
        return refuse(error)


class _Funding:
    """What is set aside for one round of attempts at a task."""

    def __init__(
        self,
        task_id: str,
        paying: Paying,
        budget_ids: tuple[str, ...],
        states: States,
        ctx: Context,
    ) -> None:
        """Find the budgets in which it counts.

        Raises:
            Conflict: These are not the budgets that there are.
        """
        if listed(states[key.stream] for key in _keys(paying)) != budget_ids:
            raise Conflict
        self._task_id = task_id
        self._paying = paying
        self._book, self._budgets = Book(states, ctx), Budgets(states, ctx)
        self.hold = CostHold(
            transfer_id=_transfer_id(task_id, paying),
            payer=paying.payer,
            amount=paying.amount,
            budgets=self._budgets.shares(budget_ids),
        )

    def carried_out(self, decision: Decision) -> Decision:
        """Set it aside, in the same decision.

        Raises:
            DomainError: That cannot be.
        """
        hold, last = self.hold, self._paying.last
        if last is not None:
            let_go(self._book, self._budgets, self._task_id, last)
        entry = Entry(
            transfer_id=hold.transfer_id,
            legs=(Leg(wallet(hold.payer), -hold.amount),),
            reason=REASON,
            metadata={"task_id": self._task_id},
        )
        self._book.hold(entry)
        self._budgets.hold(self._task_id, hold)
        more = (*self._book.events, *self._budgets.events)
        return decision._replace(events=(*decision.events, *more))


def _is_payable(spec: TaskSpecification) -> bool:
    try:
        check_payment(spec)
    except InvalidValue:
        return False
    return True


def _keys(paying: Paying) -> tuple[BudgetKey, ...]:
    return keys_of(paying.owner, paying.payer, paying.cost_tags)


def _transfer_id(task_id: str, paying: Paying) -> str:
    return f"task:{task_id}" if paying.number == 1 else f"task:{task_id}:{paying.number}"
