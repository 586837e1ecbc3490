# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from aia.client.writing import Amount, exact

AgentStatus: TypeAlias = Literal["active", "draining", "suspended", "unregistered"]
Choice: TypeAlias = Literal["abstain", "no", "veto", "yes"]
Comparator: TypeAlias = Literal["!=", "<", "<=", "=", ">", ">=", "in"]
CostPolicy: TypeAlias = Literal["flag", "refuse"]
Criterion: TypeAlias = Literal["count", "first_n", "quality", "streak"]
Kind: TypeAlias = Literal["agent", "frontend", "messages", "stream"]
MessageStatus: TypeAlias = Literal[
    "acknowledged", "dead", "delivered", "dropped", "expired", "failed", "queued"
]
Mode: TypeAlias = Literal["all", "any"]
Payout: TypeAlias = Literal["fixed", "pro_rata"]
Period: TypeAlias = Literal["day", "month", "once", "week"]
Priority: TypeAlias = Literal["critical", "high", "low", "maintenance", "normal"]
ProgramStatus: TypeAlias = Literal["closed", "ending", "running", "scheduled"]
ProposalStatus: TypeAlias = Literal[
    "active",
    "cancelled",
    "defeated",
    "executed",
    "expired",
    "pending",
    "queued",
    "succeeded",
    "vetoed",
]
Purpose: TypeAlias = Literal[
    "burn",
    "deposits",
    "incentive",
    "issuance",
    "reward_pool",
    "rewards_reserved",
    "slashed",
    "staked",
    "staking_rewards",
    "treasury",
    "unbonding",
    "wallet",
]
RouteKind: TypeAlias = Literal["capability", "connection", "role", "rule", "topic"]
Scope: TypeAlias = Literal["client", "owner", "tag"]
TaskStatus: TypeAlias = Literal[
    "assigned",
    "cancelled",
    "completed",
    "dead",
    "expired",
    "failed",
    "input_required",
    "queued",
    "running",
]
TransferStatus: TypeAlias = Literal["expired", "pending", "posted", "voided"]


class ChangedProposalKind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kind of proposals; see `ShownProposalKind`.

    Attributes:
        deposit: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
    """

    name: str
    commands: Sequence[str] | None = None
    delay_seconds: float
    period_seconds: float
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int
    timelock_seconds: float
    grace_seconds: float
    deposit: Amount

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "deposit", exact(self.deposit))


class ChangedTier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tier of stakers; see `ShownTier`.

    Attributes:
        min_stake: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
    """

    name: str
    min_stake: Amount
    multiplier: str | float

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "min_stake", exact(self.min_stake))


class ProgramEligibility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose work counts, and which; an empty list: any. Work at tasks of one's own never does.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: Sequence[str] | None = None
    task_types: Sequence[str] | None = None
    agents: Sequence[str] | None = None
