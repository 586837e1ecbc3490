"""The economy over HTTP."""

from __future__ import annotations

from litestar.types import ControllerRouterHandler

from aia_mas.interfaces.http.economy.accounts import Accounts
from aia_mas.interfaces.http.economy.budgets import Budgets
from aia_mas.interfaces.http.economy.enrolment import EconomicEnrolment
from aia_mas.interfaces.http.economy.governance import Proposals
from aia_mas.interfaces.http.economy.incentives import Incentives
from aia_mas.interfaces.http.economy.orders import Orders
from aia_mas.interfaces.http.economy.parameters import Parameters
from aia_mas.interfaces.http.economy.profiles import EconomicProfiles
from aia_mas.interfaces.http.economy.staking import StakeCommands, StakingTiers
from aia_mas.interfaces.http.economy.statements import Statements
from aia_mas.interfaces.http.economy.summary import EconomicOverview
from aia_mas.interfaces.http.economy.transfers import Transfers
from aia_mas.interfaces.http.economy.treasury import Treasury
from aia_mas.interfaces.http.economy.vote_delegations import VoteDelegations

__all__ = ["ECONOMIC_CONTROLLERS"]


class EconomicAgents(EconomicEnrolment, EconomicProfiles, StakeCommands):
    """All about one agent's money: Litestar takes the handlers of one path from one controller."""


ECONOMIC_CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    Accounts,
    Budgets,
    EconomicAgents,
    Incentives,
    EconomicOverview,
    Orders,
    Parameters,
    Proposals,
    StakingTiers,
    Statements,
    Transfers,
    Treasury,
    VoteDelegations,
)
"""All of the economy that is served over HTTP."""
