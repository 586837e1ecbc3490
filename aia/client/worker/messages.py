"""What a worker says to the server, kept until there is a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from aia.client.worker.frames import Problem, Receipt
from aia.client.worker.pauses import Pauses

_TRANSIENT = frozenset({429, 502, 503, 504})
_FAILED = frozenset({500, 408})
_FAILURES = 5
"""How often a message that the server fails at is repeated."""
_FULL = "inbox_full"
_REFUSALS = 5
"""How often a message to a full inbox is repeated: about half a minute long."""


class Passed(Exception):
    """The connection that a message was meant for is gone."""


class Message:
    """One message that has no receipt yet.

    Attributes:
        number: Its id.
        kind: Its type.
        data: What it says.
        key: Its idempotency key.
        passing: It is of no use on another connection.
        text: Its frame, as it is sent each time.
        future: Gets the receipt.
        sent: It was sent at least once.
    """

    def __init__(
        self,
        number: str,
        kind: str,
        data: Mapping[str, Any],
        key: str | None,
        passing: bool,
        text: bytes,
        future: asyncio.Future[Receipt],
    ) -> None:
        """Keep a message; the arguments are the attributes."""
        self.number = number
        self.kind = kind
        self.data = data
        self.key = key
        self.passing = passing
        self.text = text
        self.future = future
        self.sent = False
        self._pauses = Pauses()
        self._failures = self._refusals = 0

    def wait_after(self, status: int, problem: Problem) -> float | None:
        """Return after how many seconds to send it again, or None when that is no use.

        Nothing that is repeated is stored under its key: these problems never are.
        """
        if status in _FAILED:
            self._failures += 1
        if problem.code == _FULL:
            # Nobody may ever make room there.
            self._refusals += 1
            if self._refusals > _REFUSALS:
                return None
        if status in _TRANSIENT or problem.code == "conflict" or 0 < self._failures <= _FAILURES:
            return self._pauses.next(problem.retry_after)
        return None


def encoded(number: str, kind: str, data: Mapping[str, Any], key: str | None) -> bytes:
    """Return the frame of a message."""
    envelope: dict[str, Any] = {"type": kind, "id": number, "data": data}
    if key is not None:
        envelope["idempotency_key"] = key
    return msgspec.json.encode(envelope)
