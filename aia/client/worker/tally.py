"""What became of the attempts of one run of a worker, in numbers."""

from __future__ import annotations

import time
from collections import Counter
from enum import StrEnum


class Ended(StrEnum):
    """What became of an attempt in the worker's hand."""

    COMPLETED = "completed"
    FAILED = "failed"
    GIVEN_BACK = "given back"
    LOST = "lost"


class Tally:
    """Counts attempts by their end."""

    def __init__(self) -> None:
        """Begin with none."""
        self._began = time.monotonic()
        self._counts = Counter[Ended]()

    def count(self, ended: Ended) -> None:
        """Count one."""
        self._counts[ended] += 1

    def summary(self) -> str:
        """Return all of it for people: what never happened is left out, but for the first two."""
        told = [
            f"{self._counts[each]} {each}"
            for each in Ended
            if self._counts[each] or each in {Ended.COMPLETED, Ended.FAILED}
        ]
        return f"{', '.join(told)}, in {time.monotonic() - self._began:.0f} s"
