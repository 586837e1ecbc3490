"""Where the execution of a workflow stands."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class WorkflowState(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow at one moment.

    Attributes:
        workflow_id: Its id.
        status: What it is doing.
        percent: How much of it is done, 0..100.
        steps: Status of each step by its id.
        started_at: When it was executed, UTC.
        finished_at: When it ended, UTC.
    """

    workflow_id: str
    status: Literal[
        "created", "running", "waiting", "paused", "completed", "failed", "cancelled"
    ] = "created"
    percent: float = 0.0
    steps: dict[str, str] = {}
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""
        return self.status in {"completed", "failed", "cancelled"}
