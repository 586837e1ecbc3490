"""What an agent asks while it works, and what it is answered; events of task streams."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from aia_mas.domain.kernel.event import Event


class TaskInputRequested(Event, frozen=True, kw_only=True):
    """The agent needs an answer before it goes on; meanwhile its attempt does not run out.

    Attributes:
        agent_id: Who asks.
        attempt: In which attempt.
        number: The question's number among all of the task, from 1.
        question: For whoever answers.
        choices: The answers that are taken; empty: any.
        schema: What an answer must fit (JSON Schema).
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.input_requested.v1"
    agent_id: str
    attempt: int
    number: int
    question: str
    choices: tuple[str, ...] = ()
    schema: Any = None
    at: datetime


class TaskInputGiven(Event, frozen=True, kw_only=True):
    """Somebody answered, and the agent goes on.

    Attributes:
        agent_id: Who asked.
        attempt: In which attempt.
        number: The question's number.
        answer: Any JSON.
        by: Who answered.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.input_given.v1"
    agent_id: str
    attempt: int
    number: int
    answer: Any = None
    by: str
    at: datetime
