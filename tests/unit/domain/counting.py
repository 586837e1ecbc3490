"""Work in numbers of calls: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable


def calls_of(work: Callable[[], object]) -> int:
    """Do some work and return how many functions it called."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
