"""The economy as a whole and everybody in it: a live view in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps, chunks
from aia_mas.projections.economy.economy_fold import EconomyFold
from aia_mas.projections.economy.economy_snapshot import frozen, thawed
from aia_mas.projections.economy.figures import (
    AgentEconomicProfile,
    EconomicSummary,
    Leaderboard,
)
from aia_mas.projections.economy.leaderboards import Asked, Leaderboards
from aia_mas.projections.economy.profiles import profile_of
from aia_mas.projections.economy.summaries import Summaries

_COUNTED_AT_ONCE = 200


class EconomyView:
    """The live view; ``ProjectionHost`` folds the log into it."""

    name = "economy"
    version = 1
    categories = frozenset(
        {"account", "stake", "parameters", "agent", "task", "proposal", "incentive", "budget"}
    )

    def __init__(self) -> None:
        """Begin with nothing."""
        self._take(EconomyFold())

    def _take(self, fold: EconomyFold) -> None:
        self._fold = fold
        self._summaries = Summaries(fold)
        self._leaderboards = Leaderboards(fold.state)

    @property
    def as_of(self) -> int:
        """The last position in it."""
        return self._fold.state.position

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        self._fold.apply(event)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the state; see ``Fold.snapshot``."""
        return frozen(self._fold.state)

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go back to a snapshot; see ``Fold.restore``."""
        fold = EconomyFold((yield from thawed(pieces)))
        for some in chunks(fold.state.people.items(), _COUNTED_AT_ONCE):
            for owner, person in some:
                fold.take_in(owner, person)
            yield
        self._take(fold)

    def profile(
        self,
        agent_id: str,
        now: datetime | None = None,
        *,
        claimable: int = 0,
        voting_power: int | None = None,
    ) -> AgentEconomicProfile | None:
        """Return how somebody stands; None: nobody of this id is known.

        Args:
            agent_id: Who.
            now: When the windows end; when left out, with the last event.
            claimable: Its staking rewards that can be claimed, base units.
            voting_power: What its vote counts, base units; None: what it has bonded itself.
        """
        return profile_of(
            self._fold, agent_id, self.millis(now), claimable=claimable, voting_power=voting_power
        )

    def summary(self, now: datetime | None = None) -> EconomicSummary:
        """Return the figures as they are (``now``: see ``profile``)."""
        return self._summaries.at(self.millis(now))

    async def leaderboard(
        self, asked: Asked, limit: int, now: datetime | None = None
    ) -> Leaderboard:
        """Return who has most of something (``now``: see ``profile``)."""
        return await self._leaderboards.of(asked, limit, self.millis(now))

    def millis(self, now: datetime | None) -> int:
        """Return when windows end, milliseconds since 1970; never before the last event."""
        # A clock that is behind the log's must not hide what has happened.
        at = self._fold.state.at
        return at if now is None else max(at, round(now.timestamp() * 1000))
