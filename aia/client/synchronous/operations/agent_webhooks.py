# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: agent webhooks."""

from __future__ import annotations

from aia.client.synchronous.group import Group
from aia.client.types import WebhookState, WebhookTest
from aia.client.writing import segment


class AgentWebhooks(Group):
    """Methods of `client.agents`."""

    def webhook(
        self,
        agent_id: str,
    ) -> WebhookState:
        """Return how things stand with the agent's endpoint, and the secret that signs.

        Args:
            agent_id: The agent.

        Example::

            client.agents.webhook("data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/agents/{segment(agent_id)}/webhook", WebhookState, {}
        )

    def rotate_webhook_secret(
        self,
        agent_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> WebhookState:
        """Sign with a new secret from now on; the one before signs, too, for a day.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.agents.rotate_webhook_secret("data_analyst_001")
        """
        return self._connection.command(
            "POST",
            f"/mas/api/v1/agents/{segment(agent_id)}/webhook/rotate",
            WebhookState,
            None,
            key=idempotency_key,
        )

    def test_webhook(
        self,
        agent_id: str,
    ) -> WebhookTest:
        """Send a signed ping to the agent's endpoint, and tell what came back.

        Also to a disabled one, which it does not enable. An agent without one: 409 `no_endpoint`.

        Args:
            agent_id: The agent.

        Example::

            client.agents.test_webhook("data_analyst_001")
        """
        return self._connection.signal(
            f"/mas/api/v1/agents/{segment(agent_id)}/webhook/test", WebhookTest
        )
