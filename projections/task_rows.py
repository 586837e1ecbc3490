"""The rows of the task board, field by field as in migrations 0005 and 0013."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class TaskRow(msgspec.Struct, gc=False):
    """A row of ``task_board_v3``: where a task stands.

    ``agent_id`` and ``lease`` are those of the attempt in force, or of the one that finished it.
    ``urgency`` is the rank of the priority, 0 for critical. ``error`` is that of the last failed
    attempt, ``reason`` why it was cancelled or taken from its agent, ``excluded`` whom it was taken
    from for good, ``refused`` how many results were refused. Amounts are base units, as text. What
    is ``Any`` is JSON, see ``task_details``.
    """

    task_id: str
    status: str
    priority: str
    urgency: int
    agent_id: str | None
    attempt: int
    lease: str | None
    lease_seconds: float
    price: str
    progress: Any
    inputs: Any
    result: Any
    quality: float | None
    usage: Any
    cost: Any
    rating: Any
    error: Any
    reason: str | None
    excluded: list[str]
    refused: int
    deadline: datetime | None
    retry_at: datetime | None
    assigned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    submitted_position: int
    version: int
    position: int
    reward: Any


class TaskSpecRow(msgspec.Struct, gc=False):
    """A row of ``task_board_v3_specs``: a task as it was submitted."""

    task_id: str
    task_type: str
    description: str
    requirements: Any
    payload: Any
    owner: str
    payer: str | None
    max_cost: str | None
    cost_policy: str
    tags: tuple[str, ...]
    parent: str | None
    correlation: str | None
    dedup_key: str | None
    concurrency_key: str | None
    concurrency_limit: int | None
    timeout_seconds: float
    max_attempts: int
    retry: Any
    not_before: datetime | None
    submitted_at: datetime
    submitted_position: int
    cost_tags: tuple[str, ...]
