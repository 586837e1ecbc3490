"""Who may come in, and who is there: tickets, revoked tokens and connections, wired for a node."""

from __future__ import annotations

import secrets

from anyio.abc import TaskGroup

from aia_mas.application.access.revoked import Revocations
from aia_mas.application.access.tickets import MemoryTickets, PostgresTickets, TicketStore
from aia_mas.application.clock import Clock
from aia_mas.application.connections import (
    ConnectionStore,
    MemoryConnections,
    PostgresConnections,
)
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.settings import Settings
from aia_mas.interfaces.http.security import Credential, Tickets
from aia_mas.interfaces.realtime.ending import Endings
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.presence import ConnectionPresence

_SILENCES = 2
"""How many leases of a leader a node may be silent before its connections are not shown."""


class Access:
    """What the doors of a node ask, and what they tell.

    Attributes:
        revocations: Tokens that are refused before their time.
        tickets: Stand in for tokens, once.
        connections: The connections of all nodes.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        clock: Clock,
        event_log: EventLog,
        working_set: WorkingSet,
        hub: Hub,
    ) -> None:
        """Wire it for a node.

        Args:
            settings: What the node is told.
            name: That of the node.
            clock: What time it is.
            event_log: The log, running.
            working_set: Has the state of the revocations.
            hub: Its connections.
        """
        tickets: TicketStore
        silence = _SILENCES * settings.leader_lease_seconds
        if isinstance(event_log, PostgresEventLog):
            tickets = PostgresTickets(event_log.pool)
            store = PostgresConnections(
                event_log.pool,
                node_id=f"{name}:{secrets.token_hex(4)}",
                node=name,
                silence=silence,
                channel=event_log.hint_channel,
            )
            self.connections: ConnectionStore = store

            def hinted(hint: str) -> None:
                agents = store.told_by_another(hint)
                if agents is not None:
                    self._presence.heard(agents)

            event_log.hinted = hinted
        else:
            tickets = MemoryTickets(clock)
            self.connections = MemoryConnections(name)
        self._working_set = working_set
        self.revocations = Revocations(event_log, clock)
        self.tickets = Tickets(tickets, self.refuses, seconds=settings.ticket_seconds)
        self._presence = ConnectionPresence(hub.roster, self.connections, silence=silence)
        self._endings = Endings(event_log, hub.roster, name)
        hub.roster.refuses = self.refuses
        self.revocations.listen(self._endings.revoked)

    def refuses(self, credential: Credential) -> bool:
        """Tell whether what somebody came in by is revoked."""
        return self.revocations.refuse(
            credential.principal.subject, credential.token_id, credential.issued_at
        )

    async def start(self, tasks: TaskGroup) -> None:
        """Learn what is revoked, then keep everything up to date.

        Args:
            tasks: What runs as long as the node does.

        Raises:
            EventLogError: The log cannot be read.
        """
        await self.revocations.load(self._working_set)
        for work in (self._endings.run, self._presence.run, self.tickets.run):
            tasks.start_soon(work)
