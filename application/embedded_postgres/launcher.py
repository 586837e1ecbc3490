"""The PostgreSQL of a data directory, shared by all nodes that name it."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import structlog
from anyio import CancelScope, CapacityLimiter, to_thread
from anyio.abc import TaskGroup

from aia_mas.application.embedded_postgres.endpoint import Endpoint
from aia_mas.application.embedded_postgres.errors import EmbeddedPostgresError
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import Pause
from aia_mas.application.embedded_postgres.member import Member
from aia_mas.application.embedded_postgres.passwords import DATABASE, OWNER, PROGRAM
from aia_mas.application.embedded_postgres.server import Server
from aia_mas.application.embedded_postgres.socket_folder import usual_parents

log = structlog.stdlib.get_logger("aia.embedded_postgres")

_LONGEST_BACKOFF_SECONDS = 30.0
_ABANDONED_WITHIN = 0.5
"""Seconds to leave a server that does not answer."""


class _Abandoned(Exception):
    """Nobody waits for the thread any more."""


class EmbeddedPostgres:
    """A PostgreSQL server that starts with the first node and stops with the last one.

    As an async context manager it also restarts a server that died. Whoever prefers to own that
    task calls `start` and `stop`, and runs `watch` in a task group.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        start_timeout: float = 300.0,
        stop_timeout: float = 30.0,
        watch_interval: float = 0.5,
        guardian_interval: float = 5.0,
        socket_parents: Iterable[Path] | None = None,
    ) -> None:
        """Name the data directory; nothing is done yet.

        Args:
            data_dir: Folder for the database and all that belongs to it; made when missing.
            settings: Settings of PostgreSQL that differ from ours.
            start_timeout: Seconds that a start, with the recovery from a crash, may take.
            stop_timeout: Seconds for an orderly shutdown.
            watch_interval: Seconds between two looks at the server by this node.
            guardian_interval: Seconds between two looks of the guardian, which stops the server
                after the last node was killed.
            socket_parents: Folders in which the short private folder of the socket may be made;
                the usual ones for temporary files by default, none for TCP on 127.0.0.1.
        """
        self._server = Server(
            DataDirectory(Path(os.path.realpath(data_dir))),
            settings=settings or {},
            socket_parents=usual_parents() if socket_parents is None else socket_parents,
            start_timeout=start_timeout,
            stop_timeout=stop_timeout,
        )
        self._member = Member(
            self._server, patience=start_timeout, guardian_interval=guardian_interval
        )
        self._watch_interval = watch_interval
        self._leave_within = math.inf
        self._tasks: TaskGroup | None = None
        self._threads = CapacityLimiter(4)  # not those of the program, which may all be waiting

    @property
    def url(self) -> str:
        """Connection URL of the program: the plain role `mas` in the database `mas`.

        Read it again after `ensure_running`: a restart keeps it wherever it can.
        """
        return self._endpoint.url(PROGRAM, self._server.passwords.program, DATABASE)

    @property
    def owner_url(self) -> str:
        """Connection URL for migrations: the superuser `postgres` in the database `mas`."""
        return self._endpoint.url(OWNER, self._server.passwords.owner, DATABASE)

    @property
    def log_dir(self) -> Path:
        """Folder of the server's log files."""
        return self._server.data.log

    async def __aenter__(self) -> Self:
        """Start, and watch the server in the background."""
        await self.start()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self.watch)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the watch and leave; an error of the block passes through unwrapped."""
        try:
            if self._tasks is not None:
                self._tasks.cancel_scope.cancel()
                await self._tasks.__aexit__(None, None, None)
        finally:
            with CancelScope(shield=True):
                await self.stop()

    async def start(self) -> None:
        """Join the nodes that use the server, having started it if none does yet.

        Raises:
            EmbeddedPostgresError: The server cannot be used; the subclass tells why.
        """
        try:
            await self._in_thread(self._member.join)
        except BaseException:
            with CancelScope(shield=True), contextlib.suppress(EmbeddedPostgresError):
                await self.stop()
            raise

    async def stop(self) -> None:
        """Leave; the last node to leave stops the server. Nothing happens without a start.

        Raises:
            EmbeddedPostgresError: It could not be stopped. The guardian will do it.
        """
        with anyio.move_on_after(self._leave_within) as within:
            await self._in_thread(self._member.leave)
        if within.cancelled_caught:
            log.warning("postgres_left_to_guardian")

    def abandon(self) -> None:
        """Have ``stop`` not wait for the end of the server: it does not answer.

        It has been told to end by then. The guardian waits for that, and ends it otherwise.
        """
        self._leave_within = _ABANDONED_WITHIN

    async def ensure_running(self) -> None:
        """Return when the server takes connections, having restarted it if it died.

        To be called when a connection fails, by any number of nodes at once.

        Raises:
            EmbeddedPostgresError: It cannot be restarted.
        """
        await self._in_thread(self._member.revive)

    async def watch(self) -> None:
        """Restart the server whenever it dies, and replace a lost guardian, until cancelled."""
        failures = 0
        while True:
            pause = self._watch_interval * 2 ** min(failures, 10)
            await anyio.sleep(min(pause, _LONGEST_BACKOFF_SECONDS))
            try:
                if not await to_thread.run_sync(self._member.glance, limiter=self._threads):
                    log.warning("postgres_died")
                    await self.ensure_running()
                    log.info("postgres_restarted")
                failures = 0
            except EmbeddedPostgresError as error:
                failures += 1
                log.error("postgres_not_restarted", error=str(error))  # noqa: TRY400 - says it all

    @property
    def _endpoint(self) -> Endpoint:
        if self._server.endpoint is None:
            raise EmbeddedPostgresError("It has not been started.")
        return self._server.endpoint

    async def _in_thread(self, work: Callable[[Pause], None]) -> None:
        """Run blocking work in a thread, and do not wait for it when cancelled.

        The thread then ends at its next pause, and keeps the startup lock until it has.
        """
        abandoned = threading.Event()

        def pause(seconds: float) -> None:
            if abandoned.wait(seconds):
                raise _Abandoned

        try:
            await to_thread.run_sync(work, pause, abandon_on_cancel=True, limiter=self._threads)
        finally:
            abandoned.set()
