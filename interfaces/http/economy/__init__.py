"""The economy over HTTP."""

from __future__ import annotations

from aia_mas.interfaces.http.economy.enrolment import EconomicEnrolment
from aia_mas.interfaces.http.economy.governance import Proposals
from aia_mas.interfaces.http.economy.orders import Orders
from aia_mas.interfaces.http.economy.parameters import Parameters
from aia_mas.interfaces.http.economy.treasury import Treasury
from aia_mas.interfaces.http.economy.vote_delegations import VoteDelegations

__all__ = ["ECONOMIC_CONTROLLERS"]


class EconomicAgents(EconomicEnrolment):
    """All about one agent's money: Litestar takes the handlers of one path from one controller."""


ECONOMIC_CONTROLLERS = (
    EconomicAgents,
    Treasury,
    Orders,
    Parameters,
    Proposals,
    VoteDelegations,
)
"""All about the economy that is served over HTTP."""
