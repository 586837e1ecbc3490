"""Tasks as a program of the platform sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import uuid_utils

from aia.agents.shapes import Amount, read_as
from aia_mas.application.settings import Settings
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission


def _new_id() -> str:
    return str(uuid_utils.uuid7())


class TaskSpecification(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done, and by whom it can be.

    Attributes:
        task_type: The kind of work; agents specialised in it are favoured.
        description: For people.
        requirements: ``skills`` (names, or name to least level 0..1), ``specializations``,
            ``labels`` (key to value, or conditions), ``data_sources``, ``preferred_agents``,
            ``excluded_agents``, ``resources`` (name to amount), ``min_tier``, ``sticky_key``.
        max_cost: The highest price of an agent that may get it, tokens; None: any. Of a task with
            a payer also the most that it can cost.
        payer: The agent or client whose wallet pays what the task costs; it needs a ``max_cost``.
        cost_tags: Whose budgets it counts in, too.
        priority: ``critical``, ``high``, ``normal``, ``low`` or ``maintenance``.
        payload: Any JSON, for the agent that does the work.
        deadline: When it expires unfinished; None: never.
        not_before: When the first attempt may begin; None: at once.
        timeout_seconds: How long one attempt may run; None: as configured.
        lease_seconds: How long an attempt may go unheard of; None: as configured.
        max_attempts: How many attempts may fail; None: as configured.
        backoff_base_seconds: The wait before the second attempt; None: 1.
        backoff_factor: By what each further wait is longer, 1..10; None: 2.
        backoff_cap_seconds: The longest wait; None: 300, or the first one if that is longer.
        backoff_jitter: By what fraction a wait may be shortened at random, 0..1; None: 0.5.
        non_retryable_codes: Errors after which another attempt is no use.
        retry: In place of these six ``max_attempts``, ``base_seconds``, ``factor``,
            ``cap_seconds``, ``jitter`` and ``non_retryable_codes``.
        cost_policy: What becomes of a result above ``max_cost``: ``flag`` it or ``refuse`` it.
        dedup_key: A word for the work: while a task of this program with the same one is
            unfinished, that task is the answer to a submission.
        tags: For search.
        parent: The task that this one is a part of, if any.
        correlation: What ties it to others, if anything does.
        concurrency_key: Tasks with the same key share a limit.
        concurrency_limit: How many of them may be held at once, unless a limit was set for the key.
        task_id: Its id, made up. Assigning the same specification again asks for the same task.
    """

    task_type: str
    description: str = ""
    requirements: Mapping[str, Any] = {}
    max_cost: Amount | None = None
    payer: str | None = None
    cost_tags: Sequence[str] = ()
    priority: str = "normal"
    payload: Any = None
    deadline: datetime | None = None
    not_before: datetime | None = None
    timeout_seconds: float | None = None
    lease_seconds: float | None = None
    max_attempts: int | None = None
    backoff_base_seconds: float | None = None
    backoff_factor: float | None = None
    backoff_cap_seconds: float | None = None
    backoff_jitter: float | None = None
    non_retryable_codes: Sequence[str] | None = None
    retry: Mapping[str, Any] | None = None
    cost_policy: str | None = None
    dedup_key: str | None = None
    tags: Sequence[str] = ()
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int | None = None
    task_id: str = msgspec.field(default_factory=_new_id)

    def submission(self, settings: Settings, now: datetime, owner: str) -> SubmitTask:
        """Return the command that submits the task.

        Args:
            settings: For what was left out.
            now: The time, UTC.
            owner: Whose task it is.

        Raises:
            InvalidValue: A requirement is unknown, or a value is of the wrong kind.
        """
        return read_as(_Submission, self).command(self.task_id, settings, now, owner)


class _Submission(TaskSubmission, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken over HTTP, where the server makes the id up."""

    task_id: str
