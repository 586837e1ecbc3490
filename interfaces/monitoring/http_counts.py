"""Requests by method, route and class of status: plain integers, because every request pays."""

from __future__ import annotations

from aia_mas.application.histogram import Histogram

UNMATCHED = "unmatched"
"""The route of what was not let in or is not served; paths of clients' making never are labels."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"
_SECONDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)


class RouteCounts:
    """What became of the requests of one method to one route.

    Attributes:
        classes: How many were answered by class of status; the first: not answered at all.
        seconds: How long they took.
    """

    __slots__ = ("classes", "seconds")

    def __init__(self) -> None:
        """Begin without requests."""
        self.classes = [0] * 6
        self.seconds = Histogram(_SECONDS)

    def copy(self) -> RouteCounts:
        """Return a copy that stays as it is."""
        copy = RouteCounts()
        copy.classes, copy.seconds = self.classes.copy(), self.seconds.copy()
        return copy


class HttpCounts:
    """The requests that an application has taken to their end."""

    __slots__ = ("_routes",)

    def __init__(self) -> None:
        """Begin without requests."""
        self._routes: dict[tuple[str, str], RouteCounts] = {}

    def count(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: Its method.
            route: The template of its route; None: it came to none.
            status: The status of its answer; 0: it was not answered.
            seconds: How long it took.
        """
        found = self._routes.get((method, route or UNMATCHED))
        if found is None:
            known = method if method in _METHODS else _OTHER
            found = self._routes.setdefault((known, route or UNMATCHED), RouteCounts())
        found.classes[status // 100] += 1
        found.seconds.add(seconds)

    def copy(self) -> dict[tuple[str, str], RouteCounts]:
        """Return the counts by method and route, as they are now."""
        return {key: counts.copy() for key, counts in self._routes.items()}
