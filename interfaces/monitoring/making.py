"""Prometheus' metric families, made of samples under the prefix of this program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

PREFIX: Final = "aia_mas_"

Samples = Iterable[tuple[Sequence[str], float]]
"""Values of labels, and the value."""


def gauge(name: str, text: str, value: float) -> Metric:
    """Return a gauge without labels."""
    return gauges(name, text, [], [([], value)])


def gauges(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    """Return a gauge with a value for each of its labels' values."""
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def counter(name: str, text: str, value: float) -> Metric:
    """Return a counter without labels."""
    return counters(name, text, [], [([], value)])


def counters(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    """Return a counter with a value for each of its labels' values."""
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
