# Written by `make client` from its asynchronous twin; changes are lost.
"""What all groups of operations have: the connection."""

from __future__ import annotations

from aia.client.synchronous.connection import Connection


class Group:
    """Operations that belong together."""

    def __init__(self, connection: Connection) -> None:
        """Send requests over a connection."""
        self._connection = connection
