"""Long work in steps, so that whoever does it can let others run in between."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")

Steps: TypeAlias = Generator[None, None, T]
"""Work that pauses after every step, none of them longer than about a millisecond; its result."""


def at_once(steps: Steps[T]) -> T:
    """Do all steps one after the other and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def chunks(rows: Iterable[R], size: int) -> Iterator[list[R]]:
    """Yield lists of ``size`` rows, the last one shorter."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk


def drained(rows: list[R], size: int) -> Iterator[list[R]]:
    """Yield the same as ``chunks`` and empty the list meanwhile.

    Giving up a hundred thousand rows in one go takes as long as a slice or more.
    """
    rows.reverse()
    while rows:
        chunk = rows[-size:]
        chunk.reverse()
        del rows[-size:]
        yield chunk


def copied(rows: Iterable[R], size: int = 5_000) -> Steps[list[R]]:
    """Return a list of rows that nobody changes meanwhile."""
    copy: list[R] = []
    for chunk in chunks(rows, size):
        copy += chunk
        yield
    return copy
