"""Domain events to stored envelopes and back, with upcasting of old shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from aia_mas.application.event_log.errors import UnknownTopic, UnreadableEvent
from aia_mas.domain.kernel import Event

PLAIN_JSON = 1
"""The format byte of an uncompressed, unencrypted JSON payload."""

_PREFIX = bytes([PLAIN_JSON])
_SHORT = 4096

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the payload of one version of an event into that of the next."""


class EventMapper:
    """Encodes and decodes events by their stable topics.

    The envelope is one format byte and the payload, so that compression and encryption can be added
    without touching stored events.
    """

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[str, tuple[str, Upcaster]] | None = None,
    ) -> None:
        """Register event classes.

        Args:
            events: All classes that the log may hold in their current shape.
            upcasters: Old topic -> (next topic, function); followed until a current one is reached.

        Raises:
            ValueError: Two classes share a topic, or an upcaster leads to an unknown topic.
        """
        self._decoders: dict[str, Callable[[bytes], Event]] = {}
        for cls in events:
            if cls.topic in self._decoders:
                raise ValueError(f"two event classes have the topic {cls.topic!r}")
            self._decoders[cls.topic] = msgspec.json.Decoder(cls).decode
        self._types = {cls.topic: cls for cls in events}
        self._upcasters = dict(upcasters or {})
        for old, (new, _) in self._upcasters.items():
            if new not in self._decoders and new not in self._upcasters:
                raise ValueError(f"the upcaster of {old!r} leads to the unknown topic {new!r}")
        self._encode = msgspec.json.Encoder().encode

    @property
    def topics(self) -> frozenset[str]:
        """The topics that can be decoded, old ones included."""
        return frozenset(self._decoders) | frozenset(self._upcasters)

    def encode(self, event: Event) -> bytes:
        """Return the envelope of an event."""
        return _PREFIX + self._encode(event)

    def decode(self, topic: str, state: bytes) -> Event:
        """Return the domain event of an envelope, in its current shape.

        Raises:
            UnknownTopic: No class and no upcaster has this topic.
            UnreadableEvent: Unknown format byte, or the payload does not fit the class.
        """
        if not state or state[0] != PLAIN_JSON:
            raise UnreadableEvent(f"{topic}: unknown envelope format")
        decode = self._decoders.get(topic)
        try:
            if decode is not None:
                # Copying a short text takes less time than making a view of it.
                if len(state) < _SHORT:
                    return decode(state[1:])
                return decode(memoryview(state)[1:])  # type: ignore[arg-type]
            return self._upcast(topic, state)
        except UnknownTopic:
            raise
        except Exception as error:
            # Whatever an upcaster trips over, and nesting too deep for this stack: one such event
            # must not end whoever reads the log.
            raise UnreadableEvent(f"{topic}: {error}") from error

    def _upcast(self, topic: str, state: bytes) -> Event:
        if topic not in self._upcasters:
            raise UnknownTopic(topic)
        payload = msgspec.json.decode(state[1:])
        while topic in self._upcasters:
            topic, upcast = self._upcasters[topic]
            payload = upcast(payload)
        return msgspec.convert(payload, self._types[topic])
