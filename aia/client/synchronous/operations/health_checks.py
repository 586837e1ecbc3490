# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: health checks."""

from __future__ import annotations

from aia.client.synchronous.group import Group
from aia.client.types import Health, Life


class HealthChecks(Group):
    """Methods of `client.health`."""

    def get(
        self,
    ) -> Health:
        """Return how this node is; 503 when it can do nothing.

        How its parts are is told to those who may read the log (and in development mode).

        Example::

            client.health.get()
        """
        return self._connection.look("/mas/health", Health)

    def live(
        self,
    ) -> Life:
        """Answer as long as the process can; restart it when it does not.

        Example::

            client.health.live()
        """
        return self._connection.look("/mas/health/live", Life)

    def ready(
        self,
    ) -> Life:
        """Answer 200 while this node takes commands and can answer queries, else 503.

        After its start that is once every read model has caught up with the log; one that has
        stopped is a matter for people (`GET /mas/health`), and keeps no node from working.

        Example::

            client.health.ready()
        """
        return self._connection.look("/mas/health/ready", Life)
