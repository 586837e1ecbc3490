# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: message rescue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    DeadLetter,
    DeadLetterCriteria,
    DeadLetterPage,
    Priority,
    RedrivenMessage,
    RedriveResult,
)
from aia.client.writing import given, segment


class MessageRescue(Group):
    """Methods of `client.messages`."""

    def dead_letters(
        self,
        *,
        recipient: str | None = None,
        from_agent: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["died_at", "-died_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> DeadLetterPage:
        """List the letters that are dead, and were not queued again.

        Operators and auditors see all of them, others with `recipient` their own.

        Args:
            recipient: To this one; of a group once anything is known of the delivery.
            from_agent: Sent by this one.
            message_type: Of this type.
            priority: Of one of these classes.
            reason: Dead for this reason: all of it, or what stands before its colon: `refused`,
                `timed_out`, `disconnected`.
            since: Dead since this time or later.
            until: Dead before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.dead_letters()
        """
        return self._connection.read(
            "/mas/api/v1/communication/dead-letters",
            DeadLetterPage,
            {
                "recipient": recipient,
                "from_agent": from_agent,
                "message_type": message_type,
                "priority": priority,
                "reason": reason,
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_dead_letters(
        self,
        *,
        recipient: str | None = None,
        from_agent: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        reason: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["died_at", "-died_at"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[DeadLetter]:
        """Iterate over all that `dead_letters` lists, page by page.

        Args:
            recipient: To this one; of a group once anything is known of the delivery.
            from_agent: Sent by this one.
            message_type: Of this type.
            priority: Of one of these classes.
            reason: Dead for this reason: all of it, or what stands before its colon: `refused`,
                `timed_out`, `disconnected`.
            since: Dead since this time or later.
            until: Dead before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.messages.iterate_dead_letters():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.dead_letters(
                recipient=recipient,
                from_agent=from_agent,
                message_type=message_type,
                priority=priority,
                reason=reason,
                since=since,
                until=until,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def redrive(
        self,
        message_id: str,
        *,
        agent_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> RedrivenMessage:
        """Queue a dead message again, at the end and with all its attempts.

        For one recipient, or for all for whom it is dead. A recipient may have its own letters
        queued again, an operator any.

        Args:
            message_id: The message.
            agent_id: Left out, all for whom it is dead.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.redrive(message.message_id, agent_id="data_analyst_001")
        """
        body = given({"agent_id": agent_id}) or None
        return self._connection.command(
            "POST",
            f"/mas/api/v1/communication/messages/{segment(message_id)}/redrive",
            RedrivenMessage,
            body,
            key=idempotency_key,
        )

    def redrive_many(
        self,
        *,
        filter: DeadLetterCriteria | Mapping[str, Any] | None = None,
        limit: int | None = None,
        dry_run: bool | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> RedriveResult:
        """Queue dead letters again, with all their attempts; up to 1,000 at once.

        With an `Idempotency-Key` a repetition is about the letters that matched first.

        Args:
            filter: Like the filters of the list.
            limit: So many at most, 1..1,000; those that died first.
            dry_run: Only tell which ones they are.
            reason: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.redrive_many(
                filter={"message_type": "task_request"}, dry_run=True
            )
        """
        body = given({"filter": filter, "limit": limit, "dry_run": dry_run, "reason": reason})
        return self._connection.command(
            "POST",
            "/mas/api/v1/communication/dead-letters/redrive",
            RedriveResult,
            body,
            key=idempotency_key,
        )
