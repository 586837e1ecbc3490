"""Leaderboards: everybody measured, a slice at a time; who asks meanwhile shares the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import nsmallest
from typing import Literal, NamedTuple

from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.earning_kinds import key_of
from aia_mas.projections.economy.figures import Leaderboard, LeaderboardPlace
from aia_mas.projections.economy.flows import HOUR, Window, beginning
from aia_mas.projections.economy.people import EconomyState, Person
from aia_mas.projections.economy.profiles import score_of

Measure = Literal["earnings", "stake", "bonded", "reputation", "completed"]
"""What agents are measured by."""

MOST = 500
"""Places that are told."""
_AT_ONCE = 200
"""People measured before other work gets its turn."""
_KEPT = 100
"""Answers that are kept, in case nothing happens before they are asked for again."""


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


class Leaderboards:
    """Ranks the people of an economy; several who ask at once wait for one answer."""

    def __init__(self, state: EconomyState) -> None:
        """Rank the people of a state, as it changes."""
        self._state = state
        self._kept: dict[Asked, _Measured] = {}
        self._measuring = asyncio.Lock()

    async def of(self, asked: Asked, limit: int, at: int) -> Leaderboard:
        """Return who has most.

        Args:
            asked: Of what.
            limit: How many of them, at most ``MOST``.
            at: When the window ends, milliseconds since 1970.
        """
        wanted = self._state.position
        async with self._measuring:
            found = self._kept.get(asked)
            if found is None or found.as_of < wanted or found.at // HOUR != at // HOUR:
                found = await self._measure(asked, at)
                if len(self._kept) >= _KEPT:
                    self._kept.clear()
                self._kept[asked] = found
        return self._shown(asked, found, limit)

    async def _measure(self, asked: Asked, at: int) -> _Measured:
        state = self._state
        as_of, measured = state.position, _MEASURES[asked.by]
        values: list[tuple[int, str]] = []
        for number, (owner, person) in enumerate(list(state.people.items()), 1):
            if value := measured(person, asked, at):
                values.append((-value, owner))
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
        first = nsmallest(MOST, values)
        return _Measured(first, len(values), as_of, at)

    def _shown(self, asked: Asked, found: _Measured, limit: int) -> Leaderboard:
        state = self._state
        items: list[LeaderboardPlace] = []
        rank, before = 0, 0
        for place, (negated, owner) in enumerate(found.first[:limit], 1):
            if negated != before:
                rank, before = place, negated
            stake = state.people[owner].effective
            tier = state.parameters.tier_of(stake)
            items.append(
                LeaderboardPlace(
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
