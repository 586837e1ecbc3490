"""What is known of everybody in the economy, and of it as a whole; amounts in base units."""

from __future__ import annotations

import msgspec

from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS, EconomicParameters
from aia_mas.projections.economy.flows import Flow


class Holding(msgspec.Struct, array_like=True, gc=False):
    """What somebody has of one token (``held``: what pending transfers hold of the wallet)."""

    wallet: int = 0
    held: int = 0
    staked: int = 0
    unbonding: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.wallet + self.staked + self.unbonding


class Person(msgspec.Struct, array_like=True):
    """An agent, or another owner of an account.

    Attributes:
        registered: It is a registered agent now.
        address: The address that it declared.
        holdings: By token.
        bonded: Its own AIA that is bonded.
        effective: What counts for its tier.
        bonded_gov: Its AIA_GOV that is bonded.
        jailed_until: Until when it is jailed at least, milliseconds since 1970; 0: it is not.
        earned: By kind and token (``tasks:AIA``).
        ratings: How many of its results were rated.
        rated: The sum of these, millionths.
        completed: Tasks that it completed.
    """

    registered: bool = False
    address: str | None = None
    holdings: dict[str, Holding] = {}
    bonded: int = 0
    effective: int = 0
    bonded_gov: int = 0
    jailed_until: int = 0
    earned: dict[str, Flow] = {}
    ratings: int = 0
    rated: int = 0
    completed: int = 0

    def holding(self, token: str) -> Holding:
        """Return what it has of a token, to be changed."""
        found = self.holdings.get(token)
        if found is None:
            found = self.holdings[token] = Holding()
        return found


class BudgetUse(msgspec.Struct, array_like=True, gc=False):
    """What is used of a budget.

    Attributes:
        kind: How long its periods are.
        period: The last period in which anything was used.
        held: What is held of that.
        spent: What is spent of that.
        warned: The last period in which it warned.
        exceeded: The last period in which more was used than there is.
    """

    kind: Period
    period: str = ""
    held: int = 0
    spent: int = 0
    warned: str = ""
    exceeded: str = ""


class EconomyState(msgspec.Struct):
    """All that the fold knows.

    Attributes:
        position: The last event in it.
        at: When that was recorded, milliseconds since 1970.
        begun: When the first one was.
        parameters: Those in force.
        people: Everybody, by id.
        system: What is in each account of the system.
        spent: What went out of those that rewards are paid from.
        earned: What everybody together earned, by kind and token.
        proposals: The status of every proposal that can still change, by id.
        proposals_ended: How many ended in each status.
        programs: The token of every incentive program that runs, by id.
        programs_total: How many there ever were.
        budgets: What is used of every budget, by id.
    """

    position: int = 0
    at: int = 0
    begun: int = 0
    parameters: EconomicParameters = DEFAULT_PARAMETERS
    people: dict[str, Person] = {}
    system: dict[str, int] = {}
    spent: dict[str, Flow] = {}
    earned: dict[str, Flow] = {}
    proposals: dict[str, ProposalStatus] = {}
    proposals_ended: dict[ProposalStatus, int] = {}
    programs: dict[str, str] = {}
    programs_total: int = 0
    budgets: dict[str, BudgetUse] = {}

    def person(self, owner: str) -> Person:
        """Return somebody, to be changed."""
        found = self.people.get(owner)
        if found is None:
            found = self.people[owner] = Person()
        return found
