"""What the realtime hub tells beside the log: latest figures, and lists that snapshots are of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.settings import Settings
from aia_mas.interfaces.realtime import Hub, Sample, options_of
from aia_mas.projections.read_models import ReadModels

_LOOK_AGAIN = 0.5
"""Seconds until metrics are looked at again that tell of something behind."""


def live_hub(event_log: EventLog, settings: Settings, models: ReadModels, clock: Clock) -> Hub:
    """Return the hub of a node; it does nothing until it is run."""
    lists = {
        "tasks": models.snapshot_of_tasks,
        "agents": models.snapshot_of_agents,
        "proposals": models.snapshot_of_proposals,
        "budgets": models.snapshot_of_budgets,
    }
    hub = Hub(event_log, options_of(settings), lists=lists)
    hub.coalesce("metrics", partial(_metrics, models, clock, partial(hub.touch, "metrics")))
    hub.coalesce("economy", partial(_economy, models, clock), frame_type="economic_update")
    return hub


def _metrics(models: ReadModels, clock: Clock, touch: Callable[[], None]) -> Sample:
    metrics = models.system_metrics(clock.now())
    if any(each.events for each in metrics.lag):
        # What is behind catches up without a further event that would have it looked at.
        asyncio.get_running_loop().call_later(_LOOK_AGAIN, touch)
    return Sample(metrics, metrics.as_of)


def _economy(models: ReadModels, clock: Clock) -> Sample:
    summary = models.economy.summary(clock.now())
    return Sample(summary, summary.as_of)
