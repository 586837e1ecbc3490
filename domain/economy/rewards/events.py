"""What happens to rewards; the events of the stream ``rewards/blocks``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

import msgspec

from aia_mas.domain.economy.rewards.factor import Punctuality
from aia_mas.domain.kernel.event import Event

BLOCKS: Final = "rewards/blocks"
"""The one stream of all of them."""


class RewardBlockReserved(Event, frozen=True, kw_only=True):
    """A part of the reward pool was set aside; what attempts are promised comes from there.

    Attributes:
        block: Its number, from 1.
        amount: How much, base units.
        transfer_id: The entry that moved it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "rewards.block_reserved.v1"
    block: int
    amount: int
    transfer_id: str
    at: datetime


class SettledTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a completed attempt came to.

    Attributes:
        task_id: Which task.
        attempt: Which attempt.
        agent_id: Whose it was.
        tier: The tier by its terms; empty: it was promised nothing.
        base: As in its terms, base units.
        multiplier_ppm: Likewise, millionths.
        rating_ppm: How it was rated, millionths of 1; None: not in time.
        punctuality: When it was finished.
        factor_ppm: What both come to, millionths.
        reward: What it earned, base units.
        forfeited: Why it earned nothing of what was promised.
        gov: Units of AIA_GOV that it earned.
    """

    task_id: str
    attempt: int
    agent_id: str
    tier: str = ""
    base: int = 0
    multiplier_ppm: int = 0
    rating_ppm: int | None = None
    punctuality: Punctuality = Punctuality.IN_TIME
    factor_ppm: int = 0
    reward: int = 0
    forfeited: str = ""
    gov: int = 0


class RewardsSettled(Event, frozen=True, kw_only=True):
    """Completed attempts were paid, all in one entry.

    Attributes:
        number: Which settlement, from 1.
        items: The attempts.
        reward: What they earned together, base units.
        freed: What was reserved for them beyond that, base units; it is to be had again.
        gov: Units of AIA_GOV that they earned together.
        transfer_id: The entry that moved it; empty: nothing was to be moved.
        at: When, UTC.
    """

    topic: ClassVar[str] = "rewards.settled.v1"
    number: int
    items: tuple[SettledTask, ...]
    reward: int = 0
    freed: int = 0
    gov: int = 0
    transfer_id: str = ""
    at: datetime


EVENTS: tuple[type[Event], ...] = (RewardBlockReserved, RewardsSettled)
"""Every event of the stream, for the topic registry."""
