"""The bridge to Redis as Prometheus' metric families."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from aia_mas.application.communication.reading import BridgeReading
from aia_mas.interfaces.monitoring.making import counter, counters, gauge


def bridge_families(reading: BridgeReading) -> Iterator[Metric]:
    """Yield the families that are about the bridge."""
    yield counter("redis_frames", "Frames that came over Redis", reading.heard)
    yield counters(
        "redis_frames_refused",
        "Frames over Redis that came to nothing",
        ["code"],
        [([code], count) for code, count in sorted(reading.refused.items())],
    )
    yield counter(
        "redis_frames_unanswered",
        "Frames over Redis that came to nothing unanswered, since too many did",
        reading.unanswered,
    )
    yield counter(
        "redis_published", "Messages, receipts and copies published over Redis", reading.published
    )
    yield counter(
        "redis_copies_dropped",
        "Copies of messages to topics not published, since too much waited",
        reading.dropped,
    )
    yield gauge(
        "redis_mailboxes", "Recipients whose messages are published over Redis", reading.mailboxes
    )
