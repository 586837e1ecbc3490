"""The parameters of the economy as clients see them and change them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.economy.parameter_changes import AMOUNTS, CHANGEABLE, ChangeParameters
from aia_mas.domain.economy.parameters import MILLION, ParametersState, TierTerms
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.places import within
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.interfaces.http.schemas.amounts import Amount, ChangedAmount, units
from aia_mas.interfaces.http.schemas.proposal_kinds import (
    ChangedProposalKind,
    ShownProposalKind,
    shown_kinds,
)

Reason = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 256})]
_SHARE = msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": MILLION})
_PERIOD = msgspec.Meta(extra_json_schema={"minimum": 0})
ChangedShare = Annotated[int, _SHARE] | UnsetType
"""In millionths."""
ChangedPeriod = Annotated[int, _PERIOD] | UnsetType
"""In seconds."""

_DIGITS = 6
_MULTIPLIER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII)


class ShownTier(msgspec.Struct, frozen=True, kw_only=True):
    """A tier of stakers.

    Attributes:
        name: Its name.
        min_stake: From which stake on it is held, tokens.
        multiplier: What rewards are multiplied by.
    """

    name: str
    min_stake: str
    multiplier: str


class ShownParameters(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters in force; amounts in tokens, shares (`_ppm`) in millionths.

    Attributes:
        revision: Counts the changes; the ETag.
        tiers: The tiers, by rising stake.
        base_task_reward: Of a task, before its multiplier and factor.
        stake_per_task: So much stake backs one rewarded task at a time.
        min_delegation: The smallest part of a stake that is delegated.
        min_stake_age_seconds: How long a stake must be bonded before it counts.
        unbonding_seconds: How long stake that is taken back stays at risk.
        reward_block: How much of the pool is reserved ahead at a time.
        rating_window_seconds: How long the reward of a task waits for its rating.
        staking_reward_per_day: What stakers share a day.
        staking_reward_interval_seconds: How often it is shared.
        reporter_share_ppm: The share of a slash that goes to who reported.
        jail_lost_tasks: Tasks lost within the window after which an agent is jailed; 0: never.
        jail_window_seconds: That window.
        jail_seconds: How long it stays there at least.
        gov_per_completion: AIA_GOV for each rewarded task.
        gov_per_vote: AIA_GOV for each full 100 tokens of power that vote themselves.
        vote_reward_interval_seconds: In so long a voter is paid for one vote.
        open_proposals_per_proposer: How many proposals somebody may have open at once.
        budget_warning_ppm: The share of a budget from which on there is a warning.
        proposal_kinds: The kinds of proposals, each with the terms on which it is decided.
    """

    revision: int
    tiers: list[ShownTier]
    base_task_reward: str
    stake_per_task: str
    min_delegation: str
    min_stake_age_seconds: int
    unbonding_seconds: int
    reward_block: str
    rating_window_seconds: int
    staking_reward_per_day: str
    staking_reward_interval_seconds: int
    reporter_share_ppm: int
    jail_lost_tasks: int
    jail_window_seconds: int
    jail_seconds: int
    gov_per_completion: str
    gov_per_vote: str
    vote_reward_interval_seconds: int
    open_proposals_per_proposer: int
    budget_warning_ppm: int
    proposal_kinds: list[ShownProposalKind]


class ChangedTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tier of stakers; see `ShownTier`."""

    name: str
    min_stake: Amount
    multiplier: str | float

    def terms(self, place: str) -> TierTerms:
        """Return the tier.

        Raises:
            InvalidValue: An amount or the multiplier is none.
        """
        return TierTerms(
            name=self.name,
            min_stake=units(self.min_stake, within(place, "min_stake")),
            multiplier_ppm=_millionths(self.multiplier, within(place, "multiplier")),
        )


class ParametersChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters to be changed, see `ShownParameters`; those left out stay as they are.

    Attributes:
        tiers: All tiers, by rising stake.
        proposal_kinds: All kinds of proposals.
        reason: Why, for the record.
    """

    tiers: Sequence[ChangedTier] | UnsetType = UNSET
    base_task_reward: ChangedAmount = UNSET
    stake_per_task: ChangedAmount = UNSET
    min_delegation: ChangedAmount = UNSET
    min_stake_age_seconds: ChangedPeriod = UNSET
    unbonding_seconds: ChangedPeriod = UNSET
    reward_block: ChangedAmount = UNSET
    rating_window_seconds: ChangedPeriod = UNSET
    staking_reward_per_day: ChangedAmount = UNSET
    staking_reward_interval_seconds: ChangedPeriod = UNSET
    reporter_share_ppm: ChangedShare = UNSET
    jail_lost_tasks: int | UnsetType = UNSET
    jail_window_seconds: ChangedPeriod = UNSET
    jail_seconds: ChangedPeriod = UNSET
    gov_per_completion: ChangedAmount = UNSET
    gov_per_vote: ChangedAmount = UNSET
    vote_reward_interval_seconds: ChangedPeriod = UNSET
    open_proposals_per_proposer: int | UnsetType = UNSET
    budget_warning_ppm: ChangedShare = UNSET
    proposal_kinds: Sequence[ChangedProposalKind] | UnsetType = UNSET
    reason: Reason = ""

    def order(self, condition: Precondition) -> ChangeParameters:
        """Return the order (``condition``: which revision they must be in).

        Raises:
            InvalidValue: An amount or a multiplier is none; ``others`` has whatever else is wrong.
        """
        mistakes, changes = Mistakes(), dict[str, Any]()
        for name in sorted(CHANGEABLE):
            value = getattr(self, name)
            if value is UNSET:
                continue
            if name in {"tiers", "proposal_kinds"}:
                value = [
                    msgspec.to_builtins(terms)
                    for index, each in enumerate(value)
                    if (terms := mistakes.check(each.terms, within(name, index))) is not None
                ]
            elif name in AMOUNTS:
                value = mistakes.check(units, value, name)
            changes[name] = value
        mistakes.refuse()
        return ChangeParameters(changes=changes, condition=condition, reason=self.reason)


def shown_parameters(state: ParametersState) -> ShownParameters:
    """Return parameters as clients see them."""
    values: dict[str, Any] = {
        name: to_text(value) if name in AMOUNTS else value
        for name in CHANGEABLE - {"tiers", "proposal_kinds"}
        for value in (getattr(state.parameters, name),)
    }
    tiers = [
        ShownTier(
            name=tier.name,
            min_stake=to_text(tier.min_stake),
            multiplier=f"{Decimal(tier.multiplier_ppm) / MILLION:f}",
        )
        for tier in state.parameters.tiers
    ]
    return ShownParameters(
        revision=state.revision,
        tiers=tiers,
        proposal_kinds=shown_kinds(state.parameters.proposal_kinds),
        **values,
    )


def _millionths(multiplier: float | str, field: str) -> int:
    """Return a multiplier in millionths, exactly."""
    text = multiplier if isinstance(multiplier, str) else f"{Decimal(repr(multiplier)):f}"
    if not _MULTIPLIER.fullmatch(text):
        raise InvalidValue(
            "a multiplier is up to 100, plain digits with at most six behind a point", field=field
        )
    return int(Decimal(text).scaleb(_DIGITS))
