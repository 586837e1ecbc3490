"""Reserving parts of the reward pool ahead, so that to promise a reward takes no extra event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import Purpose, account_of, account_stream, reward_pool
from aia_mas.domain.economy.ledger import Book, Entry, move, transfer_stream
from aia_mas.domain.economy.rewards.errors import RewardPoolEmpty, RewardsMovedOn
from aia_mas.domain.economy.rewards.events import BLOCKS, RewardBlockReserved, RewardsSettled
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.event import Event, State

RESERVED: Final = account_of(Purpose.REWARDS_RESERVED)
"""The account of what is set aside."""


class RewardBlocks(State, frozen=True, kw_only=True):
    """What was reserved and paid so far.

    Attributes:
        blocks: How many blocks were reserved.
        reserved: How much that was, base units.
        settlements: How often completions were settled.
        paid: What they earned, base units.
    """

    blocks: int = 0
    reserved: int = 0
    settlements: int = 0
    paid: int = 0


class ReserveRewards(msgspec.Struct, frozen=True):
    """Set a part of the pool aside.

    Attributes:
        block: The number of the block; refused when it is not the next one.
        amount: How much, base units; what there is, where that is less.
    """

    block: int
    amount: int


def evolve(state: RewardBlocks | None, event: Event) -> RewardBlocks:
    """Fold one event of the stream ``rewards/blocks``."""
    state = state or RewardBlocks()
    if isinstance(event, RewardBlockReserved):
        return replace(state, blocks=event.block, reserved=state.reserved + event.amount)
    assert isinstance(event, RewardsSettled)
    return replace(state, settlements=event.number, paid=state.paid + event.reward)


def block_id(block: int) -> str:
    """Return the id of the entry that fills a block."""
    return f"rewards:block:{block}"


def streams_of_block(command: ReserveRewards) -> tuple[str, ...]:
    """Return the streams that reserving reads and writes, that of the answer first."""
    return (
        BLOCKS,
        transfer_stream(block_id(command.block)),
        account_stream(reward_pool()),
        account_stream(RESERVED),
    )


def reserve_rewards(states: Mapping[str, Any], command: ReserveRewards, ctx: Context) -> Decision:
    """Set a part of the pool aside, once for each number.

    Refused with ``rewards_moved_on`` when it is not the next block, and with ``reward_pool_empty``.
    """
    known: RewardBlocks = states[BLOCKS] or RewardBlocks()
    if command.block != known.blocks + 1:
        return refuse(RewardsMovedOn(block=known.blocks))
    book = Book(states, ctx)
    amount = min(command.amount, book.available(reward_pool()))
    if amount <= 0:
        return refuse(RewardPoolEmpty())
    transfer_id = block_id(command.block)
    legs = move(reward_pool(), RESERVED, amount)
    try:
        book.post(Entry(transfer_id=transfer_id, legs=legs, reason="reward_block"))
    except DomainError as error:
        return refuse(error)
    reserved = RewardBlockReserved(
        block=command.block, amount=amount, transfer_id=transfer_id, at=ctx.now
    )
    return Decision((*book.events, (BLOCKS, reserved)))
