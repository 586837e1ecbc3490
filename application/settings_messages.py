"""How many deliveries of a message may fail, by priority, as a setting: ``critical=20,low=2``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aia_mas.domain.communication.sending import MOST_ATTEMPTS
from aia_mas.domain.communication.terms import ATTEMPTS
from aia_mas.domain.orchestration.task_specification import Priority


def message_attempts(raw: Any) -> dict[Priority, int]:
    """Read numbers of attempts by priority; those not named stay what they are."""
    if isinstance(raw, str):
        raw = dict(entry.strip().partition("=")[::2] for entry in raw.split(","))
    if not isinstance(raw, Mapping):
        raise ValueError("must be a table of numbers")  # noqa: TRY004 - readers raise ValueError
    attempts = dict(ATTEMPTS)
    for name, number in raw.items():
        if name not in set(Priority):
            raise ValueError(f"{name} is no priority")
        try:
            count = int(str(number).strip())
        except ValueError:
            raise ValueError(f"{name} must be a whole number") from None
        if isinstance(number, bool) or not 1 <= count <= MOST_ATTEMPTS:
            raise ValueError(f"{name} must be from 1 to {MOST_ATTEMPTS}")
        attempts[Priority(name)] = count
    return attempts
