"""Keeps the other nodes informed of who is connected here, and hears of agents that moved away.

Written in batches, behind the connections: opening one waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice

import anyio
import structlog

from aia_mas.application.connections import AgentSocket, ConnectionStore, OpenConnection
from aia_mas.application.presence.presence import UNAVAILABLE
from aia_mas.interfaces.realtime.roster import REPLACED, Entry, Roster

log = structlog.stdlib.get_logger("aia.realtime")

_BATCH = 500
"""Connections written at once; encoding them takes about a millisecond."""
_SCAN = 1_000
"""Connections looked at before other work gets its turn."""
_TOLD_BYTES = 16 * 2**10
"""What waits unread is told from here on; less comes and goes."""


class ConnectionPresence:
    """Exchanges what is known of connections with the other nodes, for as long as it runs."""

    def __init__(
        self,
        roster: Roster,
        store: ConnectionStore,
        *,
        silence: float,
        interval: float = 0.5,
        look_every: float = 2.0,
        tidy_every: float = 30.0,
    ) -> None:
        """Tell of a roster.

        Args:
            roster: The connections of this node.
            store: Where the nodes meet.
            silence: Seconds after which a node that does not renew counts as gone.
            interval: Seconds between two exchanges, at most.
            look_every: Seconds between looks for agents that connected elsewhere, and for
                connections that do not read.
            tidy_every: Seconds between removals of what nodes left behind.
        """
        self._roster = roster
        self._store = store
        self._interval = min(interval, silence / 4)
        self._renew_every = silence / 4
        self._look_every = look_every
        self._tidy_every = tidy_every
        self._renew_at = self._look_at = 0.0
        self._tidy_at = asyncio.get_running_loop().time() + tidy_every
        self._again: dict[str, Entry] = {}
        self._wake = asyncio.Event()
        self._available = True
        roster.urgent = self._wake.set

    def heard(self, hint: str) -> None:
        """Take a hint that agents have connected (``hint``: their ids; empty: too many to tell)."""
        serving = self._roster.serving
        if not hint or any(serving(agent_id) is not None for agent_id in hint.split(",")):
            self._look_at = 0.0
            self._wake.set()

    async def run(self) -> None:
        """Exchange until cancelled; then take back what was written."""
        try:
            while True:
                self._wake.clear()
                try:
                    await self.exchange()
                except UNAVAILABLE as error:
                    if self._available:
                        log.warning("connections_not_told", error=str(error))
                    self._available = False
                    await asyncio.sleep(self._interval)
                else:
                    self._available = True
                    await self._pause()
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                await self._leave()

    async def exchange(self) -> None:
        """Tell what is new, and hear what is."""
        now = asyncio.get_running_loop().time()
        if now >= self._renew_at:
            if not await self._store.renew():
                self._tell_all()
            self._renew_at = now + self._renew_every
        await self._write()
        await self._claim()
        await self._remove()
        if now >= self._look_at:
            await self._look()
            self._look_at = now + self._look_every
        if now >= self._tidy_at:
            await self._store.forget_gone()
            self._tidy_at = now + self._tidy_every

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await self._wake.wait()
        except TimeoutError:
            return

    def _tell_all(self) -> None:
        """Write everything anew: the store has forgotten this node, or never knew it."""
        roster = self._roster
        roster.changed.update(dict.fromkeys(roster.entries.values()))
        self._again = {
            agent_id: entry
            for agent_id, entry in roster.agents().items()
            if agent_id not in roster.claims
        }

    async def _write(self) -> None:
        changed = self._roster.changed
        while changed:
            batch = list(islice(changed, _BATCH))
            for entry in batch:
                entry.told = True
                entry.queued = _told_bytes(entry)
                del changed[entry]
            try:
                await self._store.write([_open(entry) for entry in batch])
            except BaseException:
                open_now = self._roster.entries
                changed.update(dict.fromkeys(each for each in batch if each.connection in open_now))
                raise

    async def _claim(self) -> None:
        """Tell which sockets serve their agents, and let older ones elsewhere know."""
        roster = self._roster
        while roster.claims:
            claims = dict(islice(roster.claims.items(), _BATCH))
            for agent_id in claims:
                del roster.claims[agent_id]
            try:
                await self._store.claim(_sockets(claims.values()), newly=True)
            except BaseException:
                for agent_id, entry in claims.items():
                    if roster.serving(agent_id) is entry:
                        roster.claims[agent_id] = entry
                raise
        while self._again:
            batch = list(islice(self._again.items(), _BATCH))
            sockets = _sockets(entry for name, entry in batch if roster.serving(name) is entry)
            if sockets:
                await self._store.claim(sockets, newly=False)
            for agent_id, _ in batch:
                del self._again[agent_id]

    async def _remove(self) -> None:
        gone = self._roster.gone
        while gone:
            batch = gone[:_BATCH]
            await self._store.remove(batch)
            del gone[: len(batch)]

    async def _look(self) -> None:
        """Close sockets of agents that connected elsewhere; see who does not read."""
        roster = self._roster
        if roster.agents():
            superseded = set(await self._store.superseded())
            for entry in roster.agents().values() if superseded else ():
                if entry.id in superseded:
                    entry.connection.leave(REPLACED)
        for number, entry in enumerate(list(roster.entries.values()), 1):
            if _told_bytes(entry) != entry.queued and entry.connection in roster.entries:
                roster.changed[entry] = None
            if number % _SCAN == 0:
                await asyncio.sleep(0)

    async def _leave(self) -> None:
        try:
            await self._store.leave()
        except UNAVAILABLE as error:
            log.info("connections_not_taken_back", error=str(error))


def _told_bytes(entry: Entry) -> int:
    queued = entry.connection.queued_bytes
    return queued if queued >= _TOLD_BYTES else 0


def _open(entry: Entry) -> OpenConnection:
    return OpenConnection(
        connection_id=entry.id,
        kind=entry.kind,
        client_id=entry.connection.client_id,
        agent_id=entry.agent_id,
        subject=entry.credential.principal.subject,
        opened_at=entry.opened_at,
        topics=entry.topics(),
        queued_bytes=entry.queued,
    )


def _sockets(entries: Iterable[Entry]) -> list[AgentSocket]:
    return [AgentSocket(each.agent_id, each.id) for each in entries if each.agent_id is not None]
