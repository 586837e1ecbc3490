"""One-time tickets for browsers: they open a socket or a stream in the name of a token."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import structlog

from aia_mas.application.access.tickets import Holder, TicketStore
from aia_mas.application.presence.presence import UNAVAILABLE
from aia_mas.interfaces.http.errors import (
    InvalidTicket,
    TicketExpired,
    TokenExpired,
    TokenRevoked,
)
from aia_mas.interfaces.http.security.tokens import Credential, principal_of

log = structlog.stdlib.get_logger("aia.access")

_BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_CHALLENGE = (b"www-authenticate", b'Bearer realm="mas"')
_TIDY_EVERY = 30.0


class Issued(NamedTuple):
    """A ticket, and until when it is taken."""

    ticket: str
    expires_at: datetime


class Tickets:
    """Issues tickets and takes them back, each once on all nodes together."""

    def __init__(
        self, store: TicketStore, refuses: Callable[[Credential], bool], *, seconds: float
    ) -> None:
        """Keep them in a store.

        Args:
            store: Where their digests are.
            refuses: Tells whether a token is revoked.
            seconds: How long one may wait to be used.
        """
        self._store = store
        self._refuses = refuses
        self._seconds = seconds

    async def issue(self, credential: Credential) -> Issued:
        """Issue a ticket in the name of whoever asks."""
        principal = credential.principal
        holder = Holder(
            subject=principal.subject,
            roles=tuple(sorted(principal.roles)),
            token_id=credential.token_id,
            issued_at=credential.issued_at,
            ends_at=credential.expires_at,
        )
        ticket = secrets.token_urlsafe(_BYTES)
        return Issued(ticket, await self._store.put(_digest(ticket), holder, self._seconds))

    async def take(self, ticket: str) -> Credential:
        """Take a ticket for good, and return in whose name it was issued.

        Raises:
            InvalidTicket: It was used already, or is none.
            TicketExpired: It comes too late.
            TokenExpired: The token that it was issued for has ended.
            TokenRevoked: That was revoked.
        """
        taken = await self._store.take(_digest(ticket)) if _FORM.fullmatch(ticket) else None
        if taken is None:
            raise InvalidTicket(headers=[_CHALLENGE])
        holder = taken.holder
        if time.time() >= holder.ends_at:
            raise TokenExpired(headers=[_CHALLENGE])
        if taken.expired:
            raise TicketExpired(headers=[_CHALLENGE])
        principal = principal_of(holder.subject, holder.roles)
        credential = Credential(principal, holder.ends_at, holder.token_id, holder.issued_at)
        if self._refuses(credential):
            raise TokenRevoked(headers=[_CHALLENGE])
        return credential

    async def run(self) -> None:
        """Remove what was never used, until cancelled."""
        while True:
            await asyncio.sleep(_TIDY_EVERY)
            try:
                await self._store.forget()
            except UNAVAILABLE as error:
                log.info("tickets_not_forgotten", error=str(error))


def _digest(ticket: str) -> bytes:
    # 256 random bits: there is nothing to be guessed, so nothing to be stretched.
    return hashlib.sha256(ticket.encode()).digest()
