"""Starting the server's processes with what the machine grants: an address, and memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from aia_mas.application.embedded_postgres.binaries import Binaries
from aia_mas.application.embedded_postgres.detached import let_go
from aia_mas.application.embedded_postgres.endpoint import Endpoint
from aia_mas.application.embedded_postgres.identity import Identity
from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import Pause
from aia_mas.application.embedded_postgres.postmaster import last_started
from aia_mas.application.embedded_postgres.server_log import (
    failure,
    lacks_address,
    lacks_memory,
    last_words,
)
from aia_mas.application.embedded_postgres.tuning import SMALLER, as_arguments

_POLL_SECONDS = 0.01


def launch(
    data: DataDirectory,
    binaries: Binaries,
    identity: Identity,
    lock: int,
    *,
    endpoints: Iterator[Endpoint],
    deadline: float,
    pause: Pause,
) -> Endpoint:
    """Start the server and wait until it is ready.

    Args:
        data: The data directory, with a configured cluster.
        binaries: The installed programs.
        identity: The user to run them as.
        lock: Descriptor of the server lock, which all processes of the server inherit.
        endpoints: Where it may listen, best first.
        deadline: When to give up, on the monotonic clock.
        pause: Called while waiting.

    Returns:
        Where it listens.

    Raises:
        EmbeddedPostgresError: It does not come up.
    """
    savings = iter(SMALLER)
    endpoint, saved, words = next(endpoints, None), next(savings, None), ""
    while endpoint is not None and saved is not None:
        settings = as_arguments({**endpoint.settings, **saved})
        command = [binaries.postgres, "-D", str(data.cluster), *settings]
        began = time.time()
        if _came_up(data, identity, command, lock, deadline, pause):
            return endpoint
        words = last_words(data.log, since=began)
        if lacks_address(words):
            endpoint = next(endpoints, None)
        elif lacks_memory(words):
            saved = next(savings, None)
        else:
            break
    raise failure(data.root, words)


def _came_up(
    data: DataDirectory,
    identity: Identity,
    command: list[str],
    lock: int,
    deadline: float,
    pause: Pause,
) -> bool:
    """Whether the server got ready; it has ended, or the time is over, if not."""
    # Only what is written before the server opens its own log.
    path = data.log / "startup.log"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        identity.take(path)
        process = identity.spawn(command, output=file, kept_open=(lock,))
    finally:
        os.close(file)
    try:
        while process.poll() is None and time.monotonic() < deadline:
            server = last_started(data.cluster)
            if server and server.pid == process.pid and server.is_ready:
                return True
            pause(_POLL_SECONDS)
        return False
    finally:
        if process.returncode is None:
            let_go(process)
