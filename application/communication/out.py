"""A delivery that is out: what a node knows of it until it is settled, and what is handed over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from aia_mas.application.communication.contents import Content
from aia_mas.domain.communication.mailroom.letter import Letter


class Out:
    """A delivery whose acknowledgement is out.

    Attributes:
        letter: What was delivered.
        attempt: Which delivery, from 1.
        transport: How.
        at: When, seconds since 1970.
        deadline: Until when it is to be acknowledged.
        handed: It was handed over.
        noted: The log knows of it, or is about to.
        settling: What became of it is on its way into the log.
        failing: That it failed is; known when that is durable.
        over: It is out no more.
        room: Whose window it takes room in; None: nobody's.
        name: The recipient.
    """

    __slots__ = (
        "at", "attempt", "deadline", "failing", "handed", "letter", "name", "noted", "over",
        "room", "settling", "transport",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        letter: Letter,
        attempt: int,
        transport: str,
        at: float,
        room: set[int] | None,
    ) -> None:
        """Deliver it now."""
        self.name = name
        self.letter = letter
        self.attempt = attempt
        self.transport = transport
        self.at = at
        self.deadline = at + letter.ack_seconds
        self.handed = False
        self.noted = False
        self.settling = False
        self.over = False
        self.failing: asyncio.Future[int] | None = None
        self.room = room

    @property
    def delivered_at(self) -> datetime:
        """When it was delivered, UTC."""
        return datetime.fromtimestamp(self.at, UTC)


class Delivered:
    """A message as it is handed over.

    Attributes:
        content: What stands in it.
        letter: How it came.
        attempt: Which delivery, from 1.
        out: What is known of it as long as it is out.
    """

    __slots__ = ("attempt", "content", "letter", "out")

    def __init__(self, content: Content, out: Out) -> None:
        """Hand it over."""
        self.content = content
        self.out = out
        self.letter = out.letter
        self.attempt = out.attempt
