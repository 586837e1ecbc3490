"""Whose turn it is within a class: round robin, whoever waits longest since its last turn."""

from __future__ import annotations

from collections import Counter

_NOBODY = 1 << 62


class Turns:
    """The owners with waiting tasks in one class, in a ring: who is served goes to the end of it.

    An owner comes to the end as well when the first of its tasks begins to wait, and leaves with
    the last one. So between two turns of an owner every other one has at most one, whatever they
    ask for. (Virtual time, as in start-time fair queueing, does not do that where tasks suit
    different agents: it goes on with those that find one, and with it the claims of those that
    wait for another are forgotten, or grow.)

    ``order`` is of the log. ``place`` also counts dispatches on their way into it, and never goes
    down: a heap by places may hold old ones, which are too low at worst.
    """

    __slots__ = ("_last", "_places", "_waiting", "order")

    def __init__(self) -> None:
        """Start with nobody."""
        self.order: dict[str, None] = {}
        self._waiting: Counter[str] = Counter()
        self._places: dict[str, int] = {}
        self._last = 0

    def place(self, owner: str) -> int:
        """Return where an owner stands in the ring; the lowest place has its turn."""
        return self._places.get(owner, _NOBODY)

    def entered(self, owner: str) -> None:
        """Note that a task begins to wait, by the log."""
        self._waiting[owner] += 1
        if owner not in self.order:
            self.order[owner] = None
            self._to_the_end(owner)

    def left(self, owner: str) -> None:
        """Note that a task does not wait any more, by the log."""
        self._waiting[owner] -= 1
        if self._waiting[owner] <= 0:
            del self._waiting[owner]
            self.order.pop(owner, None)
            self._places.pop(owner, None)

    def restored(self, owner: str) -> None:
        """Put an owner at the end of the ring; its tasks are entered later."""
        self.order[owner] = None
        self._to_the_end(owner)

    def dispatched(self, owner: str, *, counted: bool) -> None:
        """Note a dispatch that stands in the log.

        Args:
            owner: Whose task it was; it has left already.
            counted: It was counted when it was planned.
        """
        if owner in self.order:
            del self.order[owner]
            self.order[owner] = None
            if not counted:
                self._to_the_end(owner)

    def planned(self, owner: str) -> None:
        """Count a dispatch that is on its way into the log.

        If it does not get there the owner has lost a turn; the next one comes with the ring.
        """
        if owner in self._places:
            self._to_the_end(owner)

    def _to_the_end(self, owner: str) -> None:
        self._last += 1
        self._places[owner] = self._last
