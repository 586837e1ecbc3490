"""What agents have at stake, with or without a seat in the fleet, and the tiers that it makes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from aia_mas.domain.economy.parameters import ParametersChanged
from aia_mas.domain.economy.staking.events import EVENTS, StakeEvent
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.scoring.board import Board
from aia_mas.domain.orchestration.tiers import Tier, Tiers

STAKE_EVENTS = frozenset(EVENTS)
"""The events that change what an agent has at stake."""


class Stakes:
    """Follows stakes and the tier table, and keeps the other parts of a fleet in step with them.

    Attributes:
        effective: The stakes that count, base units; without those that are 0.
        table: The tier table of the log; None: it has none yet.
    """

    def __init__(
        self,
        directory: Directory,
        matching: Matching,
        board: Board,
        places: Places,
        declared: set[int],
    ) -> None:
        """Start without stakes; the parts of the fleet change meanwhile.

        Args:
            directory: Who has which tier.
            matching: Who suits.
            board: What choices are made on.
            places: Who is offered to what waits.
            declared: Takes the slots whose agents may suit other tasks than before.
        """
        self.effective: dict[str, int] = {}
        self.table: tuple[Tier, ...] | None = None
        self._directory = directory
        self._matching = matching
        self._board = board
        self._places = places
        self._declared = declared

    def note(self, agent_id: str, event: StakeEvent) -> None:
        """Take note of an agent's stake."""
        if event.effective:
            self.effective[agent_id] = event.effective
        else:
            self.effective.pop(agent_id, None)

    def at_stake(self, seat: Seat) -> Seat:
        """Return a seat with what its agent has at stake."""
        stake = self.effective.get(seat.agent_id, 0) if seat.registered else 0
        return seat if seat.stake == stake else replace(seat, stake=stake)

    def suit(self, slot: int, seat: Seat) -> None:
        """Have a slot be judged by the terms of who sits there now, and offered anew."""
        self._directory.set_stake(slot, seat.stake)
        self._board.terms(slot, seat.capabilities.cost_per_task, seat.stake)
        self._matching.changed(slot)
        self._declared.add(slot)
        self._places.reopen(slot)

    def change_tiers(self, event: ParametersChanged) -> None:
        """Take over the tier table of parameters."""
        self.table = tuple(Tier(tier.name, tier.min_stake) for tier in event.parameters.tiers)
        if self.table != self._directory.tiers.rows:
            self.use(self.table)

    def use(self, table: Sequence[Tier]) -> None:
        """Have another tier table hold; who has a place is offered anew, as others may suit."""
        tiers = Tiers(table)
        self._directory.use_tiers(tiers)
        self._board.highest(tiers.highest)
        self._matching.outdate()
        self._declared.update(range(len(self._directory.declared)))
        self._places.opened.update(self._places.open)
        self._places.offered.clear()
