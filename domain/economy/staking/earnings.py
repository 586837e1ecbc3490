"""To-do list of staking rewards: hosts the reward index, shares the daily rate, pays claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import msgspec

from aia_mas.domain.economy.orders import ExecuteOrder, OrderExecuted, OrderPlaced, OrderRefused
from aia_mas.domain.economy.parameters import (
    DEFAULT_PARAMETERS,
    EconomicParameters,
    ParametersChanged,
)
from aia_mas.domain.economy.staking.events import EVENTS, StakeEvent, StakingRewardsClaimed
from aia_mas.domain.economy.staking.index import RewardIndex, Share, Totals
from aia_mas.domain.economy.staking.rewards import (
    CLAIM_REWARDS,
    ShareStakingRewards,
    StakingRewardsNotified,
    made_by,
)
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, chunks, copied


class StakingEarnings:
    """What stakers earn, from the log alone.

    Attributes:
        index: What everybody earned.
        terms: The parameters in force.
    """

    name: ClassVar[str] = "staking_earnings"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            *EVENTS,
            ParametersChanged,
            StakingRewardsNotified,
            OrderPlaced,
            OrderExecuted,
            OrderRefused,
        }
    )

    def __init__(self) -> None:
        """Start with nobody."""
        self.index = RewardIndex()
        self.terms: EconomicParameters = DEFAULT_PARAMETERS
        self._claimed: dict[str, int] = {}
        self._claims: dict[str, dict[str, Any]] = {}
        self._since: datetime | None = None
        self._shared: datetime | None = None
        self._looked: datetime | None = None

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event = happened.event
        if isinstance(event, StakeEvent):
            self._staked(entity_of(happened.stream), event)
        elif isinstance(event, StakingRewardsNotified):
            self.index.notify(event.amount)
            if event.until is not None:
                self._shared = event.until
        elif isinstance(event, ParametersChanged):
            self.terms = event.parameters
            self.index.set_tiers(event.parameters.tiers)
            self._note_weight(event.at)
        elif isinstance(event, OrderPlaced):
            if event.kind == CLAIM_REWARDS.name:
                self._claims[entity_of(happened.stream)] = event.order
        else:
            self._claims.pop(entity_of(happened.stream), None)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the claims that are to be paid, and what the daily rate makes by now."""
        works: list[Work] = []
        for order_id, order in self._claims.items():
            if len(works) >= most:
                return works
            agent_id = order["agent_id"]
            owed, claimed = self.index.owed(agent_id), self._claimed.get(agent_id, 0)
            filled_in = {**order, "owed": owed, "claimed": claimed}
            command = ExecuteOrder(order_id=order_id, kind=CLAIM_REWARDS.name, order=filled_in)
            works.append(Work(f"order:{order_id}", command))
        self._looked = now
        begin, seconds = self._begin(), self.terms.staking_reward_interval_seconds
        if begin is not None:
            end = int(now.timestamp()) // seconds * seconds
            if made_by(self.terms.staking_reward_per_day, end - begin) > 0:
                work_id = f"staking-rewards:{end}"
                command_of = ShareStakingRewards(
                    since=_at(begin), until=_at(end), transfer_id=work_id
                )
                works.append(Work(work_id, command_of))
        return works

    def next_due(self) -> datetime | None:
        """Return when the next share of the daily rate is due, UTC; None: nobody would get it."""
        begin, seconds = self._begin(), self.terms.staking_reward_interval_seconds
        if begin is None:
            return None
        if self._looked is not None:
            begin = max(begin, int(self._looked.timestamp()) // seconds * seconds)
        return _at(begin + seconds)

    def claimed(self, agent_id: str) -> int:
        """Return what an agent has claimed so far, base units."""
        return self._claimed.get(agent_id, 0)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        first = _Piece(
            totals=self.index.totals(),
            terms=self.terms,
            claims=dict(self._claims),
            since=self._since,
            shared=self._shared,
        )
        shares = yield from copied(self.index.rows())
        claimed = yield from copied(self._claimed.items())
        pieces = (
            first,
            *(_Piece(shares=some) for some in chunks(shares, _ROWS)),
            *(_Piece(claimed=dict(some)) for some in chunks(claimed, _ROWS)),
        )
        return (_encode(piece) for piece in pieces)

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        totals: Totals | None = None
        for data in pieces:
            piece = _decode(data)
            if piece.totals is not None:
                totals, restored._claims = piece.totals, piece.claims
                restored._since, restored._shared = piece.since, piece.shared
            if piece.terms is not None:
                restored.terms = piece.terms
            restored.index.shares |= dict(piece.shares)
            restored._claimed |= piece.claimed
            yield
        if totals is not None:
            restored.index.begin_again(totals)
        return restored

    def _staked(self, agent_id: str, event: StakeEvent) -> None:
        self.index.set_earning(agent_id, event.earning)
        if isinstance(event, StakingRewardsClaimed):
            self.index.pay(agent_id, event.amount)
            self._claimed[agent_id] = self._claimed.get(agent_id, 0) + event.amount
        self._note_weight(event.at)

    def _note_weight(self, at: datetime) -> None:
        """Note since when anybody earns: for the time before, nothing is shared."""
        if not self.index.weight:
            self._since = None
        elif self._since is None:
            self._since = at

    def _begin(self) -> int | None:
        """Return from when on the daily rate is still to be shared; None: there is none.

        In seconds since the epoch; a whole number of intervals.
        """
        if self._since is None or not self.terms.staking_reward_per_day:
            return None
        seconds = self.terms.staking_reward_interval_seconds
        begin = -(-int(self._since.timestamp()) // seconds) * seconds
        if self._shared is not None:
            begin = max(begin, int(self._shared.timestamp()))
        return begin


class _Piece(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    totals: Totals | None = None
    terms: EconomicParameters | None = None
    claims: dict[str, dict[str, Any]] = {}
    since: datetime | None = None
    shared: datetime | None = None
    shares: list[tuple[str, Share]] = []
    claimed: dict[str, int] = {}


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_ROWS = 200
# The figures go beyond the 64 bits that MessagePack has.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode
