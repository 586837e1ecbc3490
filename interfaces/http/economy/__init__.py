"""The economy over HTTP."""

from __future__ import annotations

from aia_mas.interfaces.http.economy.accounts import Accounts
from aia_mas.interfaces.http.economy.profiles import EconomicProfiles
from aia_mas.interfaces.http.economy.staking import StakeCommands, StakingTiers
from aia_mas.interfaces.http.economy.summary import EconomicOverview
from aia_mas.interfaces.http.economy.transfers import Transfers

__all__ = ["ECONOMIC_CONTROLLERS"]


class EconomicAgents(EconomicProfiles, StakeCommands):
    """All about one agent's money: Litestar takes the handlers of one path from one controller."""


ECONOMIC_CONTROLLERS = (Accounts, EconomicAgents, EconomicOverview, StakingTiers, Transfers)
"""All about the economy that is served over HTTP."""
