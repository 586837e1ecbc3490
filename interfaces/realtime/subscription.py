"""What a connection subscribed to: the facts of a topic, or the latest value of one."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from anyio import CancelScope

from aia_mas.interfaces.realtime.facts import Fact, FactTopic
from aia_mas.interfaces.realtime.frames import readdressed, suffix_of
from aia_mas.interfaces.realtime.selection import Selection

if TYPE_CHECKING:
    from aia_mas.interfaces.realtime.connection import Connection


class FactSubscription:
    """Facts of one topic for one connection, in position order, each at most once.

    It is behind until its connection's sender has caught up with the hub, then it stands in the
    audience and the hub pushes to it. Before all that it may wait for its snapshot.

    Attributes:
        pending: What ends the snapshot on its way to it; None: it has a position.
    """

    __slots__ = (
        "active",
        "connection",
        "id",
        "live",
        "pending",
        "position",
        "selection",
        "suffix",
        "topic",
    )

    def __init__(
        self,
        connection: Connection,
        subscription_id: str,
        topic: FactTopic,
        selection: Selection,
        position: int,
    ) -> None:
        """Make a subscription to what follows a position."""
        self.connection = connection
        self.id = subscription_id
        self.topic = topic
        self.suffix = topic.suffix if subscription_id == topic.name else suffix_of(subscription_id)
        self.selection = selection
        self.position = position
        self.active = True
        self.live = False
        self.pending: CancelScope | None = None

    def begin(self, position: int) -> None:
        """Have what follows a position sent."""
        self.pending = None
        self.position = position
        self.connection.behind.append(self)
        self.connection.wake()

    def frame(self, fact: Fact) -> bytes:
        """Return a fact's frame as it goes to this subscription."""
        if self.suffix is self.topic.suffix:
            return fact.frame
        return readdressed(fact.frame, self.topic.suffix, self.suffix)

    def deliver(self, facts: Sequence[Fact], frames: bytes) -> None:
        """Send facts that follow each other, without those whose position has been dealt with.

        Args:
            facts: Facts of the topic that this subscription selects.
            frames: All their frames as they go to it.
        """
        if self.active and self.position < facts[-1].position:
            if self.position >= facts[0].position:
                frames = b"".join(self.frame(one) for one in facts if one.position > self.position)
            self.position = facts[-1].position
            self.connection.push(frames)


class Share(NamedTuple):
    """Facts that follow each other with all their frames, and the subscription that gets them."""

    subscription: FactSubscription
    facts: Sequence[Fact]
    frames: bytes


def deliver_merged(shares: Sequence[Share]) -> None:
    """Send what subscriptions of one connection get, all of it in the order of positions."""
    if len(shares) == 1:
        [(subscription, facts, joined)] = shares
        subscription.deliver(facts, joined)
        return
    frames: list[tuple[int, bytes]] = []
    for subscription, facts, _ in shares:
        if subscription.active and subscription.position < facts[-1].position:
            frames += [
                (fact.position, subscription.frame(fact))
                for fact in facts
                if fact.position > subscription.position
            ]
            subscription.position = facts[-1].position
    if frames:
        frames.sort(key=itemgetter(0))
        shares[0].subscription.connection.push(b"".join(frame for _, frame in frames))


class Latest(Protocol):
    """A topic of which only the latest value counts (see ``CoalescedTopic``)."""

    name: str
    suffix: bytes
    frame: bytes | None

    def discard(self, subscription: CoalescedSubscription) -> None:
        """Send it no more."""
        ...


class CoalescedSubscription:
    """The latest value of one topic for one connection."""

    __slots__ = ("active", "connection", "id", "marked", "topic")

    def __init__(self, connection: Connection, subscription_id: str, topic: Latest) -> None:
        """Make a subscription to the latest value."""
        self.connection = connection
        self.id = subscription_id
        self.topic = topic
        self.active = True
        self.marked = False

    def frame(self) -> bytes | None:
        """Return the latest frame as it goes to this subscription."""
        frame = self.topic.frame
        if frame is None or self.id == self.topic.name:
            return frame
        return readdressed(frame, self.topic.suffix, suffix_of(self.id))
