"""Closes connections by the log: those that an operator orders, and those of revoked tokens.

What is open the moment this node hears of an event is what the event is about; what opens later is
not. Noting that takes no wait, closing thousands does, so it is done behind.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.disconnections import DisconnectionOrdered, Whom
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.roster import REVOKED, Entry, Roster

_DISCONNECTED = Closing(CloseCode.DISCONNECTED, "disconnected by an operator")
_SLICE = 500
"""Connections looked at before other work gets its turn."""

Meant = Callable[[Entry], bool]


class Endings:
    """What is to be closed on this node."""

    def __init__(self, event_log: EventLog, roster: Roster, node: str) -> None:
        """Listen to a log, running (``node``: the name of this node)."""
        self._roster = roster
        self._node = node
        self._pending: deque[tuple[list[Entry], Meant, Closing]] = deque()
        self._due = asyncio.Event()
        event_log.feed.listen(self._follow)

    def revoked(self) -> None:
        """Close what was opened by tokens that are revoked now."""
        self._note(lambda entry: self._roster.refuses(entry.credential), REVOKED)

    async def run(self) -> None:
        """Close what is to be closed, until cancelled."""
        while True:
            await self._due.wait()
            self._due.clear()
            while self._pending:
                entries, meant, closing = self._pending.popleft()
                for number, entry in enumerate(entries, 1):
                    if meant(entry):
                        entry.connection.leave(closing)
                    if number % _SLICE == 0:
                        await asyncio.sleep(0)

    def _follow(self, events: Sequence[RecordedEvent]) -> None:
        for recorded in events:
            event = recorded.event
            if type(event) is DisconnectionOrdered:
                self._order(event.whom)

    def _order(self, whom: Whom) -> None:
        if whom.node is None or whom.node == self._node:
            self._note(lambda entry: _is_meant(whom, entry), _DISCONNECTED)

    def _note(self, meant: Meant, closing: Closing) -> None:
        entries = list(self._roster.entries.values())
        if entries:
            self._pending.append((entries, meant, closing))
            self._due.set()


def _is_meant(whom: Whom, entry: Entry) -> bool:
    found = {
        "connection_id": entry.id,
        "kind": entry.kind,
        "client_id": entry.connection.client_id,
        "agent_id": entry.agent_id,
        "subject": entry.credential.principal.subject,
    }
    return all(
        getattr(whom, name) is None or getattr(whom, name) == value for name, value in found.items()
    )
