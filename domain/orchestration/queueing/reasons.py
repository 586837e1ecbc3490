"""Why a task waits although an agent may have room: a pause, or its concurrency key."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

from aia_mas.domain.orchestration.fleet import Reason
from aia_mas.domain.orchestration.pauses import Pause
from aia_mas.domain.orchestration.queueing.concurrency_keys import ConcurrencyKeys
from aia_mas.domain.orchestration.queueing.lines import KeyLimit


def pause_reason(pause: Pause) -> Reason:
    """Return the reason that stands while nothing new is assigned."""
    what = "All" if pause.task_type is None else f"Tasks of the type {pause.task_type!r}"
    why = f": {pause.reason}" if pause.reason else ""
    return Reason(
        code="paused",
        detail=f"{what} are paused by {pause.by}{why}",
        facts={
            "task_type": pause.task_type,
            "reason": pause.reason,
            "by": pause.by,
            "since": pause.since,
        },
    )


def key_reasons(keys: ConcurrencyKeys, limit: KeyLimit, now: datetime) -> list[Reason]:
    """Return what keeps a task from being placed on account of its key, at most one reason."""
    until = keys.shut_until(limit, now.timestamp())
    if until is None:
        return []
    state = keys.state(limit.key)
    if until == inf:
        held, most = state.held + state.reserved, state.limit(limit.own)
        reason = Reason(
            code="concurrency_limit",
            detail=f"{held} tasks with the key {limit.key!r} are held, of {most} at most",
            facts={"key": limit.key, "held": held, "limit": most, "queued": state.queued},
        )
        return [reason]
    assert state.limits is not None
    rate, period = state.limits.rate, state.limits.per_seconds
    at = datetime.fromtimestamp(until, UTC)
    return [
        Reason(
            code="rate_limit",
            detail=f"The key {limit.key!r} allows {rate} tasks in any {period:g} seconds",
            facts={"key": limit.key, "rate": rate, "per_seconds": period, "due": at},
        )
    ]
