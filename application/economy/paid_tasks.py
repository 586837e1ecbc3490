"""Submissions and retries of tasks that somebody pays for: what they read, and how they decide."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from aia_mas.application.economy.filled import Filled
from aia_mas.application.engine.handlers import Handler, Handlers, Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.domain.economy.budgets import funding
from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.kernel import Decision
from aia_mas.domain.orchestration.task import task_stream
from aia_mas.domain.orchestration.task_commands import Paying, RetryTask, SubmitTask


def with_payments(handlers: Handlers, working_set: WorkingSet) -> Handlers:
    """Return handlers in which tasks with a payer are paid for.

    Args:
        handlers: Those of all commands about tasks.
        working_set: Where it is looked up in which budgets a task counts.
    """
    submit, retry = handlers[SubmitTask], handlers[RetryTask]
    desk = _PaymentDesk(working_set, submit)
    return {
        **handlers,
        SubmitTask: submit._replace(
            reads=desk.submission_reads,
            decide=desk.submit,
            beside=funding.new_streams,
            place=desk.submission,
        ),
        RetryTask: retry._replace(reads=_retry_reads, decide=_retry, place=desk.retry),
    }


class _PaymentDesk:
    """Names the budgets in which a task counts, so that the decision reads them as well.

    Which they are stands in lists, one for each client, owner and tag. Where one of these is not in
    memory a command is left without: the engine then loads what the command reads, and asks again.
    The lists are expected to be as they were when it is decided, on whatever nodes.
    """

    def __init__(self, working_set: WorkingSet, submit: Handler) -> None:
        self._known = working_set.known
        self._submit = submit

    def submission(self, command: SubmitTask) -> Placement | None:
        """Name the budgets, and have an agent chosen once everything is at hand."""
        paying = funding.paying_for_submission(command)
        if paying is None:
            return self._chosen(command)
        budgets = self._budgets(paying)
        if budgets is None:
            return None
        named = replace(command, budgets=budgets)
        if any(self._known(budget_stream(each)) is None for each in budgets):
            return Filled(named)
        return self._chosen(named) or Filled(named)

    def retry(self, command: RetryTask) -> Placement | None:
        """Name the budgets."""
        entry = self._known(task_stream(command.task_id))
        paying = None if entry is None else funding.paying_for_retry(entry.state)
        if paying is None:
            return None
        named = replace(command, paying=paying)
        budgets = self._budgets(paying)
        return Filled(named if budgets is None else replace(named, budgets=budgets))

    def submission_reads(self, command: SubmitTask) -> tuple[str | None, ...]:
        """Return what a submission reads: whatever it takes without a payment first."""
        return (*self._submit.reads(command), *_funding(command))

    def submit(self, *arguments: Any) -> Decision:
        """Decide about a submission."""
        *states, command, ctx = arguments
        streams = _funding(command)
        first = states[: len(states) - len(streams)]
        named = dict(zip(streams, states[len(first) :], strict=True))
        return funding.submit_paid(self._submit.decide, first, named, command, ctx)

    def _chosen(self, command: SubmitTask) -> Placement | None:
        return None if self._submit.place is None else self._submit.place(command)

    def _budgets(self, paying: Paying) -> tuple[str, ...] | None:
        """Return the budgets in which a task counts; None: a list is not in memory."""
        entries = [self._known(stream) for stream in funding.list_streams(paying)]
        known = [entry for entry in entries if entry is not None]
        if len(known) < len(entries):
            return None
        return funding.listed(entry.state for entry in known)


def _funding(command: SubmitTask) -> tuple[str, ...]:
    paying = funding.paying_for_submission(command)
    return funding.funding_streams(command.task_id, paying, command.budgets)


def _retry_reads(command: RetryTask) -> tuple[str, ...]:
    streams = funding.funding_streams(command.task_id, command.paying, command.budgets)
    return (task_stream(command.task_id), *streams)


def _retry(*arguments: Any) -> Decision:
    *states, command, ctx = arguments
    return funding.retry_paid(dict(zip(_retry_reads(command), states, strict=True)), command, ctx)
