"""What every aggregate stands on: events, decisions, errors, ids, money, principals."""

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.principal import Principal, Role

__all__ = [
    "Context",
    "Decision",
    "DomainError",
    "Event",
    "Principal",
    "Role",
    "State",
    "accept",
    "refuse",
]
