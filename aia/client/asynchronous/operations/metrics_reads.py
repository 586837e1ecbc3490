# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: metrics reads."""

from __future__ import annotations

from datetime import datetime

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Metrics, MetricsHistory


class AsyncMetricsReads(AsyncGroup):
    """Methods of `client.metrics`."""

    async def system(
        self,
        *,
        min_position: int | None = None,
    ) -> Metrics:
        """Return the figures of the whole system, as the metrics socket sends them.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.metrics.system()
        """
        return await self._connection.read(
            "/mas/api/v1/agents/metrics/system", Metrics, {"min_position": min_position}
        )

    async def history(
        self,
        *,
        from_: datetime | None = None,
        to: datetime | None = None,
        step: str | None = None,
        min_position: int | None = None,
    ) -> MetricsHistory:
        """Return how the figures changed, at most 1,000 points without gaps.

        Minutes are kept for a day, hours for a month, days for a year; without `step` it is the
        finest one that reaches back to `from` and fits.

        Args:
            from_: The time of the first point (RFC 3339).
            to: Where to end; now, at most.
            step: `5m`, `1h`, `1d`: minutes, hours or days to a point.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.metrics.history()
        """
        return await self._connection.read(
            "/mas/api/v1/agents/metrics/history",
            MetricsHistory,
            {"from": from_, "to": to, "step": step, "min_position": min_position},
        )

    async def prometheus(
        self,
    ) -> str:
        """Return the metrics of this node, in Prometheus' text format or as OpenMetrics.

        The header `Accept` chooses. A scraper's token needs the role viewer, auditor, operator or
        admin.

        Example::

            await client.metrics.prometheus()
        """
        return await self._connection.text("/metrics")
