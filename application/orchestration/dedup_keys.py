"""Looks up who has the dedup key of a task that is being submitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from aia_mas.application.engine.handlers import Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.records import NewEvent
from aia_mas.domain.orchestration.deduplication import DedupKey, dedup_stream
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import SubmitTask

Place = Callable[[Any], Placement | None]


class DedupKeys:
    """Names the holder of the key in the command, so that the decision reads the holder as well.

    Where a stream is not in memory the command is left as it is: the engine then loads what the
    command reads, and asks again. Both streams are expected to be as they were when it decided, so
    two submissions of one key never both succeed, on whatever nodes.
    """

    def __init__(self, working_set: WorkingSet, place: Place) -> None:
        """Look into the working set (``place``: chooses an agent for what is no duplicate)."""
        self._working_set = working_set
        self._place = place

    def place(self, command: SubmitTask) -> Placement | None:
        """Fill in the holder, and choose an agent where the key is free or there is none."""
        key = command.spec.dedup_key
        if key is None:
            return self._place(command)
        entry = self._working_set.known(dedup_stream(command.owner, key))
        if entry is None:
            return None
        held: DedupKey | None = entry.state
        if held is None:
            return self._place(command)
        named = replace(command, key_holder=held.task_id)
        holder = self._working_set.known(task_stream(held.task_id))
        state: TaskState | None = None if holder is None else holder.state
        if state is None or state.unfinished:
            return _Named(named)
        return self._place(named) or _Named(named)


class _Named:
    """A command with the holder in it; nothing was chosen that could be void."""

    __slots__ = ("command",)

    fence = None

    def __init__(self, command: SubmitTask) -> None:
        self.command: Any = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        return True

    def dropped(self, *, fenced: bool = False) -> None:
        pass
