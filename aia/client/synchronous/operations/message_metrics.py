# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: message metrics."""

from __future__ import annotations

from aia.client.synchronous.group import Group
from aia.client.types import CommunicationMetrics


class MessageMetrics(Group):
    """Methods of `client.metrics`."""

    def communication(
        self,
        *,
        min_position: int | None = None,
    ) -> CommunicationMetrics:
        """Return messages in numbers: by priority what waits, arrived and failed, and how fast.

        What the log tells is of the whole system, since it began.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.metrics.communication()
        """
        return self._connection.read(
            "/mas/api/v1/communication/metrics",
            CommunicationMetrics,
            {"min_position": min_position},
        )
