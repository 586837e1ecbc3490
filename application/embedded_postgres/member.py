"""One node's share in the server: joining, leaving, reviving. All of it blocks."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aia_mas.application.embedded_postgres import guardian
from aia_mas.application.embedded_postgres.errors import (
    DataDirectoryDamaged,
    DataDirectoryInUse,
    EmbeddedPostgresError,
    explained,
)
from aia_mas.application.embedded_postgres.locks import (
    Pause,
    try_exclusive,
    try_shared,
    wait_exclusive,
)
from aia_mas.application.embedded_postgres.postmaster import running
from aia_mas.application.embedded_postgres.server import Server
from aia_mas.application.embedded_postgres.server_log import prune_logs

_PRUNE_SECONDS = 60.0


class Member:
    """A node among those that share a server. The first to join starts it, the last stops it.

    Joining, leaving and reviving happen one at a time among all nodes, under the startup lock.
    """

    def __init__(self, server: Server, *, patience: float, guardian_interval: float) -> None:
        """Keep what joining needs; nothing is done yet.

        Args:
            server: The server to share.
            patience: Seconds to wait for other nodes that start or stop the server.
            guardian_interval: Seconds between two looks of the guardian.
        """
        self._server = server
        self._data = server.data
        self._patience = patience
        self._guardian_interval = guardian_interval
        self._share: int | None = None
        self._pruned_at = -math.inf

    def join(self, pause: Pause) -> None:
        """Take a share in the server, which then runs.

        Args:
            pause: Called while waiting; may raise to end the attempt.

        Raises:
            EmbeddedPostgresError: It cannot run.
        """
        with explained(self._data.root):
            self._data.prepare()
        with self._alone(pause):
            if self._share is None:
                self._share = try_shared(self._data.nodes_lock)
            if self._share is None:
                raise DataDirectoryInUse(f"A strange program holds {self._data.nodes_lock}.")
            # First the one who stops it, then the server: it is never without.
            guardian.post(self._data, self._guardian_interval)
            self._server.bring_up(pause)

    def revive(self, pause: Pause) -> None:
        """Bring the server up again if it died.

        Args:
            pause: As for `join`.

        Raises:
            EmbeddedPostgresError: It cannot run.
        """
        with self._alone(pause):
            if self._share is None:
                raise EmbeddedPostgresError("This node has not started it.")
            if not (self._data.cluster / "PG_VERSION").exists():
                # A new and empty database below a working program would be the greater damage.
                raise DataDirectoryDamaged(f"{self._data.cluster} has disappeared.")
            self._server.bring_up(pause)

    def leave(self, pause: Pause) -> None:
        """Give the share back, if there is one; the last one stops the server.

        Args:
            pause: As for `join`.
        """
        with explained(self._data.root):
            if self._share is None and not self._data.startup_lock.exists():
                return
        try:
            with self._alone(pause):
                if not self._drop_share():
                    return
                others = try_exclusive(self._data.nodes_lock)
                if others is None:
                    return
                try:
                    if self._server.shut_down(pause):
                        guardian.dismiss(self._data)
                finally:
                    os.close(others)
        finally:
            self._drop_share()  # whatever failed, without us the guardian does the rest

    def glance(self) -> bool:
        """Keep the guardian and the size of the log in order.

        Returns:
            Whether the server lives.
        """
        with explained(self._data.root):
            guardian.post(self._data, self._guardian_interval)
            if time.monotonic() - self._pruned_at > _PRUNE_SECONDS:
                self._pruned_at = time.monotonic()
                prune_logs(self._data.log)
            return running(self._data.cluster) is not None

    @contextmanager
    def _alone(self, pause: Pause) -> Iterator[None]:
        with explained(self._data.root):
            lock = wait_exclusive(self._data.startup_lock, self._patience, pause)
            if lock is None:
                raise DataDirectoryInUse(
                    f"Another node has been starting or stopping the server for"
                    f" {self._patience:g} s."
                )
            try:
                pause(0)  # whoever gave up while we waited for the lock has gone on without us
                yield
            finally:
                os.close(lock)

    def _drop_share(self) -> bool:
        share, self._share = self._share, None
        if share is not None:
            os.close(share)
        return share is not None
