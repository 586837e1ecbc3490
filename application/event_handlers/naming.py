"""What events are called where programs ask for them: ``task_completed``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from aia_mas.domain.kernel.errors import InvalidValue

_VERSION = re.compile(r"\.v\d+$")


class UnknownEvent(InvalidValue):
    """There is no event of this name."""

    code = "unknown_event"


def event_name(topic: str) -> str:
    """Return the name of a topic: without its version, and with ``_`` for dots."""
    return _VERSION.sub("", topic).replace(".", "_")


class EventNames:
    """The names of all events that the log may hold."""

    def __init__(self, topics: Iterable[str]) -> None:
        """Name some topics; those of former versions have the names of the current ones."""
        self._topics: dict[str, set[str]] = {}
        for topic in topics:
            self._topics.setdefault(event_name(topic), set()).add(topic)

    @property
    def all(self) -> tuple[str, ...]:
        """The names, sorted."""
        return tuple(sorted(self._topics))

    def topics_of(self, name: str) -> frozenset[str]:
        """Return the topics of a name.

        Raises:
            UnknownEvent: There is none; the message has the nearest one that there is.
        """
        topics = self._topics.get(name)
        if topics is None:
            near = get_close_matches(name, self._topics, n=1, cutoff=0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UnknownEvent(f"there is no event {name!r}{hint}", field="event")
        return frozenset(topics)
