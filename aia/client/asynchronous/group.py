"""What all groups of operations have: the connection."""

from __future__ import annotations

from aia.client.asynchronous.connection import AsyncConnection


class AsyncGroup:
    """Operations that belong together."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Send requests over a connection."""
        self._connection = connection
