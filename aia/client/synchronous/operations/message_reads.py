# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: message reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    Delivery,
    DeliveryPage,
    Message,
    MessagePage,
    MessageStatus,
    MessageStory,
    Priority,
    ReceivedMessage,
    ReceivedPage,
)
from aia.client.writing import segment


class MessageReads(Group):
    """Methods of `client.messages`."""

    def get(
        self,
        message_id: str,
        *,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> MessageStory:
        """Return a message and its whole story, by recipient and as it happened.

        Of many recipients it shows the first ones by their ids; `next_cursor` is for those behind
        them, in `deliveries`. Who sent it or was sent it may see it, operators and auditors any;
        an encrypted payload is decrypted for them.

        Args:
            message_id: The message.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.get(message.message_id)
        """
        return self._connection.read(
            f"/mas/api/v1/communication/messages/{segment(message_id)}",
            MessageStory,
            {"limit": limit, "min_position": min_position},
        )

    def deliveries(
        self,
        message_id: str,
        *,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> DeliveryPage:
        """List how a message stands at its recipients, by their ids.

        Args:
            message_id: The message.
            status: Standing so at the recipient.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.deliveries(message.message_id)
        """
        return self._connection.read(
            f"/mas/api/v1/communication/messages/{segment(message_id)}/deliveries",
            DeliveryPage,
            {"status": status, "limit": limit, "cursor": cursor, "min_position": min_position},
        )

    def iterate_deliveries(
        self,
        message_id: str,
        *,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Delivery]:
        """Iterate over all that `deliveries` lists, page by page.

        Args:
            message_id: The message.
            status: Standing so at the recipient.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.messages.iterate_deliveries(message.message_id):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.deliveries(
                message_id, status=status, limit=limit, min_position=min_position, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def list(
        self,
        *,
        from_agent: str | None = None,
        recipient: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        topic: str | None = None,
        correlation_id: str | None = None,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["sent_at", "-sent_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> MessagePage:
        """List messages; a page of large ones may hold fewer than `limit` (see `next_cursor`).

        Operators and auditors see all of them; others those that they sent or received, and say so
        with `from_agent` or `recipient`.

        Args:
            from_agent: Sent by this one.
            recipient: To this one; of a group once anything is known of the delivery.
            message_type: Of this type.
            priority: Of one of these classes.
            topic: Sent to this topic.
            correlation_id: Tied together by this.
            status: Standing so at some recipient; `status` of the message may be another one.
            since: Sent at this time or later.
            until: Sent before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.list()
        """
        return self._connection.read(
            "/mas/api/v1/communication/messages",
            MessagePage,
            {
                "from_agent": from_agent,
                "recipient": recipient,
                "message_type": message_type,
                "priority": priority,
                "topic": topic,
                "correlation_id": correlation_id,
                "status": status,
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate(
        self,
        *,
        from_agent: str | None = None,
        recipient: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        topic: str | None = None,
        correlation_id: str | None = None,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["sent_at", "-sent_at"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Message]:
        """Iterate over all that `list` lists, page by page.

        Args:
            from_agent: Sent by this one.
            recipient: To this one; of a group once anything is known of the delivery.
            message_type: Of this type.
            priority: Of one of these classes.
            topic: Sent to this topic.
            correlation_id: Tied together by this.
            status: Standing so at some recipient; `status` of the message may be another one.
            since: Sent at this time or later.
            until: Sent before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.messages.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.list(
                from_agent=from_agent,
                recipient=recipient,
                message_type=message_type,
                priority=priority,
                topic=topic,
                correlation_id=correlation_id,
                status=status,
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

    def received(
        self,
        agent_id: str,
        *,
        from_agent: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["queued_at", "-queued_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> ReceivedPage:
        """List the messages that a recipient was sent, each with how its delivery goes.

        What went to a group is there once anything is known of its delivery; until then it is in
        the inbox only.

        Args:
            agent_id: The agent.
            from_agent: Sent by this one.
            message_type: Of this type.
            priority: Of one of these classes.
            status: Standing so at the recipient.
            since: Sent at this time or later.
            until: Sent before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.received("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/messages",
            ReceivedPage,
            {
                "from_agent": from_agent,
                "message_type": message_type,
                "priority": priority,
                "status": status,
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_received(
        self,
        agent_id: str,
        *,
        from_agent: str | None = None,
        message_type: str | None = None,
        priority: Priority | Sequence[Priority] | None = None,
        status: MessageStatus | Sequence[MessageStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["queued_at", "-queued_at"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[ReceivedMessage]:
        """Iterate over all that `received` lists, page by page.

        Args:
            agent_id: The agent.
            from_agent: Sent by this one.
            message_type: Of this type.
            priority: Of one of these classes.
            status: Standing so at the recipient.
            since: Sent at this time or later.
            until: Sent before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.messages.iterate_received("data_analyst_001"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.received(
                agent_id,
                from_agent=from_agent,
                message_type=message_type,
                priority=priority,
                status=status,
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
