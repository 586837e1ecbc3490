"""One-time tickets: what is kept of them, in PostgreSQL or in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, NamedTuple, Protocol

import msgspec
from psycopg_pool import AsyncConnectionPool

from aia_mas.application.clock import Clock

KEPT_SECONDS = 60.0
"""How long a ticket that nobody used is kept, to be told that it has expired."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked for a ticket, by the token it had.

    Attributes:
        subject: Who.
        roles: The names of its roles.
        token_id: The id of the token, if it has one.
        issued_at: When the token was issued, Unix time, see ``Revocations.refuse``.
        ends_at: When the token ends, Unix time; infinite without a token.
    """

    subject: str
    roles: tuple[str, ...]
    token_id: str | None = None
    issued_at: float = inf
    ends_at: float = inf


class Taken(NamedTuple):
    """A ticket that was given back, for good (``expired``: too late)."""

    holder: Holder
    expired: bool


class TicketStore(Protocol):
    """Keeps digests of tickets, never tickets."""

    async def put(self, digest: bytes, holder: Holder, seconds: float) -> datetime:
        """Keep a ticket for some seconds, no longer than the token; return until when."""
        ...

    async def take(self, digest: bytes) -> Taken | None:
        """Take a ticket away: of all who try, on whichever node, one gets it."""
        ...

    async def forget(self) -> None:
        """Remove what was never used."""
        ...


class PostgresTickets:
    """Tickets in the UNLOGGED table ``tickets``: after a crash of the database there are none."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Use a migrated database."""
        self._pool = pool

    async def put(self, digest: bytes, holder: Holder, seconds: float) -> datetime:
        """Keep a ticket; see ``TicketStore.put``."""
        ends_at = None if holder.ends_at == inf else holder.ends_at
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """insert into tickets
                    (digest, subject, roles, token_id, issued_at, ends_at, expires_at)
                values (%s, %s, %s, %s, %s, %s, least(
                    clock_timestamp() + make_interval(secs => %s), to_timestamp(%s)))
                returning expires_at""",
                (
                    digest,
                    holder.subject,
                    list(holder.roles),
                    holder.token_id,
                    holder.issued_at,
                    holder.ends_at,
                    seconds,
                    ends_at,
                ),
            )
            row = await cursor.fetchone()
        assert row is not None
        expires_at: datetime = row[0].astimezone(UTC)
        return expires_at

    async def take(self, digest: bytes) -> Taken | None:
        """Take a ticket away; see ``TicketStore.take``."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """delete from tickets where digest = %s
                returning subject, roles, token_id, issued_at, ends_at,
                    expires_at <= clock_timestamp()""",
                (digest,),
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        subject, roles, token_id, issued_at, ends_at, expired = row
        holder = Holder(
            subject=subject,
            roles=tuple(roles),
            token_id=token_id,
            issued_at=issued_at,
            ends_at=ends_at,
        )
        return Taken(holder, expired)

    async def forget(self) -> None:
        """Remove what was never used."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """delete from tickets
                where expires_at < clock_timestamp() - make_interval(secs => %s)""",
                (KEPT_SECONDS,),
            )


class MemoryTickets:
    """Tickets in this process, for systems in memory."""

    def __init__(self, clock: Clock) -> None:
        """Start with none."""
        self._clock = clock
        self._kept: dict[bytes, tuple[Holder, datetime]] = {}

    async def put(self, digest: bytes, holder: Holder, seconds: float) -> datetime:
        """Keep a ticket; see ``TicketStore.put``."""
        expires_at = self._clock.now() + timedelta(seconds=seconds)
        if holder.ends_at != inf:
            expires_at = min(expires_at, datetime.fromtimestamp(holder.ends_at, UTC))
        self._kept[digest] = (holder, expires_at)
        return expires_at

    async def take(self, digest: bytes) -> Taken | None:
        """Take a ticket away; see ``TicketStore.take``."""
        kept = self._kept.pop(digest, None)
        return None if kept is None else Taken(kept[0], kept[1] <= self._clock.now())

    async def forget(self) -> None:
        """Remove what was never used."""
        before = self._clock.now() - timedelta(seconds=KEPT_SECONDS)
        self._kept = {digest: kept for digest, kept in self._kept.items() if kept[1] >= before}
