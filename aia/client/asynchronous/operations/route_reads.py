# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: route reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Mode, Priority, RouteEntry, RouteKind, RoutePage, RoutingExplanation
from aia.client.writing import given


class AsyncRouteReads(AsyncGroup):
    """Methods of `client.routing`."""

    async def routes(
        self,
        *,
        kind: RouteKind | Sequence[RouteKind] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> RoutePage:
        """List who gets what is sent to a capability, a role or a topic, rules, and connections.

        Of the recipients of an entry 20 are named. What goes to an agent by name needs no entry.

        Args:
            kind: Only entries of these kinds.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.routing.routes()
        """
        return await self._connection.read(
            "/mas/api/v1/communication/routes",
            RoutePage,
            {"kind": kind, "limit": limit, "cursor": cursor, "min_position": min_position},
        )

    async def iterate_routes(
        self,
        *,
        kind: RouteKind | Sequence[RouteKind] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[RouteEntry]:
        """Iterate over all that `routes` lists, page by page.

        Args:
            kind: Only entries of these kinds.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.routing.iterate_routes():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.routes(
                kind=kind, limit=limit, min_position=min_position, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def explain(
        self,
        message_type: str,
        *,
        message_id: str | None = None,
        from_agent: str | None = None,
        priority: Priority | None = None,
        payload: Any = None,
        headers: Mapping[str, str] | None = None,
        correlation_id: str | None = None,
        reply_to: str | None = None,
        deliver_after: datetime | None = None,
        ttl: float | None = None,
        ack_seconds: float | None = None,
        max_attempts: int | None = None,
        encrypt: bool | None = None,
        to_agent: str | None = None,
        to_agents: Sequence[str] | None = None,
        topic: str | None = None,
        capability: str | None = None,
        mode: Mode | None = None,
        role: str | None = None,
        broadcast: bool | None = None,
    ) -> RoutingExplanation:
        """Tell where a message would go if it were sent now, and why; nothing is sent.

        Args:
            message_type: What it is, for whoever reads it, 1..128 characters.
            message_id: Its id; the same message again under its id is not sent twice. A new one
                when it is left out.
            from_agent: Who sends it; whoever asks, when it is left out. Only operators name
                others.
            priority: Its class.
            payload: Any JSON, at most `MAS_MESSAGE_MAX_PAYLOAD` (64 KiB).
            headers: What else is said about it, for rules and readers; at most 32.
            correlation_id: What ties it to others; an answer has that of the question.
            reply_to: Where answers go: an agent's id or a topic.
            deliver_after: It is not delivered before, RFC 3339.
            ttl: Seconds after which it expires, counted from when it may be delivered; above 0.
            ack_seconds: How long a delivery waits for its acknowledgement, seconds.
            max_attempts: How many deliveries may fail.
            encrypt: The payload is stored encrypted; messages to some topics are in any case. It
                takes a key on the server, `MAS_MESSAGE_KEYS`.
            to_agent: It goes to this agent.
            to_agents: It goes to these agents, at most 256.
            topic: It goes to everybody who subscribed to this, like `tasks.created`.
            capability: It goes to agents that have a skill or a specialization of this name.
            mode: Of these to `all`, or to `any`: the least loaded one.
            role: It goes to agents whose label `role` says so.
            broadcast: It goes to all agents.

        Example::

            await client.routing.explain("task_request", capability="statistics", mode="any")
        """
        body = {
            "message_type": message_type,
            **given(
                {
                    "message_id": message_id,
                    "from_agent": from_agent,
                    "priority": priority,
                    "payload": payload,
                    "headers": headers,
                    "correlation_id": correlation_id,
                    "reply_to": reply_to,
                    "deliver_after": deliver_after,
                    "ttl": ttl,
                    "ack_seconds": ack_seconds,
                    "max_attempts": max_attempts,
                    "encrypt": encrypt,
                    "to_agent": to_agent,
                    "to_agents": to_agents,
                    "topic": topic,
                    "capability": capability,
                    "mode": mode,
                    "role": role,
                    "broadcast": broadcast,
                }
            ),
        }
        return await self._connection.signal(
            "/mas/api/v1/communication/routes/explain", RoutingExplanation, body
        )
