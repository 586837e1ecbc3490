"""What agents report on the tasks that they hold."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from aia_mas.domain.orchestration.task_commands import (
    CompleteTask,
    FailTask,
    RecordProgress,
    StartTask,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.interfaces.http.schemas.amounts import NOTHING, Amount, units
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Name, Text

Percent = Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 100})]
Count = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 2**53})]
Line = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 1_000})]


class Attempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose attempt it is (``lease``: the fencing token that came with the task)."""

    agent_id: AgentId
    lease: str

    def start(self, task_id: str) -> StartTask:
        """Return the command."""
        return StartTask(task_id=task_id, agent_id=self.agent_id, lease=self.lease)


class Progress(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an attempt is; what is left out stays as it was.

    Attributes:
        agent_id: Who reports.
        lease: The fencing token that came with the task.
        percent: How far, 0..100.
        message: For people.
        partial: What there is of the result, any JSON of at most 64 KiB.
        log: Lines of the log since the last report: at most 100, of at most 1,000 characters.
    """

    percent: Percent | None = None
    message: Text = ""
    partial: Any = None
    log: tuple[Line, ...] = ()

    def command(self, task_id: str) -> RecordProgress:
        """Return the command."""
        return RecordProgress(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            percent=self.percent,
            message=self.message,
            partial=self.partial,
            log=self.log,
        )


class ReportedUsage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an attempt consumed, by the agent's own account (``cost``: tokens)."""

    model: Name | None = None
    tokens_in: Count = 0
    tokens_out: Count = 0
    cost: Amount = NOTHING

    def usage(self) -> Usage:
        """Return it as the domain has it."""
        return Usage(
            model=self.model,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            cost=units(self.cost, "usage.cost"),
        )


class Completion(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A result (``result``: any JSON; ``quality``: the agent's own estimate, 0..1)."""

    result: Any = None
    quality: Level | None = None
    usage: ReportedUsage | None = None

    def command(self, task_id: str) -> CompleteTask:
        """Return the command."""
        return CompleteTask(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            result=self.result,
            quality=self.quality,
            usage=None if self.usage is None else self.usage.usage(),
        )


class Failure(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an attempt was given up (``retryable``: another one might do better)."""

    error_code: Name = "failed"
    message: Text = ""
    retryable: bool = True

    def command(self, task_id: str, jitter: float) -> FailTask:
        """Return the command (``jitter``: a random fraction, 0..1)."""
        return FailTask(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            error_code=self.error_code,
            message=self.message,
            retryable=self.retryable,
            jitter=jitter,
        )
