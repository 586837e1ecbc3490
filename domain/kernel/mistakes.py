"""Values that are not allowed, gathered, so that one answer tells of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aia_mas.domain.kernel.errors import InvalidValue

P = ParamSpec("P")
T = TypeVar("T")

MOST = 20
"""How many mistakes one refusal tells of."""


class Mistakes:
    """Runs checks one after the other, and refuses in the end what any of them refused.

    Of one field the first mistake is kept: what comes after it may be its consequence.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        """Begin without any."""
        self._found: list[InvalidValue] = []

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether as many were found as are told: to look for more is idle."""
        return len(self._found) >= MOST

    def check(self, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Run a check or a conversion, and return what it returns; None when it refused."""
        try:
            return check(*args, **kwargs)
        except InvalidValue as error:
            self.add(error)
            return None

    def add(self, error: InvalidValue) -> None:
        """Take in a mistake that was found otherwise."""
        fields = {each.field for each in self._found}
        self._found += (each for each in error.all if each.field not in fields)

    def refuse(self) -> None:
        """Refuse when there was a mistake.

        Raises:
            InvalidValue: The first one (or a subclass); its ``all`` has the others, too.
        """
        if self._found:
            first, *others = self._found[:MOST]
            first.others = tuple(others)
            raise first
