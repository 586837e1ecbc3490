"""What a node tells monitoring systems about itself, in Prometheus' formats."""

from aia_mas.interfaces.monitoring.http_counts import HttpCounts
from aia_mas.interfaces.monitoring.monitor import Monitor

__all__ = ["HttpCounts", "Monitor"]
