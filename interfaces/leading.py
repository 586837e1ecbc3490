"""What a node leads whenever it has the lease: the processes, by the names of their leases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from aia_mas.application.engine.engine import Engine
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.processes import deadlines, dispatcher
from aia_mas.application.processes.deadlines import Deadlines

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

Process: TypeAlias = Callable[[Lease], Awaitable[None]]
"""Does what a process does, for as long as the lease lasts."""


def processes_of(system: System, ending: Deadlines) -> dict[str, Process]:
    """Return the processes of a node that is wired but for these (``ending``: the deadlines)."""

    def process(lead: Callable[[Lease, Engine], Awaitable[None]]) -> Process:
        return lambda lease: lead(lease, system.engine)

    leads = (
        (dispatcher.LEASE, system.dispatcher.lead),
        (deadlines.LEASE, ending.lead),
        *system.webhooks.leads,
        *system.economy.leads,
        *system.communication.leads,
    )
    return {name: process(lead) for name, lead in leads}
