# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: revocations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aia.client.synchronous.group import Group
from aia.client.types import Revocation, RevocationPage
from aia.client.writing import given


class Revocations(Group):
    """Methods of `client.revocations`."""

    def revoke(
        self,
        *,
        subject: str | None = None,
        token_id: str | None = None,
        issued_before: datetime | None = None,
        expires_at: datetime | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Revocation:
        """Refuse all tokens of a subject that were issued until now, or one token by its id.

        Requests with them are 401 `token_revoked` from the answer on (on other nodes once they
        have heard of it, mostly within milliseconds); their sockets and streams are closed with
        4001.

        Args:
            subject: The `sub` of the tokens.
            token_id: The `jti` of the token.
            issued_before: With a subject: tokens issued (`iat`) before this are refused, and those
                that do not say when; now, when left out. RFC 3339, not in the future.
            expires_at: When the last of these tokens ends by itself, if that is known: the
                revocation ends then, too. RFC 3339.
            reason: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.revocations.revoke(
                subject="data_analyst_001", reason="the laptop was lost"
            )
        """
        body = given(
            {
                "subject": subject,
                "token_id": token_id,
                "issued_before": issued_before,
                "expires_at": expires_at,
                "reason": reason,
            }
        )
        return self._connection.command(
            "POST", "/mas/api/v1/security/revocations", Revocation, body, key=idempotency_key
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> RevocationPage:
        """List the revocations in force; those whose tokens have all ended are gone.

        Args:
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.revocations.list()
        """
        return self._connection.read(
            "/mas/api/v1/security/revocations",
            RevocationPage,
            {"limit": limit, "cursor": cursor, "total": total, "min_position": min_position},
        )

    def iterate(
        self,
        *,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Revocation]:
        """Iterate over all that `list` lists, page by page.

        Args:
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.revocations.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(limit=limit, min_position=min_position, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return
