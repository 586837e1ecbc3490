"""The master secret: the one that is configured, or one that is made once for the store."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from aia_mas.application.webhooks.signing import derived_key
from aia_mas.application.webhooks.store import WebhookStore
from aia_mas.domain.orchestration.agent_endpoint import signing_versions


class Secrets:
    """Derives the keys of agents; nothing of them is stored or logged."""

    def __init__(self, store: WebhookStore, configured: str | None = None) -> None:
        """Use the secret of the configuration, or that of the store."""
        self._store = store
        # Of any length; a key of our own has 32 bytes.
        self._master = (
            None if configured is None else hmac.digest(b"webhooks", configured.encode(), sha256)
        )

    async def keys(
        self, agent_id: str, version: int, rotated_at: datetime | None, now: datetime
    ) -> Sequence[bytes]:
        """Return the keys that sign for an agent now, the newest first.

        Args:
            agent_id: The agent.
            version: The number of its newest secret.
            rotated_at: When that took the place of another one, UTC; None: there was none.
            now: The time, UTC.

        Raises:
            psycopg.Error: The store, which has the master secret, cannot be reached.
        """
        if self._master is None:
            self._master = await self._store.master_secret(secrets.token_bytes(32))
        versions = signing_versions(version, rotated_at, now)
        return [derived_key(self._master, agent_id, each) for each in versions]
