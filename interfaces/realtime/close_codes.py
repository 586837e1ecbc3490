"""Why a socket was closed: the documented codes, and what a client should do about each."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class CloseCode(IntEnum):
    """Close codes that we send (1002, 1007, 1009 and 1011 also come from the server below).

    - 1001: the node stops or is drained; reconnect at once and resume.
    - 1008: a rule was broken (client id, too many faults or fragments); do not retry as is.
    - 1009: a message was longer than 64 KiB.
    - 1011: something failed in the server, or its pings went unanswered; reconnect and resume.
    - 1013: the node has all the connections it can take; retry later, with backoff.
    - 4001: no token or ticket, or one that is not valid, or is no longer: a socket ends with its
      token, at its time or when it is revoked.
    - 4003: the token does not allow this.
    - 4004: no such agent is registered; register it, then connect.
    - 4008: facts piled up because the client did not read; reconnect and resume.
    - 4009: nothing was subscribed to and nothing was said for a long time.
    - 4010: the agent connected once more; do not reconnect, the newer socket serves it.
    - 4011: an operator closed it; do not reconnect at once by itself, ask a person first.
    """

    GOING_AWAY = 1001
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    UNAUTHENTICATED = 4001
    FORBIDDEN = 4003
    NOT_FOUND = 4004
    SLOW_CONSUMER = 4008
    IDLE = 4009
    REPLACED = 4010
    DISCONNECTED = 4011


class Closing(NamedTuple):
    """A close code and a short reason for people (at most 123 bytes)."""

    code: CloseCode
    reason: str
