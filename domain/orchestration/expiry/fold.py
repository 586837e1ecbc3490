"""A fold of the log into a to-do list, ordered by the earliest time at which each could be due.

Signs of life are not events; they are asked for when an item comes up, and it is put back when
there was one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.expiry.due import (
    Due,
    Expire,
    LastSeen,
    Offline,
    Release,
    Sighted,
    Windows,
)
from aia_mas.domain.orchestration.expiry.looks import Looks
from aia_mas.domain.orchestration.expiry.open_task import OpenTask
from aia_mas.domain.orchestration.expiry.snapshot import decode_piece, encoded_pieces
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskReleased,
    TaskRequeued,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)

RETRY = timedelta(seconds=1)
"""When an item that was due is looked at again, should it still be open then."""


class Expiry:
    """The fold, and the question what is due."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._tasks: dict[str, OpenTask] = {}
        self._online: dict[str, datetime] = {}
        self._gone: dict[str, str] = {}
        self._suspended: set[str] = set()
        self._disabled: set[str] = set()
        self._held: dict[str, set[str]] = {}
        self._looks = Looks()
        # As far as ``due`` has told; until then tasks are looked at soon after their assignment.
        self._pickup = RETRY

    @property
    def looks(self) -> int:
        """How many looks are kept in memory, void ones included."""
        return len(self._looks)

    def apply(self, stream: str, event: Event) -> Sighted | None:
        """Fold one event; those that set no clock change nothing.

        Returns:
            What will never be asked for a sign of life again, if that is news.
        """
        fold = _FOLDS.get(type(event))
        return None if fold is None else fold(self, entity_of(stream), event)

    def due(self, now: datetime, seen: LastSeen, windows: Windows, limit: int = 500) -> list[Due]:
        """Return what is due, at most ``limit``; each comes up again while it stays open.

        Args:
            now: The time, UTC.
            seen: Asked for signs of life.
            windows: How long things may go unheard of.
            limit: Bounds the work of one call; see ``any_due`` for the rest.
        """
        found: list[Due] = []
        self._pickup = timedelta(seconds=windows.pickup)
        moment = now.timestamp()
        for kind, key in self._looks.take(moment, 4 * limit):
            check = self._task_due if kind == "task" else self._agent_due
            item, again = check(key, now, seen, windows)
            if item is not None:
                found.append(item)
                again = now + RETRY
            if again is not None:
                self._looks.plan(kind, key, max(again.timestamp(), moment + 0.05))
            if len(found) >= limit:
                break
        return found

    def any_due(self, now: datetime) -> bool:
        """Tell whether ``due`` has more to look at."""
        return self._looks.any_due(now.timestamp())

    def look_again(self) -> None:
        """Look at everything soon: the clock was set back, and looks are planned by what it showed.

        Where an event is later than the new time, its windows begin with the look.
        """
        self._looks.all_again()

    def unstarted(self, agent_id: str) -> list[tuple[str, str]]:
        """Return the tasks that an agent was given and has not started, and their leases.

        They come oldest first.
        """
        tasks = self._tasks
        found = [
            (tasks[task_id].assigned_at, task_id, tasks[task_id].lease)
            for task_id in self._held.get(agent_id, ())
            if tasks[task_id].started_at is None
        ]
        return [(task_id, lease) for _, task_id, lease in sorted(found)]

    def leases(self, agent_id: str) -> dict[str, str]:
        """Return the leases of the attempts that an agent holds, and their tasks."""
        tasks = self._tasks
        return {tasks[task_id].lease: task_id for task_id in self._held.get(agent_id, ())}

    def held(self, agent_id: str) -> list[str]:
        """Return the tasks that an agent holds."""
        return sorted(self._held.get(agent_id, ()))

    def online_since(self, agent_id: str) -> str:
        """Return since when an agent is online, RFC 3339; empty when it is not."""
        at = self._online.get(agent_id)
        return "" if at is None else at.isoformat()

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold, piece by piece.

        No event may be applied between the steps.
        """
        tasks = yield from copied(self._tasks.items())
        online, gone = list(self._online.items()), list(self._gone.items())
        return encoded_pieces(tasks, online, gone, sorted(self._suspended), sorted(self._disabled))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Expiry]:
        """Return a fold that goes on where a snapshot was taken.

        Raises:
            msgspec.MsgspecError: It is damaged.
        """
        restored = cls()
        complete = False
        for data in pieces:
            piece = decode_piece(data)
            restored._tasks |= piece.tasks
            restored._online |= piece.online
            restored._gone |= piece.gone
            restored._suspended.update(piece.suspended)
            restored._disabled.update(piece.disabled)
            for task_id, task in piece.tasks.items():
                if task.agent_id is not None:
                    restored._held.setdefault(task.agent_id, set()).add(task_id)
                restored._looks.plan("task", task_id)
            for agent_id in piece.online:
                restored._looks.plan("agent", agent_id)
            complete = piece.last
            yield
        if not complete:
            raise msgspec.ValidationError("the end of a snapshot is missing")
        return restored

    def _task_due(
        self, task_id: str, now: datetime, seen: LastSeen, windows: Windows
    ) -> tuple[Due | None, datetime | None]:
        task = self._tasks.get(task_id)
        if task is None:
            return None, None
        task = self._tasks[task_id] = task.not_after(now)
        times: list[datetime] = []
        deadline = task.expires_at(windows)
        if deadline is not None:
            assert task.deadline is not None
            if deadline <= now:
                return Expire(task_id, task.deadline), None
            times.append(deadline)
        if task.agent_id is not None:
            if task.lost:
                return Release(task_id, task.attempt, ReleaseReason.AGENT_UNREGISTERED), None
            gone = self._gone.get(task.agent_id)
            if gone is not None:
                return Release(task_id, task.attempt, ReleaseReason(gone)), None
            if task.started_at is None and (stop := self._stop(task.agent_id)) is not None:
                return Release(task_id, task.attempt, stop), None
            for at, reason in task.ends(seen("task", task.lease), windows):
                if at <= now:
                    return Release(task_id, task.attempt, reason), None
                times.append(at)
        return None, min(times, default=None)

    def _agent_due(
        self, agent_id: str, now: datetime, seen: LastSeen, windows: Windows
    ) -> tuple[Due | None, datetime | None]:
        online_since = self._online.get(agent_id)
        if online_since is None:
            return None, None
        if online_since > now:  # as in ``OpenTask.not_after``
            online_since = self._online[agent_id] = now
        heard = seen("agent", agent_id)
        last = max(online_since, windows.since, heard or online_since)
        at = last + timedelta(seconds=windows.offline)
        if at <= now:
            return Offline(agent_id, heard), None
        return None, at

    def _opened(self, task_id: str, event: TaskSubmitted | TaskRequeued) -> None:
        terms = event.spec if isinstance(event, TaskSubmitted) else event.terms
        self._waits(task_id, OpenTask(terms.timeout_seconds, terms.deadline))

    def _waits(self, task_id: str, task: OpenTask) -> None:
        self._tasks[task_id] = task
        if task.deadline is not None:
            self._looks.plan("task", task_id, task.deadline.timestamp())

    def _assigned(self, task_id: str, event: TaskAssigned) -> None:
        self._tasks[task_id] = self._tasks[task_id].assigned(event)
        self._held.setdefault(event.agent_id, set()).add(task_id)
        at_once = event.agent_id in self._gone or self._stop(event.agent_id) is not None
        first = event.assigned_at + self._pickup
        self._looks.plan("task", task_id, 0.0 if at_once else first.timestamp())

    def _started(self, task_id: str, event: TaskStarted) -> None:
        task = self._tasks[task_id] = replace(self._tasks[task_id], started_at=event.started_at)
        soon = min(task.lease_seconds, task.timeout_seconds)
        self._looks.plan("task", task_id, event.started_at.timestamp() + soon)

    def _asked(self, task_id: str, event: TaskInputRequested) -> None:
        self._tasks[task_id] = replace(self._tasks[task_id], asked_at=event.at)

    def _answered(self, task_id: str, event: TaskInputGiven) -> None:
        self._tasks[task_id] = self._tasks[task_id].answered(event.at)
        # How much is left of the attempt is found out with the next look.
        self._looks.plan("task", task_id)

    def _over(self, task_id: str, event: TaskFailed | TaskReleased) -> Sighted | None:
        if event.outcome is not TaskStatus.QUEUED:
            return self._closed(task_id, event)
        task = self._drop(task_id)
        self._waits(task_id, task.queued())
        return ("task", task.lease)

    def _closed(self, task_id: str, _event: Event) -> Sighted | None:
        lease = self._drop(task_id).lease
        return ("task", lease) if lease else None

    def _drop(self, task_id: str) -> OpenTask:
        task = self._tasks.pop(task_id)
        if task.agent_id is not None:
            held = self._held[task.agent_id]
            held.discard(task_id)
            if not held:
                del self._held[task.agent_id]
                # Nothing of it is left to be released.
                self._gone.pop(task.agent_id, None)
                self._suspended.discard(task.agent_id)
                self._disabled.discard(task.agent_id)
        self._looks.drop("task", task_id)
        return task

    def _came(self, agent_id: str, event: AgentRegistered | AgentCameOnline) -> None:
        at = event.registered_at if isinstance(event, AgentRegistered) else event.at
        self._gone.pop(agent_id, None)
        self._online[agent_id] = at
        self._looks.plan("agent", agent_id, at.timestamp())

    def _left(self, agent_id: str, event: AgentWentOffline | AgentUnregistered) -> Sighted | None:
        self._online.pop(agent_id, None)
        self._looks.drop("agent", agent_id)
        offline = isinstance(event, AgentWentOffline)
        if not offline:
            self._suspended.discard(agent_id)
            self._disabled.discard(agent_id)
        if offline and agent_id in self._held:
            self._gone[agent_id] = ReleaseReason.AGENT_OFFLINE.value
        for task_id in self._held.get(agent_id, ()):
            if not offline:
                self._tasks[task_id] = replace(self._tasks[task_id], lost=True)
            self._looks.plan("task", task_id)
        return None if offline else ("agent", agent_id)

    def _stop(self, agent_id: str) -> ReleaseReason | None:
        """Return why an agent that holds tasks is to begin none of them; None: it may."""
        if agent_id in self._suspended:
            return ReleaseReason.AGENT_SUSPENDED
        return ReleaseReason.ENDPOINT_DISABLED if agent_id in self._disabled else None

    def _stopped(self, agent_id: str, event: AgentSuspended | AgentEndpointDisabled) -> None:
        if agent_id in self._held:
            (self._suspended if type(event) is AgentSuspended else self._disabled).add(agent_id)
            for task_id in self._held[agent_id]:
                self._looks.plan("task", task_id)

    def _enabled(self, agent_id: str, _event: AgentEndpointEnabled) -> None:
        self._disabled.discard(agent_id)

    def _goes_on(self, agent_id: str, _event: AgentActivated | AgentDrained) -> None:
        # One that drains finishes what it has, also what it has not started.
        self._suspended.discard(agent_id)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Expiry, str, Any], Sighted | None]] = {
    AgentRegistered: Expiry._came,
    AgentCameOnline: Expiry._came,
    AgentWentOffline: Expiry._left,
    AgentUnregistered: Expiry._left,
    AgentSuspended: Expiry._stopped,
    AgentEndpointDisabled: Expiry._stopped,
    AgentEndpointEnabled: Expiry._enabled,
    AgentActivated: Expiry._goes_on,
    AgentDrained: Expiry._goes_on,
    TaskSubmitted: Expiry._opened,
    TaskRequeued: Expiry._opened,
    TaskAssigned: Expiry._assigned,
    TaskStarted: Expiry._started,
    TaskInputRequested: Expiry._asked,
    TaskInputGiven: Expiry._answered,
    TaskFailed: Expiry._over,
    TaskReleased: Expiry._over,
    TaskCompleted: Expiry._closed,
    TaskCancelled: Expiry._closed,
    TaskExpired: Expiry._closed,
}
