"""The to-do list of blocks: some of the reward pool is always reserved ahead, while it lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from aia_mas.domain.economy.accounts import account_stream, reward_pool
from aia_mas.domain.economy.ledger.events import BalanceChanged
from aia_mas.domain.economy.parameters import EconomicParameters
from aia_mas.domain.economy.rewards import allowance
from aia_mas.domain.economy.rewards.allowance import Allowance, AllowanceSnapshot, Share
from aia_mas.domain.economy.rewards.blocks import ReserveRewards, block_id
from aia_mas.domain.economy.rewards.events import RewardBlockReserved
from aia_mas.domain.economy.rewards.factor import most as most_earned
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, drained

BLOCKS_AHEAD: Final = 4
"""Blocks that can still be promised; with one less, the pool is asked for more."""
_POOL: Final = account_stream(reward_pool())
_ROWS: Final = 500


class _Piece(msgspec.Struct, array_like=True):
    held: list[tuple[str, Share]]
    # What the last piece tells: all the rest, the number of blocks, what is in the pool.
    end: tuple[AllowanceSnapshot, int, int] | None = None


class BlocksAhead:
    """Knows how much can still be promised, and whether the pool has more."""

    name: ClassVar[str] = "reward_blocks"
    events: ClassVar[frozenset[type[Event]]] = allowance.EVENTS | {BalanceChanged}

    def __init__(self) -> None:
        """Start with nothing in the pool and nothing reserved."""
        self.allowance = Allowance()
        self._block = 0
        self._pool = 0

    def apply(self, happened: Happened) -> None:
        """Fold one event."""
        event = happened.event
        if isinstance(event, BalanceChanged):
            if happened.stream == _POOL:
                self._pool = event.balance - event.held
            return
        if isinstance(event, RewardBlockReserved):
            self._block = event.block
        self.allowance.apply(entity_of(happened.stream), event)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the next block, when too little can still be promised."""
        parameters = self.allowance.parameters
        if parameters is None or self._pool <= 0:
            return ()
        size, available = _size(parameters), self.allowance.available
        if available >= (BLOCKS_AHEAD - 1) * size:
            return ()
        block = self._block + 1
        return (Work(block_id(block), ReserveRewards(block, BLOCKS_AHEAD * size - available)),)

    def next_due(self) -> datetime | None:
        """Return None: a block is due at once."""
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        copy = yield from self.allowance.snapshot()
        return _encoded(copy, self._block, self._pool)

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[BlocksAhead]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        held: list[tuple[str, Share]] = []
        for data in pieces:
            piece = _decode(data)
            held += piece.held
            if piece.end is not None:
                copy, restored._block, restored._pool = piece.end
                copy.held.extend(held)
                restored.allowance = yield from Allowance.restore(copy)
            yield
        return restored


def _size(parameters: EconomicParameters) -> int:
    """Return the size of a block: out of any of them a reward can be promised to everybody."""
    highest = parameters.tiers[-1].multiplier_ppm if parameters.tiers else 0
    return max(parameters.reward_block, most_earned(parameters.base_task_reward, highest))


def _encoded(copy: AllowanceSnapshot, block: int, pool: int) -> Iterator[bytes]:
    for held in drained(copy.held, _ROWS):
        yield _encode(_Piece(held))
    yield _encode(_Piece([], (copy, block, pool)))


# As JSON: amounts are larger than the integers of MessagePack.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Piece).decode
