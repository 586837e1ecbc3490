"""What agents and clients send about a task between its submission and its end, and after it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_commands import (
    AskForInput,
    GiveInput,
    RateTask,
    ReassignTask,
    ReprioritiseTask,
)
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Name, Text

Question = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 10_000})]
Number = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1})]


class InputRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent needs to know before it goes on.

    Attributes:
        agent_id: Who asks.
        lease: The fencing token that came with the task.
        question: The question, for people or agents.
        choices: The answers that are taken; left out: any JSON.
        schema: What an answer must fit: JSON Schema 2020-12 or draft-07, at most 16 KiB.
    """

    agent_id: AgentId
    lease: str
    question: Question
    choices: tuple[Name, ...] = ()
    schema: Any = None

    def command(self, task_id: str) -> AskForInput:
        """Return the command."""
        return AskForInput(
            task_id=task_id,
            agent_id=self.agent_id,
            lease=self.lease,
            question=self.question,
            choices=self.choices,
            schema=self.schema,
        )


class InputAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to a question.

    Attributes:
        answer: Any JSON of at most 16 KiB that fits the question's `schema`, if it has one; where
            there are choices, one of them.
        number: Which question is meant; left out: the open one.
    """

    answer: Any
    number: Number | None = None

    def command(self, task_id: str) -> GiveInput:
        """Return the command."""
        return GiveInput(task_id=task_id, answer=self.answer, number=self.number)


class Rating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a result is worth (``rating``: 0..1; ``comment``: for people)."""

    rating: Level
    comment: Text = ""

    def command(self, task_id: str) -> RateTask:
        """Return the command."""
        return RateTask(task_id=task_id, rating=self.rating, comment=self.comment)


class Reprioritisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another class for a task (``reason``: for the record)."""

    priority: Priority
    reason: Text = ""

    def command(self, task_id: str) -> ReprioritiseTask:
        """Return the command."""
        return ReprioritiseTask(task_id=task_id, priority=self.priority, reason=self.reason)


class Reassignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another agent for a task.

    Attributes:
        exclude_current: The agent that has it gets no further attempt at it.
        reason: Why, for the record.
    """

    exclude_current: bool = True
    reason: Text = ""

    def command(self, task_id: str) -> ReassignTask:
        """Return the command."""
        return ReassignTask(
            task_id=task_id, exclude_current=self.exclude_current, reason=self.reason
        )


def _between(lowest: float, highest: float) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


class Retries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a failed attempt is followed by another.

    Attributes:
        max_attempts: How many attempts may fail before the task is dead, 1..100.
        base_seconds: The wait before the second attempt (1).
        factor: By what each further wait is longer, 1..10 (2).
        cap_seconds: The longest wait, not below the first one (300, or the first one).
        jitter: By what fraction a wait may be shortened at random, 0..1 (0.5).
        non_retryable_codes: Errors after which another attempt is no use; the task has failed then.
    """

    max_attempts: Annotated[int, _between(1, 100)] | None = None
    base_seconds: Annotated[float, _between(0, 86_400)] | None = None
    factor: Annotated[float, _between(1, 10)] | None = None
    cap_seconds: Annotated[float, _between(0, 86_400)] | None = None
    jitter: Annotated[float, _between(0, 1)] | None = None
    non_retryable_codes: tuple[Name, ...] | None = None

    def settled(self, max_attempts: int) -> dict[str, Any]:
        """Return it as the fields of a specification (``max_attempts``: when left out)."""
        base = 1.0 if self.base_seconds is None else self.base_seconds
        cap = max(300.0, base) if self.cap_seconds is None else self.cap_seconds
        return {
            "max_attempts": max_attempts if self.max_attempts is None else self.max_attempts,
            "backoff_base_seconds": base,
            "backoff_factor": 2.0 if self.factor is None else self.factor,
            "backoff_cap_seconds": cap,
            "backoff_jitter": 0.5 if self.jitter is None else self.jitter,
            "non_retryable_codes": self.non_retryable_codes or (),
        }


FLAT = {
    "max_attempts": "max_attempts",
    "backoff_base_seconds": "base_seconds",
    "backoff_factor": "factor",
    "backoff_cap_seconds": "cap_seconds",
    "backoff_jitter": "jitter",
    "non_retryable_codes": "non_retryable_codes",
}
"""The fields of a submission, and of a specification, that say the same as those of ``Retries``."""
NESTED = {flat: f"retry.{nested}" for flat, nested in FLAT.items()}
"""Where they stand in a submission that says it with ``retry``."""


def only_retries(submission: Any) -> Retries:
    """Return the policy of a submission, in whichever of the two forms it says it.

    Raises:
        InvalidValue: It uses both.
    """
    flat = {FLAT[name]: value for name in FLAT if (value := getattr(submission, name)) is not None}
    if submission.retry is None:
        return Retries(**flat)
    if flat:
        named = next(name for name in FLAT if FLAT[name] in flat)
        raise InvalidValue(f"{named} stands in retry already, or nowhere", field=named)
    nested: Retries = submission.retry
    return nested
