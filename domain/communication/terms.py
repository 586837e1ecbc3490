"""What holds for all messages of an installation."""

from __future__ import annotations

from enum import StrEnum
from math import isfinite

import msgspec

from aia_mas.domain.orchestration.task_specification import Priority


class WhenFull(StrEnum):
    """What becomes of a message to somebody who has as many waiting as they may have."""

    REFUSE = "refuse"
    DROP_LOWEST = "drop_lowest"


class ToUnknown(StrEnum):
    """What becomes of a message to an id that is not registered."""

    HOLD = "hold"
    REFUSE = "refuse"


ATTEMPTS = {
    Priority.CRITICAL: 20,
    Priority.HIGH: 10,
    Priority.NORMAL: 5,
    Priority.LOW: 5,
    Priority.MAINTENANCE: 3,
}
"""How many deliveries may fail, by priority."""


class MessageTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds and defaults.

    Attributes:
        queue_size: Messages that may wait for a recipient.
        retention: The same while it is offline.
        held: The same for an id that is not registered.
        held_in_all: Of all those ids together.
        absent: How many of those ids may have subscribed, or have their mail forwarded.
        when_full: What becomes of one more.
        to_unknown: Whether mail to ids that are not registered is held.
        max_payload_bytes: Largest payload as JSON.
        ack_seconds: How long a delivery waits for its acknowledgement, unless the message says so.
        ttl_seconds: When messages expire that do not say so; None: never.
        attempts: How many deliveries may fail, by priority, unless the message says so.
        backoff_base_seconds: The wait before the second delivery.
        backoff_factor: By what each further wait is longer.
        backoff_cap_seconds: The longest wait.
        backoff_jitter: By what fraction a wait may be shortened at random, 0..1.
    """

    queue_size: int = 10_000
    retention: int = 10_000
    held: int = 100
    held_in_all: int = 100_000
    absent: int = 10_000
    when_full: WhenFull = WhenFull.REFUSE
    to_unknown: ToUnknown = ToUnknown.HOLD
    max_payload_bytes: int = 64 * 2**10
    ack_seconds: float = 30.0
    ttl_seconds: float | None = None
    attempts: dict[Priority, int] = msgspec.field(default_factory=ATTEMPTS.copy)
    backoff_base_seconds: float = 1.0
    backoff_factor: float = 2.0
    backoff_cap_seconds: float = 300.0
    backoff_jitter: float = 0.5

    def backoff(self, failures: int, chance: float) -> float:
        """Return how long to wait after some failures, seconds.

        Args:
            failures: How many deliveries have failed, from 1.
            chance: A fraction, 0..1, for the jitter.
        """
        try:
            wait = self.backoff_base_seconds * self.backoff_factor ** (failures - 1)
        except OverflowError:
            wait = self.backoff_cap_seconds
        if not isfinite(wait):
            wait = self.backoff_cap_seconds
        return min(wait, self.backoff_cap_seconds) * (1 - self.backoff_jitter * chance)
