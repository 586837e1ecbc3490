"""WebSocket text frames, encoded once per event and shared by all connections.

A frame of a server is not masked (RFC 6455, section 5.2), so the same bytes serve every client.
Subscriptions are told apart by the member ``id``, the last one of each frame; its usual value is
the name of the topic, and only another one costs a new frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack
from typing import Any

import msgspec

_TEXT = 0x81
_encode = msgspec.json.Encoder().encode


def text_frame(payload: bytes) -> bytes:
    """Return the frame that carries a UTF-8 text."""
    size = len(payload)
    if size < 126:
        return pack("!BB", _TEXT, size) + payload
    if size < 65_536:
        return pack("!BBH", _TEXT, 126, size) + payload
    return pack("!BBQ", _TEXT, 127, size) + payload


def payloads(frames: bytes) -> Iterator[bytes]:
    """Return the texts that frames of ours carry, one after the other."""
    start = 0
    while start < len(frames):
        size, begin = frames[start + 1], start + 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size = int.from_bytes(frames[begin : begin + width], "big")
            begin += width
        start = begin + size
        yield frames[begin:start]


def json_frame(message: Any) -> bytes:
    """Return the frame of a message (Any: whatever msgspec encodes)."""
    return text_frame(_encode(message))


def suffix_of(subscription_id: str) -> bytes:
    """Return how the payloads of a subscription end."""
    return b',"id":' + _encode(subscription_id) + b"}"


def readdressed(frame: bytes, suffix: bytes, new_suffix: bytes) -> bytes:
    """Return a frame as it goes to a subscription with another id."""
    (payload,) = payloads(frame)
    return text_frame(payload[: -len(suffix)] + new_suffix)
