"""Leaderboards: everybody measured, a slice at a time, and the answer kept for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from heapq import nsmallest
from typing import Literal, NamedTuple

from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.earning_kinds import key_of
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.figures import Leaderboard, Standing
from aia_mas.projections.economy.flows import Window, beginning
from aia_mas.projections.economy.people import Person
from aia_mas.projections.economy.profiles import score_of

Measure = Literal["earnings", "stake", "bonded", "reputation", "completed"]
"""What agents are measured by."""

MOST = 500
"""Places that are told."""
_AT_ONCE = 200
"""People measured before other work gets its turn."""
_FRESH = 1.0
"""Seconds for which an answer is given again."""
_KEPT = 100


class Asked(NamedTuple):
    """What a leaderboard is about."""

    by: Measure
    window: Window
    token: str


class _Measured(NamedTuple):
    """The first places: (-value, id), best first; how many have any; up to which event; when."""

    first: list[tuple[int, str]]
    participants: int
    as_of: int
    at: int
    until: float


class Leaderboards:
    """Ranks the people of an economy; several who ask at once wait for one answer."""

    def __init__(self, view: EconomyView, monotonic: Callable[[], float]) -> None:
        """Rank those of a view (``monotonic``: seconds that only ever grow)."""
        self._view = view
        self._monotonic = monotonic
        self._kept: dict[Asked, _Measured] = {}
        self._measuring = asyncio.Lock()

    async def of(
        self, asked: Asked, limit: int, now: datetime, min_position: int = 0
    ) -> Leaderboard:
        """Return who has most.

        Args:
            asked: Of what.
            limit: How many of them, at most ``MOST``.
            now: When the window ends.
            min_position: Every event up to here is to be in it.
        """
        async with self._measuring:
            found = self._kept.get(asked)
            if found is None or self._monotonic() >= found.until or found.as_of < min_position:
                found = await self._measure(asked, self._view.millis(now))
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[asked] = found
        return self._shown(asked, found, limit)

    async def _measure(self, asked: Asked, at: int) -> _Measured:
        state = self._view.state
        as_of, measured = state.position, _MEASURES[asked.by]
        values: list[tuple[int, str]] = []
        for number, (owner, person) in enumerate(list(state.people.items()), 1):
            if value := measured(person, asked, at):
                values.append((-value, owner))
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        first = nsmallest(MOST, values)
        return _Measured(first, len(values), as_of, at, self._monotonic() + _FRESH)

    def _shown(self, asked: Asked, found: _Measured, limit: int) -> Leaderboard:
        state = self._view.state
        items: list[Standing] = []
        rank, before = 0, 0
        for place, (negated, owner) in enumerate(found.first[:limit], 1):
            if negated != before:
                rank, before = place, negated
            stake = state.people[owner].effective
            tier = state.parameters.tier_of(stake)
            items.append(
                Standing(
                    rank=rank,
                    agent_id=owner,
                    value=_text(asked.by, -negated),
                    tier=None if tier is None else tier.name,
                    stake=to_text(stake),
                )
            )
        earnings = asked.by == "earnings"
        return Leaderboard(
            by=asked.by,
            window=asked.window,
            token=asked.token,
            since=beginning(asked.window, found.at) if earnings else None,
            items=items,
            participants=found.participants,
            as_of=found.as_of,
        )


def _earned(person: Person, asked: Asked, at: int) -> int:
    suffix = key_of("", asked.token)
    return sum(
        flow.within(asked.window, at) for key, flow in person.earned.items() if key.endswith(suffix)
    )


_MEASURES: dict[Measure, Callable[[Person, Asked, int], int]] = {
    "earnings": _earned,
    "stake": lambda person, _asked, _at: person.effective,
    "bonded": lambda person, _asked, _at: person.bonded,
    "reputation": lambda person, _asked, _at: score_of(person) if person.ratings else 0,
    "completed": lambda person, _asked, _at: person.completed,
}


def _text(by: Measure, value: int) -> str:
    if by == "completed":
        return str(value)
    if by == "reputation":
        return f"{value / 1_000_000:.6f}".rstrip("0").rstrip(".")
    return to_text(value)
