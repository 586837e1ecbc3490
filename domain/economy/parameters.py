"""The parameters of the economy: configured, and changed through the log by those who may."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec
from msgspec.structs import asdict, replace

from aia_mas.domain.economy.governance.kinds import PROPOSAL_KINDS, ProposalKind
from aia_mas.domain.economy.supply.terms import SupplyTerms
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.money import ONE

MILLION: Final = 1_000_000
"""Parts of one: shares and multipliers are whole millionths."""
PARAMETERS: Final = stream_of("parameters", "economy")
"""The stream of the parameters."""


class TierTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A tier of stakers.

    Attributes:
        name: Its name.
        min_stake: From which stake on it is held, base units.
        multiplier_ppm: What rewards are multiplied by, millionths.
    """

    name: str
    min_stake: int
    multiplier_ppm: int


_TIERS: Final = tuple(
    TierTerms(name=name, min_stake=stake * ONE, multiplier_ppm=factor)
    for name, stake, factor in (
        ("bronze", 100, 1_000_000),
        ("silver", 500, 1_200_000),
        ("gold", 2_000, 1_500_000),
        ("platinum", 5_000, 1_750_000),
        ("diamond", 10_000, 2_000_000),
    )
)


class EconomicParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What may be changed without a new program; amounts in base units, shares in millionths.

    Attributes:
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
        proposal_kinds: The kinds of proposals, each with its terms.
        supply: The tokens; only the configuration changes these.
    """

    tiers: tuple[TierTerms, ...] = _TIERS
    base_task_reward: int = 10 * ONE
    stake_per_task: int = 100 * ONE
    min_delegation: int = 10 * ONE
    min_stake_age_seconds: int = 0
    unbonding_seconds: int = 0
    reward_block: int = 10_000 * ONE
    rating_window_seconds: int = 60
    staking_reward_per_day: int = 0
    staking_reward_interval_seconds: int = 3_600
    reporter_share_ppm: int = 100_000
    jail_lost_tasks: int = 5
    jail_window_seconds: int = 3_600
    jail_seconds: int = 600
    gov_per_completion: int = ONE
    gov_per_vote: int = ONE
    vote_reward_interval_seconds: int = 7 * 86_400
    open_proposals_per_proposer: int = 5
    budget_warning_ppm: int = 800_000
    proposal_kinds: tuple[ProposalKind, ...] = PROPOSAL_KINDS
    supply: SupplyTerms = SupplyTerms()

    def tier_of(self, stake: int) -> TierTerms | None:
        """Return the tier of a stake (base units); None: below all of them."""
        held = None
        for tier in self.tiers:
            if stake < tier.min_stake:
                break
            held = tier
        return held

    def multiplier_ppm(self, stake: int) -> int:
        """Return what the tier of a stake multiplies rewards by, millionths; 0: it has none."""
        tier = self.tier_of(stake)
        return 0 if tier is None else tier.multiplier_ppm


DEFAULT_PARAMETERS: Final = EconomicParameters()


class ParametersChanged(Event, frozen=True, kw_only=True):
    """The parameters are others from here on.

    Attributes:
        parameters: All of them.
        configured: What the configuration says, where this came from it.
        revision: Counts the changes.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "parameters.changed.v1"
    parameters: EconomicParameters
    configured: EconomicParameters | None = None
    revision: int
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (ParametersChanged,)
"""Every event of the parameters, for the topic registry."""


class ParametersState(State, frozen=True, kw_only=True):
    """The parameters in force, and what the configuration last said."""

    parameters: EconomicParameters = DEFAULT_PARAMETERS
    configured: EconomicParameters = DEFAULT_PARAMETERS
    revision: int = 0


class AdoptConfiguredParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Have the log say what the configuration says."""

    parameters: EconomicParameters


def evolve(state: ParametersState | None, event: Event) -> ParametersState:
    """Fold one event of the parameters."""
    assert isinstance(event, ParametersChanged)
    configured = event.configured
    if configured is None:
        configured = DEFAULT_PARAMETERS if state is None else state.configured
    return ParametersState(
        parameters=event.parameters, configured=configured, revision=event.revision
    )


def adopt_configured_parameters(
    state: ParametersState | None, command: AdoptConfiguredParameters, ctx: Context
) -> Decision:
    """Take over what changed in the configuration; what was changed otherwise stays as it is."""
    known = state or ParametersState()
    if state is not None and command.parameters == known.configured:
        return accept(PARAMETERS)
    said, before = asdict(command.parameters), asdict(known.configured)
    changed: dict[str, Any] = {name: value for name, value in said.items() if value != before[name]}
    event = ParametersChanged(
        parameters=replace(known.parameters, **changed),
        configured=command.parameters,
        revision=known.revision + 1,
        reason="configuration",
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(PARAMETERS, event)
