"""What seals a row of the log: one hash over everything that its writer knows."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from struct import Struct

from aia_mas.application.event_log.records import NewEvent

_LENGTH = Struct(">i").pack
_VERSION = Struct(">q").pack
_NULL = _LENGTH(-1)


def row_hashes(
    events: Iterable[NewEvent],
    command_id: str,
    actor: str,
    correlation_id: str | None,
    causation_id: str | None,
) -> list[bytes]:
    """Return the hash of each row that one command adds to the log.

    It is SHA-256 over a length-prefixed encoding of all columns that the writer knows. Length
    prefixes make the encoding injective: no two different rows share it. A missing value has
    length -1.
    """
    command, by = command_id.encode(), actor.encode()
    common = b"".join(
        (
            _LENGTH(len(command)),
            command,
            _LENGTH(len(by)),
            by,
            _optional(correlation_id),
            _optional(causation_id),
        )
    )
    hashes: list[bytes] = []
    for event in events:
        stream, topic, state = event.stream.encode(), event.topic.encode(), event.state
        parts = (
            _LENGTH(len(stream)), stream,
            _VERSION(event.version),
            _LENGTH(len(topic)), topic,
            _LENGTH(len(state)), state,
            common,
        )  # fmt: skip
        hashes.append(sha256(b"".join(parts)).digest())
    return hashes


def _optional(text: str | None) -> bytes:
    if text is None:
        return _NULL
    data = text.encode()
    return _LENGTH(len(data)) + data
