"""WebSocket text frames, encoded once per event and shared by all connections.

A frame of a server is not masked (RFC 6455, section 5.2), so the same bytes serve every client.
Subscriptions are told apart by the member ``id``, the last one of each frame; its usual value is
the name of the topic, and only another one costs a new frame.
"""

from __future__ import annotations

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


def payload_of(frame: bytes) -> bytes:
    """Return the text that a frame carries."""
    length = frame[1]
    return frame[2 if length < 126 else 4 if length == 126 else 10 :]


def json_frame(message: Any) -> bytes:
    """Return the frame of a message (Any: whatever msgspec encodes)."""
    return text_frame(_encode(message))


def suffix_of(subscription_id: str) -> bytes:
    """Return how the payloads of a subscription end."""
    return b',"id":' + _encode(subscription_id) + b"}"


def readdressed(frame: bytes, suffix: bytes, new_suffix: bytes) -> bytes:
    """Return a frame as it goes to a subscription with another id."""
    return text_frame(payload_of(frame)[: -len(suffix)] + new_suffix)
