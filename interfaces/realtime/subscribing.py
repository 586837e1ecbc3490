"""Starts and ends subscriptions, and says where they begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import psycopg

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.log import EventLog
from aia_mas.interfaces.realtime.channel import Channel
from aia_mas.interfaces.realtime.coalesced import CoalescedTopic
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.messages import (
    ErrorCode,
    MessageRefused,
    Subscribe,
    subscribed,
)
from aia_mas.interfaces.realtime.options import RealtimeOptions
from aia_mas.interfaces.realtime.selection import InvalidFilter, selection_of
from aia_mas.interfaces.realtime.subscription import CoalescedSubscription, FactSubscription


class Subscriptions:
    """What connections may subscribe to, and the rules of it."""

    def __init__(
        self,
        event_log: EventLog,
        channels: Mapping[str, Channel],
        coalesced: Mapping[str, CoalescedTopic],
        position: Callable[[], int],
        listed: Collection[str],
        begin_snapshot: Callable[[FactSubscription], None],
        options: RealtimeOptions,
    ) -> None:
        """Wire what a hub offers.

        Args:
            event_log: Knows the epoch and the true end of the log.
            channels: The topics of facts by name.
            coalesced: The topics of latest values by name; more may join.
            position: Returns how far the hub has come.
            listed: The topics of which there are snapshots.
            begin_snapshot: Has a snapshot sent, and what follows it.
            options: How many subscriptions a connection may have.
        """
        self._log = event_log
        self._channels = channels
        self._coalesced = coalesced
        self._position = position
        self._listed = listed
        self._begin_snapshot = begin_snapshot
        self._options = options

    @property
    def topics(self) -> list[str]:
        """The names of all topics."""
        return sorted([*self._channels, *self._coalesced])

    async def start(self, connection: Connection, wanted: Subscribe) -> None:
        """Start a subscription and answer it; what it is to get follows by itself.

        Raises:
            MessageRefused: It cannot be started.
        """
        subscription_id = wanted.id or wanted.topic
        channel, latest = self._channels.get(wanted.topic), self._coalesced.get(wanted.topic)
        try:
            if latest is not None:
                self._start_latest(connection, subscription_id, latest, wanted)
            elif channel is not None:
                await self._start_facts(connection, subscription_id, channel, wanted)
            else:
                raise MessageRefused(
                    ErrorCode.UNKNOWN_TOPIC, f"A topic is one of {', '.join(self.topics)}"
                )
        except MessageRefused as error:
            error.subscription_id = subscription_id
            raise

    def join(self, connection: Connection, topic: str, subscription_id: str | None = None) -> None:
        """Have a coalesced topic sent, now and whenever it changes."""
        latest = self._coalesced[topic]
        subscription = CoalescedSubscription(connection, subscription_id or topic, latest)
        connection.subscriptions[subscription.id] = subscription
        latest.add(subscription)

    def end(self, connection: Connection, subscription_id: str) -> None:
        """End a subscription.

        Raises:
            MessageRefused: There is none of this id.
        """
        subscription = connection.subscriptions.pop(subscription_id, None)
        if subscription is None:
            raise MessageRefused(
                ErrorCode.UNKNOWN_SUBSCRIPTION, "There is no such subscription", subscription_id
            )
        subscription.active = False
        if isinstance(subscription, CoalescedSubscription):
            subscription.topic.discard(subscription)
        elif subscription.pending is not None:
            subscription.pending.cancel()
        elif subscription.live:
            self._channels[subscription.topic.name].audience.discard(subscription)
        elif subscription in connection.behind:
            connection.behind.remove(subscription)

    def _start_latest(
        self,
        connection: Connection,
        subscription_id: str,
        topic: CoalescedTopic,
        wanted: Subscribe,
    ) -> None:
        if wanted.filter is not None:
            raise MessageRefused(ErrorCode.INVALID_FILTER, f"{topic.name} takes no filter")
        existing = connection.subscriptions.get(subscription_id)
        if isinstance(existing, CoalescedSubscription) and existing.topic is topic:
            # A frontend has its metrics from the start; asking for them is no mistake.
            self.end(connection, subscription_id)
        self._check_room(connection, subscription_id)
        self._answer(connection, subscription_id, topic.name, None, recovered=True)
        self.join(connection, topic.name, subscription_id)

    async def _start_facts(
        self, connection: Connection, subscription_id: str, channel: Channel, wanted: Subscribe
    ) -> None:
        self._check_room(connection, subscription_id)
        try:
            selection = selection_of(wanted.filter, channel.topic)
        except InvalidFilter as error:
            raise MessageRefused(ErrorCode.INVALID_FILTER, str(error)) from None
        recovered = await self._reaches(wanted.after, wanted.epoch)
        snapshot = wanted.snapshot and not recovered
        if snapshot and wanted.topic not in self._listed:
            raise MessageRefused(ErrorCode.INVALID_MESSAGE, f"{wanted.topic} has no snapshots")
        after = wanted.after if recovered else None
        position = self._position() if after is None else after
        self._answer(
            connection,
            subscription_id,
            channel.topic.name,
            None if snapshot else position,
            recovered=recovered,
            snapshot=snapshot,
        )
        if connection.closing is None:
            subscription = FactSubscription(
                connection, subscription_id, channel.topic, selection, position
            )
            connection.subscriptions[subscription_id] = subscription
            if snapshot:
                self._begin_snapshot(subscription)
            else:
                subscription.begin(position)

    def _check_room(self, connection: Connection, subscription_id: str) -> None:
        if subscription_id in connection.subscriptions:
            raise MessageRefused(
                ErrorCode.DUPLICATE_SUBSCRIPTION,
                "There is a subscription with this id; unsubscribe first",
            )
        if len(connection.subscriptions) >= self._options.max_subscriptions:
            raise MessageRefused(
                ErrorCode.TOO_MANY_SUBSCRIPTIONS,
                f"A connection has at most {self._options.max_subscriptions} subscriptions",
            )

    async def _reaches(self, after: int | None, epoch: str | None) -> bool:
        """Tell whether a client's place is one in this log, so that nothing will be missing."""
        if after is None or (epoch is not None and epoch != str(self._log.epoch)):
            return False
        if after <= self._position():
            return True
        # A client that comes from another node may know more than this one has read yet.
        try:
            return after <= (await self._log.head()).position
        except (EventLogError, psycopg.Error, OSError):
            raise MessageRefused(
                ErrorCode.UNAVAILABLE, "The log cannot be read now; subscribe again shortly"
            ) from None

    def _answer(
        self,
        connection: Connection,
        subscription_id: str,
        topic: str,
        position: int | None,
        *,
        recovered: bool,
        snapshot: bool = False,
    ) -> None:
        connection.push(
            subscribed(
                subscription_id,
                topic,
                recovered=recovered,
                snapshot=snapshot,
                position=position,
                epoch=str(self._log.epoch),
            )
        )
