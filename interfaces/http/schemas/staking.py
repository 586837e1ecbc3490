"""What clients send about stakes, and what they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec

from aia_mas.application.economy.stake_answer import StakeAnswer
from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.economy.parameters import MILLION
from aia_mas.domain.economy.staking.commands import (
    CancelUnbonding,
    Delegate,
    Stake,
    Undelegate,
    Unstake,
)
from aia_mas.domain.economy.staking.errors import InvalidFraction
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.interfaces.http.schemas.amounts import Amount, OptionalAmount, optional_units, units
from aia_mas.interfaces.http.schemas.values import AgentId, Text

Fraction = Annotated[
    float | None, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 1})
]
Token = Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["AIA", "AIA_GOV"]})]


class StakeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to bond.

    Attributes:
        amount: How much, tokens.
        token: AIA makes a tier, AIA_GOV votes only.
    """

    amount: Amount
    token: Token = AIA

    def command(self, agent_id: str, transfer_id: str) -> Stake:
        """Return the command."""
        amount = units(self.amount, "amount")
        return Stake(agent_id=agent_id, amount=amount, transfer_id=transfer_id, token=self.token)


class UnstakeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to take back.

    Attributes:
        amount: How much, tokens; left out: all that is not delegated.
        token: AIA or AIA_GOV.
    """

    amount: OptionalAmount = None
    token: Token = AIA

    def command(self, agent_id: str, transfer_id: str) -> Unstake:
        """Return the command."""
        amount = optional_units(self.amount, "amount")
        return Unstake(agent_id=agent_id, amount=amount, transfer_id=transfer_id, token=self.token)


class UnbondingChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not to be taken back after all (``unbonding_id``: as it stands in the stake)."""

    unbonding_id: str

    def command(self, agent_id: str, transfer_id: str) -> CancelUnbonding:
        """Return the command."""
        return CancelUnbonding(
            agent_id=agent_id, unbonding_id=self.unbonding_id, transfer_id=transfer_id
        )


class DelegationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom stake is to count (``to``), and how much of it (``amount``, tokens)."""

    to: AgentId
    amount: Amount

    def command(self, agent_id: str) -> Delegate:
        """Return the command."""
        mistakes = Mistakes()
        mistakes.check(check_id, self.to, "to")
        amount = mistakes.check(units, self.amount, "amount")
        mistakes.refuse()
        return Delegate(agent_id=agent_id, to=self.to, amount=amount or 0)


class UndelegationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which delegation is to end: one given (``to``) or one got (``from_agent``).

    Attributes:
        to: To whom it was given.
        from_agent: From whom it was got.
        amount: How much of it, tokens; left out: all of it.
    """

    to: AgentId | None = None
    from_agent: AgentId | None = None
    amount: OptionalAmount = None

    def command(self, agent_id: str, undelegation_id: str) -> Undelegate:
        """Return the command."""
        if (self.to is None) is (self.from_agent is None):
            raise InvalidValue("Either `to` or `from_agent` is given", field="to")
        mistakes = Mistakes()
        other, field = (self.to, "to") if self.to is not None else (self.from_agent, "from_agent")
        assert other is not None
        mistakes.check(check_id, other, field)
        amount = mistakes.check(optional_units, self.amount, "amount")
        mistakes.refuse()
        giver, to = (agent_id, other) if self.to is not None else (other, agent_id)
        return Undelegate(agent_id=giver, to=to, amount=amount, undelegation_id=undelegation_id)


class SlashRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent is to lose, and for what; either an amount or a fraction.

    Attributes:
        evidence_id: For which evidence; each counts once.
        amount: How much in all, tokens; all that is at risk, when that is less.
        fraction: Which share of all that is at risk, above 0 and at most 1, to a millionth.
        reporter: Whose wallet gets the reporter's share.
        reason: Why, for people.
    """

    evidence_id: str
    amount: OptionalAmount = None
    fraction: Fraction = None
    reporter: AgentId | None = None
    reason: Text = ""

    def order(self, agent_id: str) -> Slash:
        """Return the order."""
        mistakes = Mistakes()
        amount = mistakes.check(optional_units, self.amount, "amount")
        share = None if self.fraction is None else mistakes.check(_millionths, self.fraction)
        mistakes.refuse()
        return Slash(
            agent_id=agent_id,
            evidence_id=self.evidence_id,
            amount=amount,
            fraction_ppm=share,
            reporter=self.reporter,
            reason=self.reason,
        )


def _millionths(fraction: float) -> int:
    exact = Decimal(str(fraction)) * MILLION
    if exact != exact.to_integral_value():
        raise InvalidFraction(field="fraction")
    return int(exact)


class TierView(msgspec.Struct, frozen=True):
    """A staking tier.

    Attributes:
        name: Its name.
        min_stake: From which stake on it is held, tokens.
        multiplier: What rewards are multiplied by.
    """

    name: str
    min_stake: str
    multiplier: str


class TierTable(msgspec.Struct, frozen=True):
    """The staking tiers that hold now, by rising stake."""

    items: Sequence[TierView]


class AgentStake(StakeAnswer, frozen=True):
    """An agent's stake, and what comes of it.

    Attributes:
        tier: Its tier; null: below the lowest.
        multiplier: What that multiplies rewards of tasks by.
        claimable: The staking rewards that it can claim, tokens.
    """

    tier: str | None
    multiplier: str
    claimable: str


def multiplier_text(ppm: int) -> str:
    """Return millionths as a decimal number, for example ``1.2``."""
    return f"{Decimal(ppm) / MILLION:f}"
