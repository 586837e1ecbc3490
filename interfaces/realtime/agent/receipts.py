"""What an agent is told over its socket."""

from __future__ import annotations

from typing import Any

import msgspec

from aia_mas.interfaces.realtime.frames import json_frame


class Receipt(msgspec.Struct, kw_only=True, omit_defaults=True, tag="receipt"):
    """The answer to a message: what the request that says the same over HTTP is answered.

    Attributes:
        id: The message's.
        status: The HTTP status: 200, or that of the problem.
        position: Where the command stands in the log.
        replayed: The message had been carried out before under its key.
        data: The task as it then is, the answer to a heartbeat, or a problem (RFC 9457).
    """

    id: str
    status: int
    position: int | None = None
    replayed: bool = False
    data: Any

    def frame(self) -> bytes:
        """Return it as it is sent."""
        return json_frame(self)


def told(kind: str, data: msgspec.Struct) -> bytes:
    """Return the frame that tells an agent something of itself or of its tasks."""
    return json_frame({"type": kind, "data": data})
