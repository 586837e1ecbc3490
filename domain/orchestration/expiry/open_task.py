"""An unfinished task as far as time can end it, and when it does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from aia_mas.domain.orchestration.expiry.due import Windows
from aia_mas.domain.orchestration.task_events import TaskAssigned
from aia_mas.domain.orchestration.task_status import ReleaseReason


class OpenTask(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An unfinished task, as far as time can end it or its attempt.

    Attributes:
        timeout_seconds: Longest execution of an attempt.
        deadline: When the task expires, UTC.
        attempt: The attempt in force, 0 when it waits.
        agent_id: Who holds it.
        lease: The fencing token of the attempt; signs of life are those of this one.
        lease_seconds: How long the attempt may go unheard of.
        assigned_at: When the attempt was given out, UTC.
        started_at: When it was taken up, UTC.
        lost: Its agent was unregistered; whoever registers under that id again has not got it.
        asked_at: Since when its agent waits for an answer, UTC; that time does not count.
        answered_at: When the agent got its last answer, UTC; ``started_at`` is later than the start
            by the time that it waited.
    """

    timeout_seconds: float
    deadline: datetime | None
    attempt: int = 0
    agent_id: str | None = None
    lease: str = ""
    lease_seconds: float = 0.0
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    lost: bool = False
    asked_at: datetime | None = None
    answered_at: datetime | None = None

    def assigned(self, event: TaskAssigned) -> OpenTask:
        """Return it with an attempt that an agent was given."""
        return replace(
            self,
            attempt=event.attempt,
            agent_id=event.agent_id,
            lease=event.lease,
            lease_seconds=event.lease_seconds,
            assigned_at=event.assigned_at,
            started_at=None,
            lost=False,
            asked_at=None,
            answered_at=None,
        )

    def answered(self, at: datetime) -> OpenTask:
        """Return it with the answer that its agent waited for."""
        assert self.started_at is not None
        waited = max(at - (self.asked_at or at), timedelta(0))
        return replace(self, started_at=self.started_at + waited, asked_at=None, answered_at=at)

    def queued(self) -> OpenTask:
        """Return it as it waits for its next attempt."""
        return OpenTask(self.timeout_seconds, self.deadline)

    def not_after(self, now: datetime) -> OpenTask:
        """Return it with nothing later than now.

        What has happened has happened by now. Where an event says otherwise the clock was set back
        since, and all that is known of the time that has passed is that it begins to count now.
        """
        if max(getattr(self, name) or now for name in _MOMENTS) <= now:
            return self
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return replace(self, **{name: at and min(at, now) for name, at in moments.items()})

    def expires_at(self, windows: Windows) -> datetime | None:
        """Return when the task expires; None: it has no deadline."""
        if self.deadline is None or self.agent_id is None:
            return self.deadline
        # An agent that worked through an outage gets one window to deliver.
        return max(self.deadline, windows.since + timedelta(seconds=self.lease_seconds))

    def ends(
        self, heard: datetime | None, windows: Windows
    ) -> Iterator[tuple[datetime, ReleaseReason]]:
        """Yield when the attempt in force ends by itself, and why.

        Args:
            heard: Its last sign of life.
            windows: How long it may go without one.
        """
        assert self.assigned_at is not None
        if self.started_at is None:
            pickup = max(self.assigned_at, windows.since) + timedelta(seconds=windows.pickup)
            yield pickup, ReleaseReason.NOT_STARTED
            return
        if self.asked_at is not None:
            return
        lease = timedelta(seconds=self.lease_seconds)
        begun = self.answered_at or self.started_at
        alive = max(begun, windows.since, heard or begun)
        timeout = self.started_at + timedelta(seconds=self.timeout_seconds)
        yield max(timeout, windows.since + lease), ReleaseReason.TIMED_OUT
        yield alive + lease, ReleaseReason.LEASE_EXPIRED


_MOMENTS = ("assigned_at", "started_at", "asked_at", "answered_at")
