"""What the realtime hub tells beside the log: metrics, and lists as snapshots begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.settings import Settings
from aia_mas.interfaces.realtime import Hub, OpenList, Sample, options_of
from aia_mas.projections.agent_items import agent_items
from aia_mas.projections.host import ProjectionHost
from aia_mas.projections.snapshot_reading import Reading, SnapshotSource, Wanted, reading
from aia_mas.projections.task_items import TASK_ITEMS

_LOOK_AGAIN = 0.5
"""Seconds until metrics are looked at again that tell of something behind."""


def live_hub(
    event_log: PostgresEventLog, settings: Settings, projections: ProjectionHost, clock: Clock
) -> Hub:
    """Return the hub of a node; it does nothing until it is run."""
    conninfo = event_log.pool.conninfo
    assert isinstance(conninfo, str)

    def opens(source: SnapshotSource) -> OpenList:
        def open_list(wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
            return reading(conninfo, source, wanted, limit)

        return open_list

    lists = {"tasks": opens(TASK_ITEMS), "agents": opens(agent_items(settings.tiers))}
    hub = Hub(event_log, options_of(settings), lists=lists)
    hub.coalesce("metrics", partial(_metrics, projections, clock, partial(hub.touch, "metrics")))
    return hub


def _metrics(projections: ProjectionHost, clock: Clock, touch: Callable[[], None]) -> Sample:
    metrics = projections.system_metrics(clock.now())
    if any(each.events for each in metrics.lag):
        # What is behind catches up without a further event that would have it looked at.
        asyncio.get_running_loop().call_later(_LOOK_AGAIN, touch)
    return Sample(metrics, metrics.as_of)
