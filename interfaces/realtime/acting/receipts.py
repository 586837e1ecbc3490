"""What those who act over a socket are told: receipts, and what concerns them."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
import structlog

from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.realtime.acting.envelope import Envelope
from aia_mas.interfaces.realtime.frames import json_frame

log = structlog.stdlib.get_logger("aia.realtime")


class Receipt(msgspec.Struct, kw_only=True, omit_defaults=True, tag="receipt"):
    """The answer to a message: what the request that says the same over HTTP is answered.

    Attributes:
        id: The message's; empty when it had none.
        status: The HTTP status: 200, or that of the problem.
        position: Where the command stands in the log.
        replayed: The message had been carried out before under its key.
        data: The body of that answer, or a problem (RFC 9457).
    """

    id: str
    status: int
    position: int | None = None
    replayed: bool = False
    data: Any

    def frame(self) -> bytes:
        """Return it as it is sent."""
        return json_frame(self)


def receipt_of(message: Envelope, result: CommandResult) -> Receipt:
    """Return the receipt of a message whose command was carried out."""
    return Receipt(
        id=message.id,
        status=200,
        position=result.position,
        replayed=result.replayed,
        data=msgspec.Raw(result.body),
    )


def refused(message: Envelope, error: Exception, path: str) -> Receipt:
    """Return the receipt of a message that was not carried out.

    Args:
        message: The message.
        error: Why; what is not ours says no more than that it is our fault, and is logged.
        path: The socket's path.
    """
    request_id = secrets.token_hex(8)
    problem = problem_answer(error, instance=path, request_id=request_id)
    if problem.status >= 500:
        log.error("message_failed", request_id=request_id, type=message.type, exc_info=error)
    return Receipt(
        id=message.id,
        status=problem.status,
        replayed=bool(getattr(error, "replayed", False)),
        data=msgspec.Raw(problem.body),
    )


def told(kind: str, data: msgspec.Struct) -> bytes:
    """Return the frame that tells an agent something of itself or of its tasks."""
    return json_frame({"type": kind, "data": data})
