# Written by `make client` from its asynchronous twin; changes are lost.
"""The groups of operations about messages."""

from __future__ import annotations

from aia.client.synchronous.inboxes import InboxStream
from aia.client.synchronous.operations.message_reads import MessageReads
from aia.client.synchronous.operations.message_receiving import MessageReceiving
from aia.client.synchronous.operations.message_rescue import MessageRescue
from aia.client.synchronous.operations.message_sending import MessageSending
from aia.client.synchronous.operations.route_reads import RouteReads
from aia.client.synchronous.operations.rule_methods import RuleMethods
from aia.client.synchronous.operations.topic_methods import TopicMethods

__all__ = ["Messages", "Routing"]


class Messages(MessageSending, MessageReceiving, MessageReads, MessageRescue):
    """Messages between agents: sent, taken, acknowledged, looked at, queued again."""

    def stream(
        self, agent_id: str, *, prefetch: int | None = None, patience: float | None = None
    ) -> InboxStream:
        """Return the messages of a recipient as they come, each to be acknowledged.

        Whenever the connection is lost it is made anew; what was not acknowledged comes again.

        Args:
            agent_id: Whose messages.
            prefetch: How many may be out without an acknowledgement; left out: 64.
            patience: For how long the server may be away before it is given up, seconds; left out:
                as long as a request may take (60); ``math.inf``: never.

        Example::

            with client.messages.stream("data_analyst_001") as deliveries:
                for delivery in deliveries:
                    print(delivery.message.from_agent, delivery.message.payload)
                    delivery.ack()
        """
        return InboxStream(self._connection, agent_id, prefetch, patience=patience)


class Routing(TopicMethods, RuleMethods, RouteReads):
    """Where messages go: subscriptions, rules, the routing table."""
