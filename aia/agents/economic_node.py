"""How up to date what a program is told of the economy is."""

from __future__ import annotations

from aia_mas.interfaces.bootstrap import System

_VIEW_SECONDS = 5.0


async def caught_up(system: System) -> None:
    """Wait until the view shows what this program has done; briefly, as it may be behind."""
    position = system.log.feed.position
    await system.projections.wait_for(system.projections.economy.name, position, _VIEW_SECONDS)
