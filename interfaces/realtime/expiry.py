"""Streams end with the token that opened them."""

from __future__ import annotations

import asyncio
import time
from math import inf

from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.connection import Connection

_EXPIRED = Closing(CloseCode.UNAUTHENTICATED, "token_expired")
_LOOK = 60.0
"""Seconds after which a token is looked at again: the time of day may be set meanwhile."""


class Expiry:
    """Has a connection closed when its token expires; a timer, because there may be thousands."""

    __slots__ = ("_connection", "_expires_at", "_timer")

    def __init__(self, connection: Connection, expires_at: float) -> None:
        """Begin to wait (``expires_at``: Unix time, infinite without a token)."""
        self._connection = connection
        self._expires_at = expires_at
        self._timer: asyncio.TimerHandle | None = None
        self._look()

    def stop(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        left = self._expires_at - time.time()
        if left <= 0:
            self._connection.leave(_EXPIRED)
        elif left < inf:
            self._timer = asyncio.get_running_loop().call_later(min(left, _LOOK), self._look)
