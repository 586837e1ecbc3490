"""Tokens that are refused before they expire, of a subject or by id; the stream of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_moment, check_text

REVOCATIONS = stream_of("revocation", "tokens")
"""The stream of all revocations: a node that starts reads one stream to know all of them."""
MAX_REVOCATIONS = 10_000
"""Most revocations in force at once: every node keeps them in memory."""
LONGEST_NAME = 255
"""Longest subject or id of a token, in characters."""
LONGEST_REASON = 1_000


class TooManyRevocations(DomainError):
    """So many revocations are in force that no other can be kept; revoke by subject."""

    code = "too_many_revocations"


class TokensRevoked(Event, frozen=True, kw_only=True):
    """Tokens count no more from here on.

    Attributes:
        subject: Of whom; None: one token, by its id.
        token_id: The ``jti`` of that token.
        issued_before: Of the subject, those that were issued (``iat``) before, UTC.
        expires_at: When the last of them would have ended by itself, UTC; None: nobody knows.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "tokens.revoked.v1"
    subject: str | None = None
    token_id: str | None = None
    issued_before: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (TokensRevoked,)
"""Every event of the stream, for the topic registry."""


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that are refused; the fields: see ``TokensRevoked``."""

    subject: str | None
    token_id: str | None
    issued_before: datetime | None
    expires_at: datetime | None
    reason: str
    by: str
    at: datetime

    def over(self, now: datetime) -> bool:
        """Tell whether none of its tokens can be valid any more."""
        return self.expires_at is not None and self.expires_at <= now


class RevocationState(State, frozen=True, kw_only=True):
    """All revocations by what they are about, see ``key_of``."""

    entries: Mapping[str, Revocation] = {}


class RevokeTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Refuse the tokens of a subject, or one by its id; the fields: see ``TokensRevoked``."""

    subject: str | None = None
    token_id: str | None = None
    issued_before: datetime | None = None
    expires_at: datetime | None = None
    reason: str = ""


def key_of(subject: str | None, token_id: str | None) -> str:
    """Return what a revocation is about, as one word."""
    return f"token:{token_id}" if subject is None else f"subject:{subject}"


def evolve(state: RevocationState | None, event: Event) -> RevocationState:
    """Fold one event of the stream into the state; folding it once more changes nothing."""
    assert isinstance(event, TokensRevoked)
    known = {} if state is None else state.entries
    entries = {key: entry for key, entry in known.items() if not entry.over(event.at)}
    key = key_of(event.subject, event.token_id)
    entries[key] = _joined(entries.get(key), event)
    return RevocationState(entries=entries)


def revoke_tokens(state: RevocationState | None, command: RevokeTokens, ctx: Context) -> Decision:
    """Revoke; what is refused already stays as it is."""
    try:
        _check(command, ctx.now)
    except InvalidValue as error:
        return refuse(error)
    issued_before = command.issued_before
    if command.subject is not None and issued_before is None:
        issued_before = ctx.now
    event = TokensRevoked(
        subject=command.subject,
        token_id=command.token_id,
        issued_before=issued_before,
        expires_at=command.expires_at,
        reason=command.reason,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    entries = {} if state is None else state.entries
    key = key_of(command.subject, command.token_id)
    known = entries.get(key)
    if known is not None and not known.over(ctx.now) and _covers(known, event):
        return accept(REVOCATIONS)
    if known is None:
        in_force = sum(not entry.over(ctx.now) for entry in entries.values())
        if in_force >= MAX_REVOCATIONS:
            return refuse(TooManyRevocations())
    return accept(REVOCATIONS, event)


def _check(command: RevokeTokens, now: datetime) -> None:
    mistakes = Mistakes()
    for name in ("subject", "token_id"):
        value = getattr(command, name)
        if value is not None:
            mistakes.check(check_text, value, name, shortest=1, longest=LONGEST_NAME)
    if (command.subject is None) == (command.token_id is None):
        mistakes.add(InvalidValue("Give either a subject or a token_id", field="subject"))
    issued_before, expires_at = command.issued_before, command.expires_at
    mistakes.check(check_moment, issued_before, "issued_before")
    mistakes.check(check_moment, expires_at, "expires_at")
    if not mistakes and issued_before is not None:
        if command.token_id is not None:
            mistakes.add(InvalidValue("issued_before goes with a subject", field="issued_before"))
        elif issued_before > now:
            # Whoever it is about could not get a valid token until then.
            mistakes.add(InvalidValue("issued_before is in the future", field="issued_before"))
    if not mistakes and expires_at is not None and expires_at <= now:
        mistakes.add(InvalidValue("expires_at is past: they are refused", field="expires_at"))
    mistakes.check(check_text, command.reason, "reason", longest=LONGEST_REASON)
    mistakes.refuse()


def _covers(known: Revocation, event: TokensRevoked) -> bool:
    """Tell whether a revocation refuses all that another one would, for as long."""
    before, wanted = known.issued_before, event.issued_before
    if before is not None and wanted is not None and before < wanted:
        return False
    return _latest(known.expires_at, event.expires_at) == known.expires_at


def _joined(known: Revocation | None, event: TokensRevoked) -> Revocation:
    """Return what a revocation becomes by an event: it never refuses less than before."""
    issued_before, expires_at = event.issued_before, event.expires_at
    if known is not None:
        if known.issued_before is not None and issued_before is not None:
            issued_before = max(known.issued_before, issued_before)
        expires_at = _latest(known.expires_at, expires_at)
    return Revocation(
        subject=event.subject,
        token_id=event.token_id,
        issued_before=issued_before,
        expires_at=expires_at,
        reason=event.reason,
        by=event.by,
        at=event.at,
    )


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later end (None: there is none)."""
    return None if one is None or other is None else max(one, other)
