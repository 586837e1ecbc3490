"""Where votes and delegations are given on a node: fills in what only its fold of the log knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.records import NewEvent
from aia_mas.application.processes.settlement_fold import SettlementFold
from aia_mas.domain.economy.governance.commands import (
    CastVote,
    CreateProposal,
    ExecuteProposal,
)
from aia_mas.domain.economy.governance.delegation import MOST_HOPS, DelegateVotes
from aia_mas.domain.economy.governance.elections import Elections
from aia_mas.domain.economy.governance.errors import DelegationChanged, PowerNotKnown
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.staking.dues import StakeDues
from aia_mas.domain.economy.staking.slashing import SLASH, partners_of
from aia_mas.domain.economy.staking.state import NO_STAKE

_TRIES = 5
_PATIENCE = 5.0
"""Longest wait for the fold, seconds."""


class Filled:
    """A command with what the fold knows in it; nothing was reserved for it."""

    __slots__ = ("command",)

    fence = None

    def __init__(self, command: msgspec.Struct) -> None:
        """Fill in."""
        self.command = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Return True: there is nothing to give back."""
        return True

    def dropped(self, *, fenced: bool = False) -> None:
        """Do nothing: likewise."""


class ElectionDesk:
    """Power, chains of delegates and standings, as this node knows them."""

    def __init__(self, fold: SettlementFold, host: FoldHost, feed: Feed) -> None:
        """Open it (``host``: keeps the fold up to date)."""
        self._fold = fold
        self._host = host
        self._feed = feed

    @property
    def elections(self) -> Elections:
        """The fold of governance; another object after it was restored."""
        return cast("Elections", self._fold.lists[Elections.name])

    def place_vote(self, command: CastVote) -> Filled:
        """Fill in the voter's power at the snapshot."""
        power = self.elections.power(command.proposal_id, command.voter)
        if power is None:
            return Filled(replace(command, own=None, delegated=0))
        return Filled(replace(command, own=power[0], delegated=power[1]))

    def place_delegation(self, command: DelegateVotes) -> Filled:
        """Fill in the chains of delegates above the delegate and the agent, and those below it."""
        history = self.elections.history
        chain = history.chain(command.to, MOST_HOPS + 1)
        above = history.chain(command.agent_id, MOST_HOPS + 1)
        now = tuple((each, history.changes(each)) for each in above)
        below = history.below(command.agent_id, MOST_HOPS + 1)
        return Filled(replace(command, chain=chain, now=now, below=below))

    def place_orders(self, command: CreateProposal | ExecuteProposal) -> Filled:
        """Fill in what orders need to know that only a fold of the log does."""
        return Filled(replace(command, filled=tuple(map(self._filled, command.orders))))

    def _filled(self, proposed: ProposedOrder) -> dict[str, Any]:
        agent_id = proposed.order.get("agent_id")
        if proposed.kind != SLASH.name or not isinstance(agent_id, str):
            return {}
        stakes = cast("StakeDues", self._fold.lists[StakeDues.name]).stakes
        return {"partners": partners_of(stakes.get(agent_id, NO_STAKE))}

    async def carry_out(
        self, engine: Engine, command: CastVote | DelegateVotes, origin: Origin
    ) -> CommandResult:
        """Carry out a command, and wait for the fold where that is behind what it decides on.

        Raises:
            DomainError: It was refused.
            EventLogError: It could not be carried out now.
        """
        for _ in range(_TRIES):
            try:
                return await engine.run(command, origin)
            except (PowerNotKnown, DelegationChanged):
                await self._host.reached(self._feed.position, _PATIENCE)
        return await engine.run(command, origin)


def no_elections() -> ElectionDesk:
    """Stand for a desk where nobody votes.

    Raises:
        LookupError: Somebody does.
    """
    raise LookupError("no votes are given here")
