"""The groups of operations about messages."""

from __future__ import annotations

from aia.client.asynchronous.inboxes import AsyncInboxStream
from aia.client.asynchronous.operations.message_reads import AsyncMessageReads
from aia.client.asynchronous.operations.message_receiving import AsyncMessageReceiving
from aia.client.asynchronous.operations.message_rescue import AsyncMessageRescue
from aia.client.asynchronous.operations.message_sending import AsyncMessageSending
from aia.client.asynchronous.operations.route_reads import AsyncRouteReads
from aia.client.asynchronous.operations.rule_methods import AsyncRuleMethods
from aia.client.asynchronous.operations.topic_methods import AsyncTopicMethods

__all__ = ["AsyncMessages", "AsyncRouting"]


class AsyncMessages(
    AsyncMessageSending, AsyncMessageReceiving, AsyncMessageReads, AsyncMessageRescue
):
    """Messages between agents: sent, taken, acknowledged, looked at, queued again."""

    def stream(
        self, agent_id: str, *, prefetch: int | None = None, patience: float | None = None
    ) -> AsyncInboxStream:
        """Return the messages of a recipient as they come, each to be acknowledged.

        Whenever the connection is lost it is made anew; what was not acknowledged comes again.

        Args:
            agent_id: Whose messages.
            prefetch: How many may be out without an acknowledgement; left out: 64.
            patience: For how long the server may be away before it is given up, seconds; left out:
                as long as a request may take (60); ``math.inf``: never.

        Example::

            async with client.messages.stream("data_analyst_001") as deliveries:
                async for delivery in deliveries:
                    print(delivery.message.from_agent, delivery.message.payload)
                    await delivery.ack()
        """
        return AsyncInboxStream(self._connection, agent_id, prefetch, patience=patience)


class AsyncRouting(AsyncTopicMethods, AsyncRuleMethods, AsyncRouteReads):
    """Where messages go: subscriptions, rules, the routing table."""
