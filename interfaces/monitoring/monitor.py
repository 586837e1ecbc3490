"""A scrape: a node is read at once, and written down beside its event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder

from aia_mas.interfaces.monitoring.bridge_families import bridge_families
from aia_mas.interfaces.monitoring.economy_families import economy_families
from aia_mas.interfaces.monitoring.families import families
from aia_mas.interfaces.monitoring.http_counts import HttpCounts
from aia_mas.interfaces.monitoring.message_families import message_families
from aia_mas.interfaces.monitoring.reading import Reading, read

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


class Exposition(NamedTuple):
    """Metrics in one of Prometheus' formats."""

    content_type: str
    body: bytes


class Monitor:
    """Tells what one system does; several in one process know nothing of each other.

    Attributes:
        requests: Where the HTTP interface counts.
    """

    def __init__(self, system: System) -> None:
        """Watch a system."""
        self.requests = HttpCounts()
        self._system = system
        # Of this system, not the library's global one.
        self._process = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)

    async def scrape(self, accept: str) -> Exposition:
        """Return the metrics in the format that an ``Accept`` header asks for."""
        reading = read(self._system, self.requests)
        # In a thread: some thousand lines take longer than anything may hold the event loop.
        return await asyncio.to_thread(self._write, reading, accept)

    def _write(self, reading: Reading, accept: str) -> Exposition:
        encode, content_type = choose_encoder(accept)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(reading, self._process))
        return Exposition(content_type, encode(registry))


class _Collected:
    """What is known at a scrape, as the library asks for it."""

    def __init__(self, reading: Reading, process: CollectorRegistry) -> None:
        self._reading = reading
        self._process = process

    def collect(self) -> Iterator[Metric]:
        yield from families(self._reading)
        yield from economy_families(self._reading)
        yield from message_families(self._reading.messages)
        yield from bridge_families(self._reading.bridge)
        yield from self._process.collect()
