# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about revocations."""

from __future__ import annotations

from datetime import datetime

from aia.client.types.base import Answer


class Revocation(Answer, frozen=True, kw_only=True):
    """Tokens that are refused; the fields: see `TokensRevoked`."""

    subject: str | None
    token_id: str | None
    issued_before: datetime | None
    expires_at: datetime | None
    reason: str
    by: str
    at: datetime


class RevocationPage(Answer, frozen=True, kw_only=True):
    """Revocations in force (`next_cursor`: for the next page; `total`: when asked for).

    Attributes:
        next_cursor: For the next page.
        total: When asked for.
    """

    items: list[Revocation]
    next_cursor: str | None
    total: int | None = None
