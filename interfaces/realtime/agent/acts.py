"""What an agent says over its socket, each as the request that says the same over HTTP."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from aia_mas.interfaces.http.schemas.agents import Heartbeat
from aia_mas.interfaces.http.schemas.task_care import InputRequest
from aia_mas.interfaces.http.schemas.task_reports import Attempt, Completion, Failure, Progress

_random = random.SystemRandom().random


class Report(Protocol):
    """What an agent says about a task that it holds."""

    task_id: str
    agent_id: str
    lease: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        ...


class Accept(Attempt, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take up the work; repeating it with the same lease changes nothing."""

    agent_id: str = ""
    task_id: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        return self.start(self.task_id)


class Advance(Progress, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tell how far the work is; it renews the lease."""

    agent_id: str = ""
    task_id: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        return self.command(self.task_id)


class Deliver(Completion, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Deliver the result."""

    agent_id: str = ""
    task_id: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        return self.command(self.task_id)


class GiveUp(Failure, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give the attempt up; the task is queued again while it has attempts left."""

    agent_id: str = ""
    task_id: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        return self.command(self.task_id, jitter=_random())


class Ask(InputRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for input and wait; the answer comes as ``task_input``."""

    agent_id: str = ""
    task_id: str

    def told(self) -> msgspec.Struct:
        """Return the command."""
        return self.command(self.task_id)


ACTS: Mapping[str, tuple[str, type[Any]]] = {
    "accept": ("start_task", Accept),
    "progress": ("report_progress", Advance),
    "complete": ("complete_task", Deliver),
    "fail": ("fail_task", GiveUp),
    "input": ("ask_for_input", Ask),
    "heartbeat": ("send_heartbeat", Heartbeat),
}
"""Type of message -> the operation on the list of permissions that does the same, and its data."""

ENDING: Sequence[str] = ("complete", "fail")
"""After these the agent does not hold the task any more, by its own doing."""
