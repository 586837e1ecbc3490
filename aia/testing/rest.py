"""Waits until a program in one event loop has done all that it can do without time passing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized

from aia.testing.errors import NeverAtRest

MOST_ROUNDS = 1_000_000
"""Rounds of the event loop after which it is taken for going in circles."""
_QUIET = 100
"""Rounds without an event after which a loop that cannot be looked into counts as at rest."""
_LOOK_SECONDS = 0.001


async def at_rest(progress: Callable[[], object], busy: Callable[[], bool]) -> None:
    """Wait until nothing is left to do.

    Args:
        progress: Changes whenever something happens.
        busy: Tells whether something goes on outside of the loop, in a thread.

    Raises:
        NeverAtRest: Something goes round and round while no time passes.
    """
    # The callbacks that are ready to run: asyncio's own loops have them under this name since
    # there is asyncio. Elsewhere (uvloop) rest is that nothing happens for many rounds.
    ready: Sized | None = getattr(asyncio.get_running_loop(), "_ready", None)
    quiet, last = 0, progress()
    for _ in range(MOST_ROUNDS):
        await asyncio.sleep(0)
        if busy():
            # Only outside of the loop does real time matter.
            await asyncio.sleep(_LOOK_SECONDS)
            quiet = 0
        elif ready is None:
            now = progress()
            quiet, last = (quiet + 1, last) if now == last else (0, now)
            if quiet >= _QUIET:
                return
        elif not ready:
            return
    raise NeverAtRest
