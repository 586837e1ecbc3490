"""What completed attempts got of the reward pool, and the blocks of that (migration 0013)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.rewards.events import RewardBlockReserved, RewardsSettled, SettledTask
from aia_mas.projections.table import Derived, Projection, RowFold, Table


class TaskRewardRow(msgspec.Struct, gc=False):
    """A row of ``task_rewards_v1``: a completed attempt that was settled; it never changes.

    Fields: see ``SettledTask``. Amounts are base units, as text.
    """

    task_id: str
    attempt: int
    agent_id: str
    tier: str
    base: str
    multiplier_ppm: int
    rating_ppm: int | None
    punctuality: str
    factor_ppm: int
    reward: str
    forfeited: str
    gov: str
    settlement: int
    transfer_id: str
    settled_at: datetime
    position: int


class RewardBlocksRow(msgspec.Struct, gc=False):
    """The row of ``task_rewards_v1_blocks``: what was reserved and paid so far.

    ``settled`` is how many attempts were settled. Amounts are base units, as text.
    """

    id: str = "blocks"
    blocks: int = 0
    reserved: str = "0"
    settlements: int = 0
    settled: int = 0
    paid: str = "0"
    gov: str = "0"
    position: int = 0


def _reserved(row: RewardBlocksRow | None, recorded: RecordedEvent) -> RewardBlocksRow:
    row, event = row or RewardBlocksRow(), recorded.event
    row.blocks, row.position = event.block, recorded.position
    row.reserved = str(int(row.reserved) + event.amount)
    return row


def _settled(row: RewardBlocksRow | None, recorded: RecordedEvent) -> RewardBlocksRow:
    row, event = row or RewardBlocksRow(), recorded.event
    row.settlements, row.position = event.number, recorded.position
    row.settled += len(event.items)
    row.paid = str(int(row.paid) + event.reward)
    row.gov = str(int(row.gov) + event.gov)
    return row


def _paid(item: SettledTask, _row: TaskRewardRow | None, recorded: RecordedEvent) -> TaskRewardRow:
    event: RewardsSettled = recorded.event
    return TaskRewardRow(
        task_id=item.task_id,
        attempt=item.attempt,
        agent_id=item.agent_id,
        tier=item.tier,
        base=str(item.base),
        multiplier_ppm=item.multiplier_ppm,
        rating_ppm=item.rating_ppm,
        punctuality=item.punctuality,
        factor_ppm=item.factor_ppm,
        reward=str(item.reward),
        forfeited=item.forfeited,
        gov=str(item.gov),
        settlement=event.number,
        transfer_id=event.transfer_id,
        settled_at=event.at,
        position=recorded.position,
    )


def _items(_row: RewardBlocksRow, recorded: RecordedEvent) -> Iterator[tuple[str, RowFold[Any]]]:
    for item in recorded.event.items:
        yield item.task_id, partial(_paid, item)


TASK_REWARDS = Projection(
    "task_rewards",
    1,
    (
        Table("", TaskRewardRow, lambda _: None, {}),
        Table(
            "_blocks",
            RewardBlocksRow,
            lambda _: "blocks",
            {RewardBlockReserved: _reserved, RewardsSettled: _settled},
        ),
    ),
    frozenset({"rewards"}),
    strict=True,
    derived=(Derived(1, 0, frozenset({RewardsSettled}), _items),),
)
