"""What may run out: attempts without a sign of life, deadlines, agents without heartbeats."""

from aia_mas.domain.orchestration.expiry.due import (
    Due,
    Expire,
    LastSeen,
    Offline,
    Release,
    Sighted,
    Windows,
)
from aia_mas.domain.orchestration.expiry.fold import RETRY, Expiry

__all__ = [
    "RETRY",
    "Due",
    "Expire",
    "Expiry",
    "LastSeen",
    "Offline",
    "Release",
    "Sighted",
    "Windows",
]
