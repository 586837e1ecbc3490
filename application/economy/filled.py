"""A command into which the application has put what only it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aia_mas.application.event_log.records import NewEvent


class Filled:
    """A placement that chose nothing, so that nothing of it can be void."""

    __slots__ = ("command",)

    fence = None

    def __init__(self, command: Any) -> None:
        """Take the command as it is to be carried out."""
        self.command = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell that there is nothing to be undone."""
        return True

    def dropped(self, *, fenced: bool = False) -> None:
        """Undo nothing."""
