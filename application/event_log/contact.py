"""Whether this node can reach the store: what was given to it meanwhile, nobody may have heard."""

from __future__ import annotations


class Contact:
    """The lines to the store that are always used: a break of one is noticed at once.

    Attributes:
        changes: Counts breaks and repairs.
    """

    def __init__(self) -> None:
        """Assume the best."""
        self._broken: set[str] = set()
        self.changes = 0

    @property
    def whole(self) -> bool:
        """Whether no line is broken."""
        return not self._broken

    def holds(self, line: str) -> bool:
        """Tell whether a line is not broken."""
        return line not in self._broken

    def lost(self, line: str) -> None:
        """Note that a line is broken."""
        if line not in self._broken:
            self._broken.add(line)
            self.changes += 1

    def made(self, line: str) -> None:
        """Note that a line holds (again)."""
        if line in self._broken:
            self._broken.discard(line)
            self.changes += 1
