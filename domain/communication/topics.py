"""Topics of messages: words joined by dots, and the patterns that take in many of them.

``tasks.created`` is a topic. In a pattern ``*`` stands for exactly one word (``tasks.*``) and ``>``
for one or more at the end (``tasks.>``); the syntax is that of NATS subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aia_mas.domain.communication.errors import IllegalWildcard, InvalidTopic

LONGEST = 255
"""Longest topic or pattern, in characters."""
MOST_WORDS = 16
"""Most words of one."""
ONE, REST = "*", ">"

_WORD = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def check_topic(value: str, field: str) -> str:
    """Return a topic unchanged, or refuse it.

    Raises:
        InvalidTopic: It is none.
        IllegalWildcard: It is a pattern, and one cannot send to a pattern.
    """
    words = _words(value, field)
    for word in words:
        if not _WORD.fullmatch(word):
            if ONE in word or REST in word:
                raise IllegalWildcard(f"{value!r} is a pattern, not a topic", field=field)
            raise InvalidTopic(f"{value!r} is no topic", field=field)
    return value


def check_pattern(value: str, field: str) -> str:
    """Return a pattern unchanged, or refuse it.

    Raises:
        InvalidTopic: It is none.
        IllegalWildcard: A wildcard is only a part of a word, or ``>`` does not stand at the end.
    """
    words = _words(value, field)
    for number, word in enumerate(words, 1):
        if _WORD.fullmatch(word) or word == ONE or (word == REST and number == len(words)):
            continue
        if ONE in word or REST in word:
            raise IllegalWildcard(f"{value!r} has a wildcard where none may be", field=field)
        raise InvalidTopic(f"{value!r} is no pattern", field=field)
    return value


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a pattern takes in a topic; both are taken to be well formed."""
    wanted, words = pattern.split("."), topic.split(".")
    if wanted[-1] == REST:
        wanted.pop()
        if len(words) <= len(wanted):
            return False
        words = words[: len(wanted)]
    return len(wanted) == len(words) and all(
        want in (ONE, word) for want, word in zip(wanted, words, strict=True)
    )


class Subscribers:
    """Who listens to which patterns: a trie of words, asked once for every message to a topic."""

    __slots__ = ("_below", "_here")

    def __init__(self) -> None:
        """Begin with nobody."""
        self._here = 0
        self._below: dict[str, Subscribers] = {}

    def add(self, pattern: str, subscriber: int) -> None:
        """Have a subscriber (by number) listen to a pattern."""
        node = self
        for word in pattern.split("."):
            node = node._below.setdefault(word, Subscribers())
        node._here |= 1 << subscriber

    def remove(self, pattern: str, subscriber: int) -> None:
        """Have it listen no more."""
        path, node = [], self
        for word in pattern.split("."):
            path.append((node, word))
            following = node._below.get(word)
            if following is None:
                return
            node = following
        node._here &= ~(1 << subscriber)
        for parent, word in reversed(path):
            child = parent._below[word]
            if child._here or child._below:
                return
            del parent._below[word]

    def of(self, topic: str) -> int:
        """Return the crowd of all that listen to a topic."""
        found, nodes = 0, [self]
        for word in topic.split("."):
            following = []
            for node in nodes:
                below = node._below
                if REST in below:
                    found |= below[REST]._here
                if ONE in below:
                    following.append(below[ONE])
                if word in below:
                    following.append(below[word])
            nodes = following
        for node in nodes:
            found |= node._here
        return found

    def listed(self, after: str = "") -> Iterator[tuple[str, int]]:
        """Yield patterns and the crowds of those that listen to them, in the order of their words.

        Args:
            after: Only those behind this pattern.
        """
        yield from self._listed((), tuple(after.split(".")) if after else None)

    def _listed(
        self, path: tuple[str, ...], after: tuple[str, ...] | None
    ) -> Iterator[tuple[str, int]]:
        if after is None and self._here:
            yield ".".join(path), self._here
        first = after[0] if after else ""
        for word in sorted(word for word in self._below if word >= first):
            rest = after[1:] if after and word == first else None
            yield from self._below[word]._listed((*path, word), rest)


def _words(value: str, field: str) -> list[str]:
    if not 0 < len(value) <= LONGEST:
        raise InvalidTopic(f"{field} is 1 to {LONGEST} characters long", field=field)
    words = value.split(".")
    if len(words) > MOST_WORDS:
        raise InvalidTopic(f"{field} has at most {MOST_WORDS} words", field=field)
    return words
