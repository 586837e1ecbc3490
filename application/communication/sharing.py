"""Which node hands a recipient its messages, where several nodes have connections of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from hashlib import blake2b

from aia_mas.domain.communication.mailroom.letter import Letter

_PATIENCE = 1.0
"""Seconds that a letter is left to another node that hands nothing over meanwhile."""


class Sharing:
    """Leaves to other nodes what is theirs to hand over, as long as they get on with it.

    The log tells over which nodes a recipient's messages arrive, and it tells all of them the same.
    What one sender sends at one priority goes over one of these (highest random weight: Thaler and
    Ravishankar, 1998), so it keeps its order. Nobody is told of that: when nodes do not agree for a
    moment a message comes twice, and when one is gone it comes a moment later.
    """

    __slots__ = ("_anew", "_held", "_monotonic", "_own", "_seen")

    def __init__(self, own: str, monotonic: Callable[[], float]) -> None:
        """Know of no other node.

        Args:
            own: Under which name this run of the node writes.
            monotonic: Measures time, seconds.
        """
        self._own = own
        self._monotonic = monotonic
        # When each node handed something over last, and what is left to it, since when.
        self._seen: dict[str, float] = {}
        self._held: dict[str, deque[tuple[float, Letter]]] = {}
        # Something of that may be somebody else's now.
        self._anew = False

    def note(self, writer: str, *, there: bool) -> bool:
        """Note that a node hands messages over, or does not any more (``there``: which of both).

        Returns:
            Whether what is held is to be looked at.
        """
        if (writer in self._seen) is not there:
            self._anew = bool(self._held)
        if there:
            self._seen[writer] = self._monotonic()
        else:
            self._seen.pop(writer, None)
        return self._anew

    def other(self, letter: Letter) -> str | None:
        """Return the node whose letter this is to hand over; None: this one's."""
        seen = self._seen
        if not seen or (len(seen) == 1 and self._own in seen):
            return None
        lane = f"{letter.rank}/{letter.from_agent}"
        chosen = max(seen, key=lambda writer: _weight(f"{writer}/{lane}"))
        return None if chosen == self._own else chosen

    def hold(self, letter: Letter) -> bool:
        """Leave a letter that could be handed over to another node; False: it is not another's."""
        other = self.other(letter)
        if other is None:
            return False
        self._held.setdefault(other, deque()).append((self._monotonic(), letter))
        return True

    def wait(self) -> float | None:
        """Return how long until something may be no more another's, seconds; None: nothing is."""
        if not self._held:
            return None
        if self._anew:
            return 0.0
        return min(map(self._until, self._held)) - self._monotonic()

    def give_up(self, waits: Callable[[Letter], bool]) -> bool:
        """Forget nodes that did not hand over what they were left.

        Args:
            waits: Tells whether a letter could still be handed over.

        Returns:
            Whether what is held is to be distributed anew; then ``release`` follows.
        """
        now, gone = self._monotonic(), list[str]()
        for writer, held in tuple(self._held.items()):
            while held and not waits(held[0][1]):
                held.popleft()
            if not held:
                del self._held[writer]
            elif writer in self._seen and self._until(writer) <= now:
                gone.append(writer)
        for writer in gone:
            del self._seen[writer]
        return self._anew or bool(gone)

    def release(self) -> None:
        """Hold nothing any more: all is distributed anew."""
        self._held.clear()
        self._anew = False

    def _until(self, writer: str) -> float:
        since = self._held[writer][0][0]
        # Who never handed anything over has no part yet, however well others get on.
        return (max(since, self._seen[writer]) if self._own in self._seen else since) + _PATIENCE


def _weight(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()
