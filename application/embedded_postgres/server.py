"""The server of one data directory: found running, or started, and made ready for log-ins."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psycopg

from aia_mas.application.embedded_postgres import cluster
from aia_mas.application.embedded_postgres.binaries import find_binaries
from aia_mas.application.embedded_postgres.endpoint import Endpoint, candidates, endpoint_of
from aia_mas.application.embedded_postgres.errors import DataDirectoryInUse, ServerDidNotStart
from aia_mas.application.embedded_postgres.launch import launch
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import Pause, try_exclusive
from aia_mas.application.embedded_postgres.passwords import (
    Passwords,
    new_passwords,
    read_passwords,
)
from aia_mas.application.embedded_postgres.postmaster import (
    is_seen_by_server,
    kill_orphans,
    running,
    stop,
)
from aia_mas.application.embedded_postgres.privileges import choose_identity
from aia_mas.application.embedded_postgres.roles import Admission, admission
from aia_mas.application.embedded_postgres.run_record import (
    clear_record,
    read_record,
    write_record,
)
from aia_mas.application.embedded_postgres.server_log import failure
from aia_mas.application.embedded_postgres.tuning import tuned

_POLL_SECONDS = 0.02
_ORPHANS_QUIT_SECONDS = 1.0
_ORPHANS_DIE_SECONDS = 4.0
_STRANGERS_SECONDS = 60.0


class Server:
    """Brings the server up and down. Whoever calls a method holds the startup lock."""

    def __init__(
        self,
        data: DataDirectory,
        *,
        settings: Mapping[str, str],
        socket_parents: Iterable[Path],
        start_timeout: float,
        stop_timeout: float,
    ) -> None:
        """Keep what a start needs; nothing is done yet.

        Args:
            data: The data directory.
            settings: Settings of PostgreSQL that differ from ours.
            socket_parents: Folders in which the socket's folder may be made.
            start_timeout: Seconds that a start, with its recovery, may take.
            stop_timeout: Seconds for an orderly shutdown.
        """
        self.data = data
        self.endpoint: Endpoint | None = None
        self.passwords = Passwords(owner="", program="")
        self._settings = settings
        self._socket_parents = tuple(socket_parents)
        self._start_timeout = start_timeout
        self._stop_timeout = stop_timeout
        self._owner_is_locked_out = False

    def bring_up(self, pause: Pause) -> None:
        """Return when the server takes log-ins at `endpoint` with `passwords`.

        Args:
            pause: Called while waiting.

        Raises:
            EmbeddedPostgresError: It does not.
        """
        self._load_passwords(pause)
        began = seen = time.monotonic()
        while (now := time.monotonic()) < began + self._start_timeout:
            lock = try_exclusive(self.data.server_lock)
            if lock is not None:
                try:
                    endpoint = self._start(lock, began + self._start_timeout, pause)
                finally:
                    os.close(lock)  # from here on it is the server's alone
                if self._admits_us(endpoint, pause):
                    return
            elif server := running(self.data.cluster):
                seen = now
                if server.is_ready and self._admits_us(endpoint_of(server), pause):
                    return
            else:
                self._press_orphans(now - seen)
            pause(_POLL_SECONDS)
        raise ServerDidNotStart(
            f"It did not let us in within {self._start_timeout:g} s. Its log is in {self.data.log}."
        )

    def shut_down(self, pause: Pause) -> bool:
        """Stop the server, remove its socket and forget its address: no node is left.

        Args:
            pause: Called while waiting.

        Returns:
            Whether nothing of it is left.
        """
        self.endpoint = None
        if not stop(self.data, self._stop_timeout, pause):
            return False
        clear_record(self.data)
        return True

    def _load_passwords(self, pause: Pause) -> None:
        stored = read_passwords(self.data)
        self.passwords = stored or new_passwords(self.data)
        if stored is None:
            self._lock_out_owner(pause)

    def _lock_out_owner(self, pause: Pause) -> None:
        """Have the next start set the owner's password: the server's is not the one we have."""
        if self._owner_is_locked_out:
            raise ServerDidNotStart("It refuses the password that it has just been given.")
        self._owner_is_locked_out = True
        stop(self.data, self._stop_timeout, pause)

    def _press_orphans(self, seconds: float) -> None:
        """Press the processes that still hold the lock, some seconds after their first one died.

        They end by themselves, but for one that is busy.
        """
        if seconds > _STRANGERS_SECONDS:
            # In another container, for example, which has process numbers of its own.
            raise DataDirectoryInUse(f"Processes not seen from here hold {self.data.server_lock}.")
        if seconds > _ORPHANS_QUIT_SECONDS:
            hard = seconds > _ORPHANS_DIE_SECONDS
            kill_orphans(self.data.cluster, signal.SIGKILL if hard else signal.SIGQUIT)

    def _start(self, lock: int, deadline: float, pause: Pause) -> Endpoint:
        """Start the server, having made its cluster if need be."""
        data, binaries = self.data, find_binaries()
        if server := running(data.cluster):
            raise DataDirectoryInUse(
                f"Somebody runs a PostgreSQL server (pid {server.pid}) in {data.cluster}."
            )
        exists = cluster.check_version(data, binaries)
        identity = choose_identity(data, binaries.postgres)
        if not exists:
            cluster.make_cluster(data, binaries, identity, self.passwords, lock, pause)
        record = read_record(data)
        previous = Endpoint(record.host, record.port) if record else self.endpoint
        # Nothing runs, so it is stale; PostgreSQL would believe it if its pid were in use again.
        (data.cluster / "postmaster.pid").unlink(missing_ok=True)
        settings = {**tuned(has_lz4=binaries.has_lz4), **self._settings}
        cluster.configure(data, identity, settings)
        if exists and self._owner_is_locked_out:
            cluster.set_owner_password(data, binaries, identity, self.passwords, lock)
        endpoints = self._noted(candidates(previous, identity, self._socket_parents))
        return launch(
            data, binaries, identity, lock, endpoints=endpoints, deadline=deadline, pause=pause
        )

    def _noted(self, endpoints: Iterator[Endpoint]) -> Iterator[Endpoint]:
        for endpoint in endpoints:
            # Before the start, so that whoever cleans up after one that was broken off knows it.
            write_record(self.data, endpoint.host, endpoint.port)
            yield endpoint

    def _admits_us(self, endpoint: Endpoint, pause: Pause) -> bool:
        try:
            result = admission(endpoint, self.passwords)
        except psycopg.Error as error:
            raise failure(self.data.root, str(error)) from error
        if result is Admission.OPEN:
            self._owner_is_locked_out = False
            self.endpoint = endpoint
        elif result is Admission.WRONG_PASSWORD:
            self._lock_out_owner(pause)
        elif result is Admission.NOBODY_THERE and endpoint.socket and not endpoint.socket.exists():
            if is_seen_by_server(endpoint.socket, self.data.cluster):
                raise DataDirectoryInUse(
                    f"Its server listens on {endpoint.socket}, in a folder for temporary files that"
                    " is not the one of this process (PrivateTmp=, a container). Set TMPDIR for"
                    " both to a folder that they share."
                )
            # Something has cleaned up the folder for temporary files, and only a new start helps;
            # or the server is just ending.
            stop(self.data, self._stop_timeout, pause)
        return result is Admission.OPEN
