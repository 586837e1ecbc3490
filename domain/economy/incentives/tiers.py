"""The tiers of agents as the log tells them: of their stakes, by the parameters in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    ParametersChanged,
    TierTerms,
)
from aia_mas.domain.economy.staking.events import EVENTS as STAKE_EVENTS
from aia_mas.domain.economy.staking.events import StakeEvent
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.steps import chunks


class TiersOfAgents:
    """What counts of each agent's stake, and the table of tiers.

    Attributes:
        tiers: The tiers, by rising stake.
    """

    events: ClassVar[frozenset[type[Event]]] = frozenset({ParametersChanged, *STAKE_EVENTS})

    def __init__(self) -> None:
        """Start without stakes."""
        self.tiers: tuple[TierTerms, ...] = DEFAULT_PARAMETERS.tiers
        self._stakes: dict[str, int] = {}

    def apply(self, entity: str, event: Event) -> None:
        """Fold one event of a stake (``entity``: whose), or of the parameters."""
        if isinstance(event, ParametersChanged):
            self.tiers = event.parameters.tiers
        elif isinstance(event, StakeEvent):
            if event.effective:
                self._stakes[entity] = event.effective
            else:
                self._stakes.pop(entity, None)

    def of(self, agent_id: str) -> str | None:
        """Return the tier of an agent; None: it has none."""
        stake, held = self._stakes.get(agent_id, 0), None
        for tier in self.tiers:
            if stake < tier.min_stake:
                break
            held = tier.name
        return held

    def pieces(self, size: int) -> Iterator[list[tuple[str, int]]]:
        """Return a copy of the stakes, some at a time; nothing may be folded between them."""
        return chunks(self._stakes.items(), size)

    def take(self, stakes: list[tuple[str, int]]) -> None:
        """Take back such a piece."""
        self._stakes |= dict(stakes)
