# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: message sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aia.client.synchronous.group import Group
from aia.client.types import (
    MessageBatchResult,
    MessageToSend,
    MessageView,
    Mode,
    Priority,
    SentMessage,
)
from aia.client.writing import given


class MessageSending(Group):
    """Methods of `client.messages`."""

    def send(
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
        idempotency_key: str | None = None,
    ) -> SentMessage:
        """Send a message to an agent, to several, to a topic, a capability, a role, or to all.

        It is 200 when this very message exists already under its id; another one under the same id
        is 409 `message_exists_with_different_content`. An agent sends as itself, a client as its
        subject. 429 `inbox_full` when a recipient has as many waiting as it may have.

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
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.send(
                "task_request",
                priority="high",
                payload={"quarter": "Q3"},
                headers={"department": "sales"},
                ttl=3600,
                to_agent="data_analyst_001",
            )
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
        return self._connection.command(
            "POST",
            "/mas/api/v1/communication/messages/send",
            SentMessage,
            body,
            key=idempotency_key,
        )

    def send_batch(
        self,
        messages: Sequence[MessageToSend | Mapping[str, Any]],
        *,
        atomic: bool | None = None,
        idempotency_key: str | None = None,
    ) -> MessageBatchResult:
        """Send up to 1,000 messages, in order and in one commit.

        Each is accepted or refused on its own, unless `atomic` wants all or nothing.

        Args:
            messages: Each as for `send`; read one by one, so that a bad one spoils no other.
            atomic: All or nothing.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.send_batch(
                [
                    {
                        "to_agent": "data_analyst_001",
                        "message_type": "task_request",
                        "priority": "high",
                        "payload": {"quarter": "Q3"},
                        "headers": {"department": "sales"},
                        "ttl": 3600,
                    },
                    {
                        "topic": "tasks.created",
                        "message_type": "task_created",
                        "payload": {"task": "t-1"},
                    },
                ],
                atomic=False,
            )
        """
        body = {"messages": messages, **given({"atomic": atomic})}
        return self._connection.command(
            "POST",
            "/mas/api/v1/communication/messages/send-batch",
            MessageBatchResult,
            body,
            key=idempotency_key,
        )

    def broadcast(
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
        idempotency_key: str | None = None,
    ) -> SentMessage:
        """Send a message to all agents that are registered, but for its sender.

        It is one event, however many they are.

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
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.broadcast("maintenance", payload={"at": "22:00"})
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
                }
            ),
        }
        return self._connection.command(
            "POST", "/mas/api/v1/communication/broadcast", SentMessage, body, key=idempotency_key
        )

    def request(
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
        wait: float | None = None,
        idempotency_key: str | None = None,
    ) -> MessageView:
        """Send a message and return the answer to it, acknowledged, once somebody has sent that.

        The answer is the first message to the sender with the `correlation_id` of the question
        (its `message_id`, unless it says otherwise). 504 `reply_timeout` when none comes within
        `wait` seconds: the question stays sent, and an answer that comes later is in the inbox, or
        comes when the same is asked again under the same `Idempotency-Key`.

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
            wait: How long to wait for the answer, seconds, at most 300.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.messages.request(
                "question", payload={"quarter": "Q3"}, to_agent="data_analyst_001", wait=10
            )
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
                    "wait": wait,
                }
            ),
        }
        return self._connection.command(
            "POST",
            "/mas/api/v1/communication/messages/request",
            MessageView,
            body,
            key=idempotency_key,
            wait=30.0 if wait is None else wait,
        )
