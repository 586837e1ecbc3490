"""Nodes as operators run them: processes that can be killed, stopped and continued."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from .waiting import happens

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

    def __init__(
        self, name: str, data_dir: Path, log: Path, port: int, settings: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        self.stopped = False
        self._root = ""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*MAS, "serve", "--port", str(port), "--data-dir", str(data_dir)],
                env=kept | {"MAS_NODE_NAME": name, "MAS_LOG_FORMAT": "json"} | dict(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    async def up(self) -> Self:
        """Wait until it tells where it serves."""
        await happens(lambda: self.announced or not self.alive, "the start")
        assert self.announced, self.words
        return self

    @property
    def words(self) -> str:
        """All that it has written."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def announced(self) -> bool:
        """Whether it has told where it serves."""
        if not self._root:
            lines = [line for line in self.words.splitlines() if line.startswith("  API ")]
            self._root = lines[0].split()[-1].removesuffix(API) if lines else ""
        return bool(self._root)

    @property
    def root(self) -> str:
        """Where it serves."""
        assert self.announced
        return self._root

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
        return self.alive and self.announced and not self.stopped

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
            # Asked very often: to load certificates that nobody needs would take most of the time.
            async with httpx.AsyncClient(timeout=10, trust_env=False, verify=False) as http:
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
