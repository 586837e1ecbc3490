"""What a proposal does when it succeeds, as clients send it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.governance.tier_orders import ChangeTiers
from aia_mas.domain.economy.parameters import TierTerms
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.places import within
from aia_mas.domain.kernel.precondition import UNCONDITIONAL
from aia_mas.interfaces.http.schemas.incentives import NewProgram, ProgramCancellation
from aia_mas.interfaces.http.schemas.parameters import ChangedTier, ParametersChange, Reason
from aia_mas.interfaces.http.schemas.staking import SlashRequest
from aia_mas.interfaces.http.schemas.treasury import Funding
from aia_mas.interfaces.http.schemas.values import AgentId


class ParametersCommand(
    ParametersChange,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="change_parameters",
    tag_field="kind",
):
    """Change parameters of the economy (tiers: see `change_tiers`)."""

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        return self.order(UNCONDITIONAL)


class TiersCommand(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="change_tiers",
    tag_field="kind",
):
    """Have other tiers.

    Attributes:
        tiers: All of them, by rising stake.
        reason: Why, for the record.
    """

    tiers: Sequence[ChangedTier]
    reason: Reason = ""

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        mistakes, tiers = Mistakes(), list[TierTerms]()
        for index, tier in enumerate(self.tiers):
            terms = mistakes.check(tier.terms, within("tiers", index))
            if terms is not None:
                tiers.append(terms)
        mistakes.refuse()
        return ChangeTiers(tiers=tuple(tiers), reason=self.reason)


class FundCommand(
    Funding,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="fund",
    tag_field="kind",
):
    """Pay out of the treasury: to an agent, to an account, or into a pool."""

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        return self.order()


class SlashCommand(
    SlashRequest,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="slash",
    tag_field="kind",
):
    """Slash an agent (`agent_id`: whom)."""

    agent_id: AgentId

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        return self.order(check_id(self.agent_id, "agent_id"))


class IncentiveCommand(
    NewProgram,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="open_incentive",
    tag_field="kind",
):
    """Open an incentive program; left out, its id is that of the proposal."""

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        return self.order(new_id, now)


class IncentiveCancellation(
    ProgramCancellation,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="cancel_incentive",
    tag_field="kind",
):
    """Call off an incentive program (`program_id`: which)."""

    program_id: AgentId

    def proposed(self, new_id: str, now: datetime) -> msgspec.Struct:
        """Return the order."""
        return self.order(check_id(self.program_id, "program_id"))


Command = (
    ParametersCommand
    | TiersCommand
    | FundCommand
    | SlashCommand
    | IncentiveCommand
    | IncentiveCancellation
)
"""Told apart by `kind`."""


def proposed_orders(
    commands: Sequence[Command], new_id: str, now: datetime
) -> tuple[ProposedOrder, ...]:
    """Return the orders of commands.

    Args:
        commands: They.
        new_id: For what is made by one and has no id.
        now: The time, UTC.

    Raises:
        InvalidValue: One makes no sense; ``others`` has whatever else is wrong.
    """
    mistakes, orders = Mistakes(), list[ProposedOrder]()
    for index, command in enumerate(commands):
        order = mistakes.check(_placed, command, within("commands", index), new_id, now)
        if order is not None:
            orders.append(order)
    mistakes.refuse()
    return tuple(orders)


def _placed(command: Command, place: str, new_id: str, now: datetime) -> ProposedOrder:
    try:
        order = command.proposed(new_id, now)
    except InvalidValue as error:
        for each in error.all:
            each.field = f"{place}.{each.field}" if each.field else place
        raise
    return ProposedOrder(
        kind=str(type(command).__struct_config__.tag),
        # As it comes out of the log again: what is compared later must be the same.
        order=msgspec.json.decode(msgspec.json.encode(order)),
    )
