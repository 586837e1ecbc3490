"""Composes what is sent to an agent's endpoint, and signs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from aia_mas.application.clock import Clock
from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.webhooks.secrets import Secrets
from aia_mas.application.webhooks.sending import Reply, Sender, Unanswered
from aia_mas.application.webhooks.signing import signature
from aia_mas.domain.orchestration.agent import AgentState

_encode = msgspec.json.Encoder().encode


class Posting:
    """Sends tasks, messages and pings in the name of this system."""

    def __init__(self, sender: Sender, secrets: Secrets, clock: Clock) -> None:
        """Wire it.

        Args:
            sender: Sends.
            secrets: Derives what signs.
            clock: What time it is.
        """
        self._sender = sender
        self._secrets = secrets
        self._clock = clock

    async def task(
        self, agent: AgentState, url: str, webhook_id: str, task: ClaimedTask
    ) -> Reply | Unanswered:
        """Send a task, and return what the endpoint answered.

        Raises:
            psycopg.Error: The master secret cannot be read.
        """
        return await self._post(task.agent_id, agent, url, webhook_id, _encode(task))

    async def message(
        self, agent_id: str, agent: AgentState, url: str, webhook_id: str, body: bytes
    ) -> Reply | Unanswered:
        """Send a message (``body``: its JSON), and return what the endpoint answered.

        Raises:
            psycopg.Error: The master secret cannot be read.
        """
        return await self._post(agent_id, agent, url, webhook_id, body)

    async def ping(
        self, agent_id: str, agent: AgentState, url: str, webhook_id: str
    ) -> Reply | Unanswered:
        """Ask whether an agent is there, and return what its endpoint answered.

        Raises:
            psycopg.Error: The master secret cannot be read.
        """
        body = _encode({"type": "ping", "agent_id": agent_id})
        return await self._post(agent_id, agent, url, webhook_id, body)

    async def keys(self, agent_id: str, agent: AgentState) -> Sequence[bytes]:
        """Return the keys that sign for an agent now, the newest first.

        Raises:
            psycopg.Error: The master secret cannot be read.
        """
        version, rotated_at = agent.secret_version, agent.secret_rotated_at
        return await self._secrets.keys(agent_id, version, rotated_at, self._clock.now())

    async def _post(
        self, agent_id: str, agent: AgentState, url: str, webhook_id: str, body: bytes
    ) -> Reply | Unanswered:
        keys = await self.keys(agent_id, agent)

        def headers() -> Mapping[str, str]:
            timestamp = int(self._clock.now().timestamp())
            return {
                "webhook-id": webhook_id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(keys, webhook_id, timestamp, body),
            }

        return await self._sender.post(url, body, headers)
