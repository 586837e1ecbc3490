"""A data directory, its database server, and the nodes that share them."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from aia_mas.application.embedded_postgres.layout import DataDirectory
from aia_mas.application.embedded_postgres.locks import try_exclusive
from aia_mas.application.embedded_postgres.postmaster import running

from .nodes import Node
from .waiting import eventually, happens

Settings = Mapping[str, str]
"""What a node is told, by the names of environment variables."""


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

    async def start(
        self, settings: Settings = MappingProxyType({}), *, port: int = 0, name: str = "one"
    ) -> Node:
        """Start a node."""
        return await self._begin(name, settings, port).up()

    async def start_two(self, settings: Settings = MappingProxyType({})) -> tuple[Node, Node]:
        """Start two nodes at once."""
        one, two = (self._begin(name, settings, port=0) for name in ("one", "two"))
        return await one.up(), await two.up()

    def _begin(self, name: str, settings: Settings, port: int) -> Node:
        log = self._folder / f"{len(self.nodes):02}-{name}.log"
        self.nodes.append(Node(name, self.data_dir, log, port, settings))
        return self.nodes[-1]

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
