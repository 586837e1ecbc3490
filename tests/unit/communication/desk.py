"""What tests of trays share: a mailroom, trays on it, and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aia_mas.application.communication.out import Out
from aia_mas.application.communication.sharing import Sharing
from aia_mas.application.communication.tray import Tray
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import NOW, Room

LOW, NORMAL, CRITICAL = Priority.LOW, Priority.NORMAL, Priority.CRITICAL


class Desk:
    """A mailroom, the trays of a node on it, and what time it is (``now``: seconds from NOW)."""

    def __init__(self) -> None:
        self.room = Room()
        self.now = 0.0
        self.settled: list[int] = []

    def tray(self, name: str = "bob") -> Tray:
        """Return a new tray."""
        number = self.room.room.directory.number(name)
        return Tray(
            lambda: self.room.room,
            number,
            lambda: NOW.timestamp() + self.now,
            Sharing("here", lambda: self.now),
            lambda out: self.settled.append(out.letter.position),
        )

    def restored(self, change: Callable[[Room], None] = lambda _: None) -> None:
        """Go over to the mailroom of a snapshot, in which something more has happened."""
        other = Room()
        other.log = list(self.room.log)
        other.room = at_once(restore(list(at_once(snapshot(self.room.room)))))
        change(other)
        self.room = other


def take(tray: Tray, most: int = 100, **more: Any) -> list[int]:
    return [out.letter.position for out in tray.take(most, "socket", **more)]


def first_out(tray: Tray) -> Out:
    return next(iter(tray.out.values()))
