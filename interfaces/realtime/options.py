"""How much memory and patience the realtime hub has."""

from __future__ import annotations

import msgspec

from aia_mas.application.settings import Settings


class RealtimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of the hub and of each connection.

    Attributes:
        ring_bytes: Facts of each topic kept in memory for those who resume.
        prefill: Events read into the rings at the start, so that a restart does not send everybody
            who resumes to PostgreSQL.
        cached_pages: Pages of older events kept decoded; clients that resume walk the same ones.
        queue_bytes: What may wait for one connection before it counts as a slow consumer.
        max_connections: Connections of this node.
        max_subscriptions: Subscriptions of one connection.
        max_message_bytes: The longest message of a client.
        max_faults: Faulty messages after which a connection is closed.
        send_timeout: Seconds for which a client may take nothing while something waits for it.
        idle_timeout: Seconds after which a connection without a subscription is closed unless it
            says something.
        coalesce_interval: Least seconds between two frames of a coalesced topic.
        coalesced_refresh: Seconds after which a value is looked at again though nothing happened:
            some change with time alone, as rates do.
        coalesced_frames_per_second: Most coalesced frames of one topic sent in a second, over all
            connections; with many of them the interval grows.
        snapshot_items: Items of one snapshot; what is beyond is not told.
        snapshot_seconds: How long the transaction of a snapshot may be open, whatever the client
            has taken by then.
        snapshot_readers: Snapshots read at once.
        drain_timeout: Seconds given to connections to end when the node stops.
    """

    ring_bytes: int = 8 * 2**20
    prefill: int = 2_000
    cached_pages: int = 64
    queue_bytes: int = 2**20
    max_connections: int = 20_000
    max_subscriptions: int = 64
    max_message_bytes: int = 64 * 2**10
    max_faults: int = 64
    send_timeout: float = 10.0
    idle_timeout: float = 300.0
    coalesce_interval: float = 0.25
    coalesced_refresh: float = 5.0
    coalesced_frames_per_second: float = 10_000.0
    snapshot_items: int = 100_000
    snapshot_seconds: float = 30.0
    snapshot_readers: int = 4
    drain_timeout: float = 5.0


def options_of(settings: Settings) -> RealtimeOptions:
    """Return the bounds as the settings have them."""
    return RealtimeOptions(idle_timeout=settings.websocket_idle_seconds)
