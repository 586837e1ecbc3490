"""The economy over HTTP."""

from __future__ import annotations

from aia_mas.interfaces.http.economy.profiles import EconomicProfiles
from aia_mas.interfaces.http.economy.summary import EconomicOverview

__all__ = ["ECONOMIC_CONTROLLERS"]


class EconomicAgents(EconomicProfiles):
    """All about one agent's money: Litestar takes the handlers of one path from one controller."""


ECONOMIC_CONTROLLERS = (EconomicAgents, EconomicOverview)
"""All about the economy that is served over HTTP."""
