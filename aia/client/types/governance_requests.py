# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about governance are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from aia.client.types.requests import (
    ChangedProposalKind,
    ChangedTier,
    Criterion,
    Payout,
    ProgramEligibility,
)
from aia.client.writing import Amount, exact


class FundCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pay out of the treasury: to an agent, to an account, or into a pool.

    Attributes:
        amount: How many. A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        agent_id: Whose wallet gets them; it need not be registered yet.
        account: Or which account: a wallet by its id, `reward_pool` or `staking_rewards`.
        token: Of which token; left out: that of the account, else AIA.
        note: Why, for the record.
    """

    kind: Literal["fund"]
    amount: Amount
    agent_id: str | None = None
    account: str | None = None
    token: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


class IncentiveCancellation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Call off an incentive program (`program_id`: which)."""

    kind: Literal["cancel_incentive"]
    reason: str | None = None
    program_id: str


class IncentiveCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Open an incentive program; left out, its id is that of the proposal.

    Attributes:
        program_id: Its id; left out: one is made up.
        title: Its name.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, tokens; the treasury sets it aside. A number of tokens: a
            string of plain digits with at most 18 decimals, or a number.
        starts_at: From when on work counts, RFC 3339; left out: at once.
        ends_at: Until when, RFC 3339.
        eligibility: Whose work counts, and which.
        criterion: What earns an award. `count`: so many completed tasks. `quality`: so many
            results that their clients rated `min_rating` at least. `streak`: so many tasks
            completed in a row, without one that failed or was lost. `first_n`: so many completed
            tasks, for the first `winners` agents that come so far.
        count: How many.
        min_rating: From which rating on; with `quality`.
        winners: How many agents; with `first_n`.
        payout: `fixed`: `amount` for each award, as soon as it is earned and as long as the budget
            lasts. `pro_rata`: in the end, the budget in proportion to the awards.
        amount: What an award is worth, tokens; with `fixed`. A number of tokens: a string of plain
            digits with at most 18 decimals, or a number.
        most_per_agent: How many awards an agent can earn; left out: any number.
    """

    kind: Literal["open_incentive"]
    program_id: str | None = None
    title: str
    description: str | None = None
    token: str | None = None
    budget: Amount
    starts_at: datetime | None = None
    ends_at: datetime
    eligibility: ProgramEligibility | Mapping[str, Any] | None = None
    criterion: Criterion
    count: int | None = None
    min_rating: float | None = None
    winners: int | None = None
    payout: Payout
    amount: Amount | None = None
    most_per_agent: int | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "budget", exact(self.budget))
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


class ParametersCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Change parameters of the economy (tiers: see `change_tiers`).

    Attributes:
        tiers: All tiers, by rising stake.
        base_task_reward: A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        stake_per_task: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        min_delegation: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        reward_block: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        staking_reward_per_day: A number of tokens: a string of plain digits with at most 18
            decimals, or a number.
        gov_per_completion: A number of tokens: a string of plain digits with at most 18 decimals,
            or a number.
        gov_per_vote: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        proposal_kinds: All kinds of proposals.
        reason: Why, for the record.
    """

    kind: Literal["change_parameters"]
    tiers: Sequence[ChangedTier | Mapping[str, Any]] | None = None
    base_task_reward: Amount | None = None
    stake_per_task: Amount | None = None
    min_delegation: Amount | None = None
    min_stake_age_seconds: int | None = None
    unbonding_seconds: int | None = None
    reward_block: Amount | None = None
    rating_window_seconds: int | None = None
    staking_reward_per_day: Amount | None = None
    staking_reward_interval_seconds: int | None = None
    reporter_share_ppm: int | None = None
    jail_lost_tasks: int | None = None
    jail_window_seconds: int | None = None
    jail_seconds: int | None = None
    gov_per_completion: Amount | None = None
    gov_per_vote: Amount | None = None
    vote_reward_interval_seconds: int | None = None
    open_proposals_per_proposer: int | None = None
    budget_warning_ppm: int | None = None
    proposal_kinds: Sequence[ChangedProposalKind | Mapping[str, Any]] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "base_task_reward", exact(self.base_task_reward))
        msgspec.structs.force_setattr(self, "stake_per_task", exact(self.stake_per_task))
        msgspec.structs.force_setattr(self, "min_delegation", exact(self.min_delegation))
        msgspec.structs.force_setattr(self, "reward_block", exact(self.reward_block))
        msgspec.structs.force_setattr(
            self, "staking_reward_per_day", exact(self.staking_reward_per_day)
        )
        msgspec.structs.force_setattr(self, "gov_per_completion", exact(self.gov_per_completion))
        msgspec.structs.force_setattr(self, "gov_per_vote", exact(self.gov_per_vote))


class SlashCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Slash an agent (`agent_id`: whom).

    Attributes:
        evidence_id: For which evidence; each counts once.
        amount: How much in all, tokens; all that is at risk, when that is less. A number of
            tokens: a string of plain digits with at most 18 decimals, or a number.
        fraction: Which share of all that is at risk, above 0 and at most 1, to a millionth.
        reporter: Whose wallet gets the reporter's share.
        reason: Why, for people.
    """

    kind: Literal["slash"]
    evidence_id: str
    amount: Amount | None = None
    fraction: float | None = None
    reporter: str | None = None
    reason: str | None = None
    agent_id: str

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


class TiersCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Have other tiers.

    Attributes:
        tiers: All of them, by rising stake.
        reason: Why, for the record.
    """

    kind: Literal["change_tiers"]
    tiers: Sequence[ChangedTier | Mapping[str, Any]]
    reason: str | None = None
