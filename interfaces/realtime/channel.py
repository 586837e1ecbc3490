"""One topic of facts within a hub: its last facts, who gets new ones, and how others catch up."""

from __future__ import annotations

from collections.abc import Sequence

from aia_mas.interfaces.realtime.audience import Audience
from aia_mas.interfaces.realtime.facts import Fact, FactTopic
from aia_mas.interfaces.realtime.pages import Pages
from aia_mas.interfaces.realtime.ring import Ring
from aia_mas.interfaces.realtime.subscription import FactSubscription

_STEP = 200
"""Facts looked at before other work gets its turn."""


class Channel:
    """A topic, its ring, and its audience."""

    def __init__(self, topic: FactTopic, pages: Pages, ring: Ring) -> None:
        """Open a channel that nobody listens to yet."""
        self.topic = topic
        self.ring = ring
        self.audience = Audience()
        self._pages = pages

    def catch_up(self, subscription: FactSubscription, head: int) -> bool:
        """Queue some of what a subscription has missed, and let it go live when that was all.

        Args:
            subscription: One that is behind.
            head: The position up to which the hub knows every fact.

        Returns:
            False when it must be read first; its connection is woken then.
        """
        connection = subscription.connection
        facts = self.ring.since(subscription.position, _STEP)
        if facts is not None:
            reached = facts[-1].position if len(facts) == _STEP else head
        else:
            streams = subscription.selection.streams(self.topic.category)
            page = self._pages.get(subscription.position, streams, connection.wake)
            if page is None:
                return False
            facts, reached = page
        self._queue(subscription, facts, reached)
        if subscription.position >= head and connection.closing is None:
            connection.behind.remove(subscription)
            self.audience.add(subscription)
        return True

    def _queue(self, subscription: FactSubscription, facts: Sequence[Fact], reached: int) -> None:
        """Queue selected facts while there is room, and move to the last one that was looked at."""
        connection, frames = subscription.connection, list[bytes]()
        room = connection.room
        for fact in facts:
            if fact.position <= subscription.position or fact.topic != self.topic.name:
                continue
            if subscription.selection.takes(fact):
                frame = subscription.frame(fact)
                if len(frame) > room and (frames or connection.queued_bytes):
                    reached = fact.position - 1
                    break
                room -= len(frame)
                frames.append(frame)
        if frames:
            connection.push(b"".join(frames))
        subscription.position = max(subscription.position, reached)
