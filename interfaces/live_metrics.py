"""The system metrics as the live streams send them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aia_mas.interfaces.realtime import Sample

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

_LOOK_AGAIN = 0.5
"""Seconds until metrics are looked at again that tell of something behind."""


def metrics_sample(system: System) -> Sample:
    """Return the figures of a system as they are now."""
    metrics = system.projections.system_metrics(system.clock.now())
    if any(each.events for each in metrics.lag):
        # What is behind catches up without a further event that would have it looked at.
        asyncio.get_running_loop().call_later(_LOOK_AGAIN, system.hub.touch, "metrics")
    return Sample(metrics, metrics.as_of)
