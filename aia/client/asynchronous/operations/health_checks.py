# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: health checks."""

from __future__ import annotations

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Health, Life


class AsyncHealthChecks(AsyncGroup):
    """Methods of `client.health`."""

    async def get(
        self,
    ) -> Health:
        """Return how this node is; 503 when it can do nothing.

        How its parts are is told to those who may read the log (and in development mode).

        Example::

            await client.health.get()
        """
        return await self._connection.look("/mas/health", Health)

    async def live(
        self,
    ) -> Life:
        """Answer as long as the process can; restart it when it does not.

        Example::

            await client.health.live()
        """
        return await self._connection.look("/mas/health/live", Life)

    async def ready(
        self,
    ) -> Life:
        """Answer 200 while this node takes commands and can answer queries, else 503.

        After its start that is once every read model has caught up with the log; one that has
        stopped is a matter for people (`GET /mas/health`), and keeps no node from working.

        Example::

            await client.health.ready()
        """
        return await self._connection.look("/mas/health/ready", Life)
