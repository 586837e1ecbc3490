# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about message metrics."""

from __future__ import annotations

import msgspec

from aia.client.types.base import Answer


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, milliseconds.

    Percentiles are at most twice too large: they are the bounds of classes, each twice the one
    before.

    Attributes:
        count: How many were measured.
        mean: The mean; null when none was.
        p50: The median.
        p95: The 95th percentile.
        p99: The 99th percentile.
    """

    count: int
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


class PriorityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The messages of one priority. A delivery is a message at one recipient.

    Attributes:
        sent: Messages accepted.
        queued: Deliveries that have not been acknowledged, nor given up.
        in_flight: Those of them that this node made, and whose acknowledgements are out.
        delivered: How often one was handed over, as far as is known what became of it.
        acknowledged: Deliveries that arrived.
        failed: Attempts that failed.
        retried: Those of them that were, or will be, followed by another.
        dead: Deliveries given up.
        dropped: Deliveries dropped, since the recipient had too much waiting.
        expired: Deliveries not made in time.
        bytes: Of the payloads sent.
        delivery: From when a message may be delivered until the delivery that was acknowledged.
        acknowledgement: From when a message may be delivered until it is acknowledged.
    """

    sent: int
    queued: int
    in_flight: int
    delivered: int
    acknowledged: int
    failed: int
    retried: int
    dead: int
    dropped: int
    expired: int
    bytes: int
    delivery: Latency
    acknowledgement: Latency


class RedisBridgeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What this node's bridge to Redis has done since the node started.

    Attributes:
        frames: Frames that came on `mas:send`.
        refused: Those of them that came to nothing, by code.
        unanswered: Those of them that were not answered, since too many came.
        published: Messages, receipts and copies that were published.
        dropped: Copies of messages to topics that were not, since too much waited.
        mailboxes: Recipients whose messages are published now.
    """

    frames: int
    refused: dict[str, int]
    unanswered: int
    published: int
    dropped: int
    mailboxes: int


class CommunicationMetrics(Answer, frozen=True, kw_only=True):
    """Messages in numbers.

    Attributes:
        by_priority: By priority, of the whole system unless it says otherwise.
        deliveries: How many deliveries this node has made since it started, by transport.
        connections: Open connections of all nodes, by kind.
        slow_consumers: Recipients on this node that have as many messages out as a connection may
            have: they acknowledge more slowly than messages come.
        open_messages: Messages that somebody has not got yet.
        held: Deliveries that wait for ids that are not registered.
        rules: Routing rules that are followed.
        collecting: Recipients for whom messages are laid out on this node.
        redis: What its bridge to Redis has done; null: it has none.
        position: How far this node knows the log.
    """

    by_priority: dict[str, PriorityFigures]
    deliveries: dict[str, int]
    connections: dict[str, int]
    slow_consumers: int
    open_messages: int
    held: int
    rules: int
    collecting: int
    redis: RedisBridgeFigures | None
    position: int
