"""The economy over HTTP."""

from aia_mas.interfaces.http.economy.staking import StakeCommands, StakingTiers

__all__ = ["EconomicAgents", "StakingTiers"]


class EconomicAgents(StakeCommands):
    """All about agents in the economy: the handlers of one path belong to one controller."""
