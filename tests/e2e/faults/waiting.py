"""Waiting for what is only seen by looking; only what never comes takes the whole time."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

T = TypeVar("T")
PATIENCE = 90.0  # seconds; the machine may be a busy one


async def eventually(
    look: Callable[[], Awaitable[T | None]], wanted: str, *, seconds: float = PATIENCE
) -> T:
    """Look until there is something to see, and return it.

    Args:
        look: Returns something true once it has come.
        wanted: What is waited for, in words.
        seconds: When to give up.
    """
    with anyio.move_on_after(seconds):
        while not (seen := await look()):
            await anyio.sleep(0.02)
        return seen
    raise AssertionError(f"{wanted} did not come within {seconds:g} s")


async def happens(look: Callable[[], object], wanted: str, *, seconds: float = PATIENCE) -> None:
    """Look at something in this process until it is true."""

    async def again() -> bool:
        return bool(look())

    await eventually(again, wanted, seconds=seconds)
