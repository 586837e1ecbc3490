"""What every answer has beside its content: what came with it in the headers."""

from __future__ import annotations

import msgspec


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What came with an answer.

    Attributes:
        status: The HTTP status.
        position: Where a command's last event stands in the log; of a read, the position at which
            things stood so.
        etag: The revision as ``If-Match`` names it.
        location: Where a new resource is.
        replayed: It is the first answer to this idempotency key once more.
        request_id: What the server's log calls the request.
    """

    status: int = 200
    position: int | None = None
    etag: str | None = None
    location: str | None = None
    replayed: bool = False
    request_id: str = ""


_NOTHING = Received()


class Answer(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """An answer of the server."""

    @property
    def received(self) -> Received:
        """What came with it."""
        found: Received = self.__dict__.get("received_", _NOTHING)
        return found

    @property
    def position(self) -> int:
        """Where it stands in the log; ``min_position`` of a read that must not be older.

        0 where the server does not tell: signs of life are no events.
        """
        return self.received.position or 0


class Done(Answer, frozen=True, kw_only=True):
    """It is done, and there is nothing to tell."""


def keep_received(answer: object, received: Received) -> None:
    """Keep with an answer what came with it."""
    if isinstance(answer, Answer):
        answer.__dict__["received_"] = received
