# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: topic methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aia.client.synchronous.group import Group
from aia.client.types import KnownTopic, Subscriptions, TopicPage
from aia.client.writing import segment


class TopicMethods(Group):
    """Methods of `client.routing`."""

    def subscriptions(
        self,
        agent_id: str,
        *,
        min_position: int | None = None,
    ) -> Subscriptions:
        """Return what a recipient subscribed to, and whether its endpoint gets its messages.

        Args:
            agent_id: The agent.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.routing.subscriptions("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/subscriptions",
            Subscriptions,
            {"min_position": min_position},
        )

    def subscribe(
        self,
        agent_id: str,
        patterns: Sequence[str],
        *,
        idempotency_key: str | None = None,
    ) -> Subscriptions:
        """Subscribe to topics or patterns; those that there are already change nothing.

        In a pattern `*` stands for one word, and `>` for all that follow: `tasks.*`, `tasks.>`. A
        recipient gets a message once, however many of its patterns take it in.

        Args:
            agent_id: The agent.
            patterns: At most 256, like `tasks.created` or `tasks.*`.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.routing.subscribe("data_analyst_001", ["tasks.*"])
        """
        body = {"patterns": patterns}
        return self._connection.command(
            "POST",
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/subscriptions",
            Subscriptions,
            body,
            key=idempotency_key,
        )

    def unsubscribe(
        self,
        agent_id: str,
        pattern: str | Sequence[str],
        *,
        idempotency_key: str | None = None,
    ) -> Subscriptions:
        """Take subscriptions back; those that there are not change nothing.

        Args:
            agent_id: The agent.
            pattern: These; several times for several of them.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.routing.unsubscribe("data_analyst_001", "tasks.*")
        """
        return self._connection.command(
            "DELETE",
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/subscriptions",
            Subscriptions,
            None,
            query={"pattern": pattern},
            key=idempotency_key,
        )

    def set_subscriptions(
        self,
        agent_id: str,
        patterns: Sequence[str],
        *,
        idempotency_key: str | None = None,
    ) -> Subscriptions:
        """Have exactly these subscriptions.

        Args:
            agent_id: The agent.
            patterns: At most 256, like `tasks.created` or `tasks.*`.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.routing.set_subscriptions(
                "data_analyst_001", ["tasks.created", "alerts.>"]
            )
        """
        body = {"patterns": patterns}
        return self._connection.command(
            "PUT",
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/subscriptions",
            Subscriptions,
            body,
            key=idempotency_key,
        )

    def forward(
        self,
        agent_id: str,
        webhook: bool,
        *,
        idempotency_key: str | None = None,
    ) -> Subscriptions:
        """Have messages sent to the agent's endpoint, too, or not any more.

        Each is a signed POST whose answer acknowledges or refuses it; see `docs/webhooks.md`.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.routing.forward("data_analyst_001", True)
        """
        body = {"webhook": webhook}
        return self._connection.command(
            "PUT",
            f"/mas/api/v1/communication/agents/{segment(agent_id)}/forwarding",
            Subscriptions,
            body,
            key=idempotency_key,
        )

    def topics(
        self,
        *,
        topic: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> TopicPage:
        """List the topics and patterns that somebody subscribed to, with how many did.

        Agents that are not registered any more do not count.

        Args:
            topic: Only patterns that take in this topic.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.routing.topics()
        """
        return self._connection.read(
            "/mas/api/v1/communication/topics",
            TopicPage,
            {"topic": topic, "limit": limit, "cursor": cursor, "min_position": min_position},
        )

    def iterate_topics(
        self,
        *,
        topic: str | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[KnownTopic]:
        """Iterate over all that `topics` lists, page by page.

        Args:
            topic: Only patterns that take in this topic.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.routing.iterate_topics():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.topics(topic=topic, limit=limit, min_position=min_position, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return
