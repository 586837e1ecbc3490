"""Metrics for Prometheus and whatever speaks its formats."""

from __future__ import annotations

from litestar import Controller, MediaType, get

from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.monitoring import Monitor


class Monitoring(Controller):
    """For monitoring systems; ``docs/metrics.md`` lists what is told."""

    tags = ("operations",)

    @get("/metrics", operation_id="get_prometheus_metrics", media_type=MediaType.TEXT)
    async def get_prometheus_metrics(self, request: ApiRequest) -> Answer[str]:
        """Return the metrics of this node, in Prometheus' text format or as OpenMetrics.

        The header `Accept` chooses. A scraper's token needs the role viewer, auditor, operator or
        admin.
        """
        monitor: Monitor = request.app.state.monitor
        accept = (request.header(b"accept") or b"").decode("latin-1")
        found = await monitor.scrape(accept)
        result: Answer[str] = Answer(found.body)
        result.raw_headers[0] = (b"content-type", found.content_type.encode())
        return result
