"""Refusals about rewards."""

from __future__ import annotations

from aia_mas.domain.kernel.errors import DomainError


class RewardsMovedOn(DomainError):
    """Another block was reserved, or other completions were settled, since this was decided."""

    code = "rewards_moved_on"


class RewardPoolEmpty(DomainError):
    """There is nothing left in the reward pool that could be reserved."""

    code = "reward_pool_empty"
