"""What goes wrong in tests with a system in memory."""

from __future__ import annotations

from datetime import timedelta


class NeverAtRest(RuntimeError):
    """Something goes round and round while no time passes; a real node would burn its core."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            "the system does not come to rest: something goes round while no time passes"
        )


class NotRunning(RuntimeError):
    """The system in memory was not entered, or was left."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__(
            "the system is not running: use it within `async with InMemoryMas() as mas`"
        )


class NeverHappened(AssertionError):
    """What a test waited for did not happen in time."""

    def __init__(self, within: timedelta) -> None:
        """Say within which time."""
        super().__init__(f"it did not happen within {within}")
