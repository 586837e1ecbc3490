"""Nodes as operators run them: processes of their own, which can be killed, stopped and continued."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx

from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import try_exclusive
from aia_mas.application.embedded_postgres.postmaster import running

from .waiting import eventually, happens

MAS = [sys.executable, "-m", "aia_mas.interfaces.cli.main"]
API = "/mas/api/v1"
_OURS = ("MAS_", "REDIS_", "WEBSOCKET_", "AIA_")


class Node:
    """A running `mas serve`.

    Attributes:
        name: Its name in leases.
        process: The process.
        log: The file that it writes to.
        stopped: It was stopped and does not answer.
    """

    def __init__(self, name: str, data_dir: Path, log: Path, port: int, **settings: str) -> None:
        self.name = name
        self.log = log
        self.stopped = False
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*MAS, "serve", "--port", str(port), "--data-dir", str(data_dir)],
                env=kept | {"MAS_NODE_NAME": name, "MAS_LOG_FORMAT": "json"} | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def up(self) -> Self:
        """Wait until it tells where it serves."""
        await happens(lambda: self._announced or self.process.poll() is not None, "the start")
        assert self._announced, self.words
        return self

    @property
    def words(self) -> str:
        """All that it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def _announced(self) -> str:
        return next((line for line in self.words.splitlines() if line.startswith("  API ")), "")

    @property
    def root(self) -> str:
        """Where it serves."""
        return self._announced.split()[-1].removesuffix(API)

    @property
    def url(self) -> str:
        """Where its API is."""
        return self.root + API

    @property
    def port(self) -> int:
        """The port that it serves on."""
        return int(self.root.rpartition(":")[2])

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it can be asked."""
        return self.alive and not self.stopped

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return what it logged under a name."""
        return [line for line in self._lines() if line["event"] == event]

    def complaints(self) -> list[dict[str, Any]]:
        """Return what it logged as errors."""
        return [line for line in self._lines() if line["level"] not in {"debug", "info", "warning"}]

    def _lines(self) -> list[dict[str, Any]]:
        lines = self.words.splitlines(keepends=True)
        # The last one may be half written, for ever if it was killed.
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}\n")]

    async def health(self) -> dict[str, Any]:
        """Return how it says it is; empty when it says nothing."""
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
                answer = (await http.get(f"{self.root}/mas/health")).json()
        except httpx.TransportError:
            return {}
        health: dict[str, Any] = answer.get("health", answer)
        return health

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def stop(self) -> None:
        """Stop it, so that it notices nothing; it keeps its connections."""
        self.stopped = True
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it continue as if no time had passed."""
        self.signal(signal.SIGCONT)
        self.stopped = False

    async def finish(self) -> None:
        """Ask it to stop, and wait until it has done so in order."""
        self.signal(signal.SIGTERM)
        assert await self.ended() == 0, self.words

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.ended()

    async def ended(self, seconds: float = 60.0) -> int:
        """Wait for its end; return its exit code."""
        await happens(lambda: not self.alive, f"the end of {self.name}", seconds=seconds)
        assert self.process.returncode is not None
        return self.process.returncode


class Place:
    """A data directory and the nodes that use it.

    Attributes:
        data_dir: The directory.
        nodes: All that were ever started, in order.
    """

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.nodes: list[Node] = []
        self._folder = folder

    def urls(self) -> list[str]:
        """Return where the API is."""
        return [node.url for node in self.nodes if node.answers]

    async def caught_up(self) -> None:
        """Wait until all is well and the read models of every node have seen everything."""

        async def look() -> bool:
            healths = [await node.health() for node in self.nodes if node.answers]
            return all(
                health.get("status") == "ok" and not any(m["lag"] for m in health["projections"])
                for health in healths
            )

        await eventually(look, "read models without a lag")

    def begin(self, name: str = "one", port: int = 0, **settings: str) -> Node:
        """Start a node and do not wait for it."""
        log = self._folder / f"{len(self.nodes):02}-{name}.log"
        self.nodes.append(Node(name, self.data_dir, log, port, **settings))
        return self.nodes[-1]

    async def start(self, name: str = "one", port: int = 0, **settings: str) -> Node:
        """Start a node."""
        return await self.begin(name, port, **settings).up()

    async def leader(self, process: str = "dispatcher") -> Node:
        """Return the living node that leads a process, once one does."""

        async def look() -> Node | None:
            asked = next(node for node in self.nodes if node.answers)
            leaders = (await asked.health()).get("leaders", {})
            name = leaders.get(process, "").partition(":")[0]
            return next((node for node in self.nodes if node.name == name and node.answers), None)

        return await eventually(look, f"a leader of {process}")

    @property
    def postgres(self) -> int | None:
        """The process id of the database server, or None when there is none."""
        found = running(DataDirectory(self.data_dir).cluster)
        return None if found is None else found.pid

    @property
    def postgres_is_gone(self) -> bool:
        """Whether not one process of the database server is left."""
        lock = try_exclusive(DataDirectory(self.data_dir).server_lock)
        if lock is None:
            return False
        os.close(lock)
        return True

    async def restart_postgres(self, number: int) -> None:
        """End the database server by a signal and wait until the nodes have started it again."""
        before = self.kill_postgres(number)
        await happens(lambda: self.postgres not in {None, before}, "the new database server")

    def kill_postgres(self, number: int = signal.SIGKILL) -> int:
        """Send the database server a signal; return its process id."""
        pid = self.postgres
        assert pid is not None
        os.kill(pid, number)
        return pid

    async def close(self) -> None:
        """End what is still running."""
        for node in self.nodes:
            if node.alive:
                node.signal(signal.SIGCONT)
                node.process.kill()
        for node in self.nodes:
            await node.ended()


def stable_port() -> int:
    """Return a free port that no outgoing connection gets.

    The system picks those from a range of its own: a client that keeps trying a port in it can
    connect to itself while the server is away, and keep the port from the server that comes back.
    """
    try:
        lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        lowest = 32_768
    for port in random.sample(range(lowest // 2, lowest), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
