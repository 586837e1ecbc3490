"""A message on its way, and how its delivery to one recipient goes."""

from __future__ import annotations

from math import inf

import msgspec

EAGER = 64
"""A message to more recipients than these is put into an inbox only when that is looked into."""


class Letter(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """A message for one recipient or many, while any of them has not got it.

    Attributes:
        position: Of the event by which it was queued; it orders letters and tells them apart.
        message_id: The message.
        sent: The position of the event by which the message was sent, where its payload stands.
        from_agent: The sender.
        message_type: What it is.
        rank: The number of its priority, 0 for the most urgent one.
        sent_at: When it was sent first, seconds since 1970 like all times here.
        available: When it may be delivered.
        ack_seconds: How long a delivery waits for its acknowledgement.
        max_attempts: How many may fail.
        left: How many recipients have not got it, nor lost it.
        size: Bytes of its payload.
        expires: When it expires; None: never.
        to: The numbers of its recipients, when they are few.
        bits: Of a letter to many: a bit for each recipient that has not got it, by their numbers.
    """

    position: int
    message_id: str
    sent: int
    from_agent: str
    message_type: str
    rank: int
    sent_at: float
    available: float
    ack_seconds: float
    max_attempts: int
    left: int = 0
    size: int = 0
    expires: float | None = None
    to: tuple[int, ...] = ()
    bits: bytearray | None = None

    @property
    def put_off(self) -> bool:
        """Whether its sender wanted it delivered only later."""
        return self.available > self.sent_at and self.sent == self.position

    def is_for(self, number: int) -> bool:
        """Tell whether a letter to many is still for a recipient."""
        bits, byte = self.bits, number >> 3
        return bits is not None and byte < len(bits) and bool(bits[byte] >> (number & 7) & 1)

    def strike(self, number: int) -> None:
        """Have a letter to many be no more for a recipient."""
        if self.bits is not None:
            self.bits[number >> 3] &= ~(1 << (number & 7)) & 0xFF

    def is_over(self, now: float) -> bool:
        """Tell whether it has expired."""
        return self.expires is not None and self.expires <= now


class Delivery(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """What is known of the delivery of a letter to one recipient, once something is.

    Attributes:
        failures: How many attempts have failed.
        retry_at: When it is delivered again; infinity: never.
        deadline: It was delivered, and is to be acknowledged until then; 0: it is not out.
        reason: Why the last attempt failed.
    """

    failures: int = 0
    retry_at: float = 0.0
    deadline: float = 0.0
    reason: str = ""

    @property
    def spent(self) -> bool:
        """Whether there is no further attempt."""
        return self.retry_at == inf
