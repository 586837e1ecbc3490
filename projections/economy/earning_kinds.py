"""What tokens are earned with, by the reason of the transfer that brings them into a wallet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    "task_reward": "tasks",
    "task": "payments",
    "staking_reward": "staking",
    "incentive": "incentives",
    "vote": "governance",
    "slash": "reports",
}
"""Reason of a transfer -> kind of earnings; what comes for other reasons was not earned."""


def key_of(kind: str, token: str) -> str:
    """Return the key of a kind of earnings in a token."""
    return f"{kind}:{token}"


def parts_of(key: str) -> tuple[str, str]:
    """Return the kind and the token of a key."""
    kind, _, token = key.partition(":")
    return kind, token
