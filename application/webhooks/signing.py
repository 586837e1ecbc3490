"""Secrets of endpoints, and signatures after the Standard Webhooks specification."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

PREFIX = "whsec_"
"""What a secret begins with, in text."""


def derived_key(master: bytes, agent_id: str, version: int) -> bytes:
    """Return the key of one agent (32 bytes), by the number of its secret."""
    return hmac.digest(master, f"webhook\0{agent_id}\0{version}".encode(), sha256)


def secret_text(key: bytes) -> str:
    """Return a key as its agent is told it."""
    return PREFIX + b64encode(key).decode()


def signature(keys: Sequence[bytes], webhook_id: str, timestamp: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: one signature for each key, the newest first.

    Args:
        keys: The keys.
        webhook_id: The header ``webhook-id``.
        timestamp: The header ``webhook-timestamp``, seconds since 1970.
        body: The body as it is sent.
    """
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    digests = (hmac.digest(key, signed, sha256) for key in keys)
    return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)
