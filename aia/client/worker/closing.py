"""What a worker does when the server has closed its socket (close codes: docs/realtime.md)."""

from __future__ import annotations

from enum import Enum, auto

from aia.client.worker.errors import Rejected, Replaced


class Next(Enum):
    """What comes before the next connection."""

    CONNECT = auto()
    AUTHENTICATE = auto()
    """The token is not, or no longer, valid."""
    REGISTER = auto()
    """The server knows no such agent."""
    SHORTEN = auto()
    """A message was too long."""


def what_next(code: int, reason: str) -> Next:
    """Return what to do.

    Args:
        code: The close code; 1006 when the connection was cut.
        reason: What the server said beside it.

    Raises:
        Replaced: A newer socket serves the agent.
        Rejected: Another connection would be closed like this one.
    """
    if code == 4010:
        raise Replaced(reason)
    if code in {1008, 4003}:
        raise Rejected("permission_denied" if code == 4003 else "socket_refused", reason)
    return _NEXT.get(code, Next.CONNECT)


_NEXT = {4001: Next.AUTHENTICATE, 4004: Next.REGISTER, 1009: Next.SHORTEN}
