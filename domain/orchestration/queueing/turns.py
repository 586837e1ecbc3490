"""Whose turn it is within a class: round robin, whoever waits longest since its last turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

from aia_mas.domain.orchestration.queueing.looks import Looks
from aia_mas.domain.orchestration.requirement import RequirementSignature

REMEMBERED: Final = 128
"""Agents of an owner whose last turns are known one by one."""

Suits = Callable[[RequirementSignature, str], bool]
"""Tells whether an agent suits a demand."""


def everybody(_demand: RequirementSignature, _agent_id: str) -> bool:
    """Take every agent for one that suits."""
    return True


class Seen(NamedTuple):
    """What something knows of its owner's turns.

    Attributes:
        place: Its own place in the ring.
        at: Up to which place it has looked.
    """

    place: int = 0
    at: int = 0


class _Owner:
    """An owner with waiting tasks.

    Attributes:
        since: Its place when it came in.
        given: Its place by the agents that it was given since, the last one at the end.
    """

    __slots__ = ("given", "since")

    def __init__(self, since: int) -> None:
        self.since = since
        self.given: dict[str, int] = {}


class Turns:
    """The owners with waiting tasks in one class, in a ring: who is served goes to the end of it.

    An owner comes to the end as well when the first of its tasks begins to wait, and leaves with
    the last one. Only agents that suit a task take its turn away: so between two turns of an owner
    at such an agent every other one has at most one there, whatever was done elsewhere. (Virtual
    time, as in start-time fair queueing, does not do that: it goes on with those that find an
    agent, and with it the claims of those that wait for another are forgotten, or grow.)

    ``order`` is of the log: the ring, whichever agents were given. What is known beyond it, and of
    dispatches on their way into the log, begins anew with a restored fold. Places never go down, so
    that a heap by places holds some that are too low at worst.
    """

    __slots__ = ("_last", "_owners", "_suits", "_waiting", "looks", "order")

    def __init__(self, suits: Suits, looks: Looks) -> None:
        """Start with nobody.

        Args:
            suits: Tells whether an agent suits a demand.
            looks: What is taken of to find out whose turn it is.
        """
        self.order: dict[str, None] = {}
        self.looks = looks
        self._suits = suits
        self._owners: dict[str, _Owner] = {}
        self._waiting: Counter[str] = Counter()
        self._last = 0

    def place(self, owner: str, demand: RequirementSignature, seen: Seen) -> Seen:
        """Return where a demand of an owner stands in the ring; the lowest place has its turn.

        Args:
            owner: Whose it is.
            demand: What is asked for.
            seen: What this returned the last time.
        """
        one = self._owners.get(owner)
        if one is None:
            return seen
        place = max(seen.place, one.since)
        if seen.at < self._last:
            for agent_id, at in reversed(one.given.items()):
                if at <= seen.at:
                    break
                self.looks.charge(1)
                if self._suits(demand, agent_id):
                    place = at
                    break
        return Seen(place, self._last)

    def latest(self, owner: str) -> int:
        """Return the place of an owner after its last turn, whatever that was."""
        one = self._owners.get(owner)
        if one is None:
            return 0
        return next(reversed(one.given.values()), one.since)

    def entered(self, owner: str) -> None:
        """Note that a task begins to wait, by the log."""
        self._waiting[owner] += 1
        if owner not in self.order:
            self.restored(owner)

    def left(self, owner: str) -> None:
        """Note that a task does not wait any more, by the log."""
        self._waiting[owner] -= 1
        if self._waiting[owner] <= 0:
            del self._waiting[owner]
            self.order.pop(owner, None)
            self._owners.pop(owner, None)

    def restored(self, owner: str) -> None:
        """Put an owner at the end of the ring; its tasks are entered later."""
        self.order[owner] = None
        self._last += 1
        self._owners[owner] = _Owner(self._last)

    def dispatched(self, owner: str, agent_id: str, *, counted: bool) -> None:
        """Note a dispatch that stands in the log.

        Args:
            owner: Whose task it was; it has left already.
            agent_id: Who got it.
            counted: It was counted when it was planned.
        """
        if owner in self.order:
            del self.order[owner]
            self.order[owner] = None
            if not counted:
                self.planned(owner, agent_id)

    def planned(self, owner: str, agent_id: str) -> None:
        """Count a dispatch that is on its way into the log.

        If it does not get there the owner has lost a turn; the next one comes with the ring. While
        nobody else waits there is no turn to be taken: who comes then stands behind this owner, and
        has the next turn but one. (So one owner alone has no turns to be looked at.)
        """
        one = self._owners.get(owner)
        if one is not None and len(self._owners) > 1:
            self._last += 1
            one.given.pop(agent_id, None)
            one.given[agent_id] = self._last
            if len(one.given) > REMEMBERED:
                del one.given[next(iter(one.given))]
