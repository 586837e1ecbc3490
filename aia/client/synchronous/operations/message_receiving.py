# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: message receiving."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aia.client.synchronous.group import Group
from aia.client.types import (
    AcknowledgedItems,
    DeliveredMessages,
    Settled,
    WaitingMessage,
    WaitingPage,
)
from aia.client.writing import given, segment


class MessageReceiving(Group):
    """Methods of `client.messages`."""

    def receive(
        self,
        agent_id: str,
        *,
        wait: float | None = None,
        limit: int | None = None,
    ) -> DeliveredMessages:
        """Take messages from an inbox, waiting for one if need be.

        What is answered counts as delivered: unless it is acknowledged within its `ack_seconds` it
        is delivered again. Critical messages come first; less urgent ones come before more urgent
        ones only when they have waited much longer. Large ones (8 MiB together) make it fewer than
        `limit`. A recipient need not be registered.

        Args:
            agent_id: The agent.
            wait: How long to wait for a message when there is none, seconds; at most
                `MAS_CLAIM_WAIT` (30).
            limit: Items of a page, at most.

        Example::

            client.messages.receive("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/inbox",
            DeliveredMessages,
            {"wait": wait, "limit": limit},
            wait=wait or 0.0,
        )

    def peek(
        self,
        agent_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> WaitingPage:
        """Look into an inbox, oldest first; nothing is delivered by that.

        Args:
            agent_id: The agent.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.messages.peek("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/inbox/peek",
            WaitingPage,
            {"limit": limit, "cursor": cursor, "min_position": min_position},
        )

    def iterate_peek(
        self,
        agent_id: str,
        *,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[WaitingMessage]:
        """Iterate over all that `peek` lists, page by page.

        Args:
            agent_id: The agent.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.messages.iterate_peek("data_analyst_001"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.peek(agent_id, limit=limit, min_position=min_position, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def ack(
        self,
        message_id: str,
        agent_id: str,
    ) -> Settled:
        """Say that a message has arrived: it is not delivered again.

        409 `message_already_acknowledged` says that this was known; `not_a_recipient` that it was
        sent to others, `message_closed` that it is dead, dropped or expired.

        Args:
            message_id: The message.
            agent_id: Its recipient.

        Example::

            client.messages.ack(message.message_id, "data_analyst_001")
        """
        body = {"agent_id": agent_id}
        return self._connection.signal(
            f"/mas/api/v1/communication/messages/{segment(message_id)}/ack", Settled, body
        )

    def ack_many(
        self,
        agent_id: str,
        message_ids: Sequence[str],
    ) -> AcknowledgedItems:
        """Say that messages have arrived: they are not delivered again.

        Each is taken or refused on its own, and all that are taken are in one commit.

        Args:
            agent_id: The agent.
            message_ids: 1 to 1,000.

        Example::

            client.messages.ack_many(
                "data_analyst_001", ["01a2036c-65fc-7403-87f1-7ad5c6d11796"]
            )
        """
        body = {"message_ids": message_ids}
        return self._connection.signal(
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/inbox/ack",
            AcknowledgedItems,
            body,
        )

    def nack(
        self,
        message_id: str,
        agent_id: str,
        *,
        reason: str | None = None,
        attempt: int | None = None,
        retry_after_seconds: float | None = None,
        requeue: bool | None = None,
    ) -> Settled:
        """Give a message back: it is delivered again later, until its attempts are used up.

        With `requeue` false it is dead at once.

        Args:
            message_id: The message.
            agent_id: The recipient.
            reason: Why, for the record, at most 1,000 characters.
            attempt: Which delivery, as the message said (1, when it said nothing). One that has
                failed already is not counted once more. Left out: the last one.
            retry_after_seconds: When it is to be delivered again; left out: as the server's
                settings say.
            requeue: Whether it is to be at all; else it is dead at once.

        Example::

            client.messages.nack(
                message.message_id,
                "data_analyst_001",
                reason="the source is away",
                retry_after_seconds=60,
            )
        """
        body = {
            "agent_id": agent_id,
            **given(
                {
                    "reason": reason,
                    "attempt": attempt,
                    "retry_after_seconds": retry_after_seconds,
                    "requeue": requeue,
                }
            ),
        }
        return self._connection.signal(
            f"/mas/api/v1/communication/messages/{segment(message_id)}/nack", Settled, body
        )
