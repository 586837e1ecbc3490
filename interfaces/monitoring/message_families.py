"""Messages as Prometheus' metric families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily, Metric

from aia_mas.application.communication.reading import MessageReading
from aia_mas.domain.communication.mailroom.figures import BOUNDS
from aia_mas.interfaces.monitoring.making import PREFIX, counter, counters, gauge, gauges

_COUNTED = (
    ("messages_sent", "Messages accepted", "sent"),
    ("message_payload_bytes", "Bytes of the payloads of messages accepted", "bytes"),
    ("message_deliveries_acknowledged", "Deliveries acknowledged", "acknowledged"),
    ("message_attempts_failed", "Deliveries that failed; most are tried again", "failed"),
    ("message_attempts_retried", "Deliveries that failed and are followed by another", "retried"),
    ("message_deliveries_dead", "Deliveries given up", "dead"),
    ("message_deliveries_dropped", "Deliveries dropped: too much waited", "dropped"),
    ("message_deliveries_expired", "Deliveries not made in time", "expired"),
)


def message_families(reading: MessageReading) -> Iterator[Metric]:
    """Yield the families that are about messages."""
    classes, label = reading.classes.items(), ["priority"]
    for name, text, field in _COUNTED:
        yield counters(name, text, label, [([key], getattr(row, field)) for key, row in classes])
    queued = [([key], row.queued) for key, row in classes]
    yield gauges("message_deliveries_queued", "Deliveries not acknowledged yet", label, queued)
    in_flight = [([key], count) for key, count in reading.in_flight.items()]
    yield gauges(
        "message_deliveries_in_flight",
        "Deliveries not acknowledged yet that this node made",
        label,
        in_flight,
    )
    yield counters(
        "message_deliveries",
        "Deliveries made by this node",
        ["transport"],
        [([name], count) for name, count in sorted(reading.deliveries.items())],
    )
    yield gauge("messages_open", "Messages that somebody has not got yet", reading.letters)
    yield gauge(
        "message_deliveries_held", "Deliveries for ids that are not registered", reading.held
    )
    yield gauge("message_rules", "Routing rules that are followed", reading.rules)
    yield gauge(
        "message_recipients_collecting", "Recipients served by this node", reading.collecting
    )
    yield gauge(
        "message_slow_consumers",
        "Recipients served by this node that have as many out as a connection may have",
        reading.slow,
    )
    yield counter(
        "messages_unreadable",
        "Tries to deliver a message that this node could not decrypt",
        reading.unreadable,
    )
    yield _histogram(
        "message_delivery_seconds",
        "From when a message may be delivered until the delivery that was acknowledged",
        [(key, row.to_delivery, row.delivery_micros) for key, row in classes],
    )
    yield _histogram(
        "message_acknowledgement_seconds",
        "From when a message may be delivered until it is acknowledged",
        [(key, row.to_acknowledgement, row.acknowledgement_micros) for key, row in classes],
    )


def _histogram(name: str, text: str, rows: Sequence[tuple[str, Sequence[int], int]]) -> Metric:
    family = HistogramMetricFamily(PREFIX + name, text, labels=["priority"])
    for key, classes, micros in rows:
        bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
        buckets = list(zip(bounds, accumulate(classes), strict=True))
        family.add_metric([key], buckets, micros / 1_000_000)
    return family
