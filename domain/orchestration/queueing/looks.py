"""How much of a queue may still be looked at within one step of planning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf


class OutOfLooksError(Exception):
    """A step has looked at enough; what it knows by now is kept for the next one."""


class Looks:
    """A step's looks, each of them a few microseconds; outside of planning they are not counted.

    Attributes:
        sweep: The number of the sweep that is on, or was last (see ``Sweep``).
    """

    __slots__ = ("_left", "sweep")

    def __init__(self) -> None:
        """Start without a bound."""
        self.sweep = 1
        self._left = inf

    @contextmanager
    def at_most(self, looks: int) -> Iterator[None]:
        """Let no more than so many looks be taken within; it ends quietly when they are."""
        self._left = looks
        try:
            yield
        except OutOfLooksError:
            pass
        finally:
            self._left = inf

    def spend(self, looks: int = 1) -> None:
        """Take some looks, at worst more than are left.

        Raises:
            OutOfLooksError: The step has had its looks before.
        """
        if self._left <= 0:
            raise OutOfLooksError
        self._left -= looks

    def charge(self, looks: int) -> None:
        """Take some looks where nothing may be left half done."""
        self._left -= looks
