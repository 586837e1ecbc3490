# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: message metrics."""

from __future__ import annotations

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import CommunicationMetrics


class AsyncMessageMetrics(AsyncGroup):
    """Methods of `client.metrics`."""

    async def communication(
        self,
        *,
        min_position: int | None = None,
    ) -> CommunicationMetrics:
        """Return messages in numbers: by priority what waits, arrived and failed, and how fast.

        What the log tells is of the whole system, since it began.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.metrics.communication()
        """
        return await self._connection.read(
            "/mas/api/v1/communication/metrics",
            CommunicationMetrics,
            {"min_position": min_position},
        )
