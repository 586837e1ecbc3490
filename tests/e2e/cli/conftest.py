"""Runs the command line as its users do: a process, its output and its exit code."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

MAS = [sys.executable, "-m", "aia_mas.interfaces.cli.main"]
PATIENCE = 60.0  # seconds; only ever waited out when something is wrong

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**variables: str) -> dict[str, str]:
    """The environment of this run without settings of ours, and with those given."""
    ours = ("MAS_", "REDIS_", "WEBSOCKET_", "AIA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | variables


class Server:
    """A running `mas serve`."""

    def __init__(self, data_dir: Path, *options: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [*MAS, "serve", "--port", "0", "--data-dir", str(data_dir), *options],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._said: queue.Queue[str | None] = queue.Queue()
        self._listeners = [
            threading.Thread(target=self._listen, args=(self.process.stdout, self.lines)),
            threading.Thread(target=self._listen, args=(self.process.stderr, self.errors)),
        ]
        for listener in self._listeners:
            listener.start()

    def _listen(self, stream: Any, kept: list[str]) -> None:
        with stream:
            for line in stream:
                kept.append(line.rstrip("\n"))
                self._said.put(line)
        self._said.put(None)

    def wait_for_line(self, words: str) -> str:
        """Wait until it says something."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in [*self.lines, *self.errors]:
                if words in line:
                    return line
            if self.process.poll() is not None and self._said.empty():
                break
            try:
                self._said.get(timeout=1.0)
            except queue.Empty:
                continue
        raise AssertionError(f"it never said {words!r}: {self.lines} {self.errors}")

    @property
    def url(self) -> str:
        """Where the API is; waits until it is announced."""
        return self.wait_for_line("  API").split()[-1]

    def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to a path below the API."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for its end and for its last words; return its exit code."""
        code = self.process.wait(seconds)
        for listener in self._listeners:
            listener.join(seconds)
            assert not listener.is_alive(), "something that it started holds its output open"
        return code


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts servers, and ends those that a test leaves running."""
    servers: list[Server] = []

    def begin(data_dir: Path, *options: str, **variables: str) -> Server:
        servers.append(Server(data_dir, *options, **variables))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.process.terminate()
        server.wait()


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a command to its end."""

    def to_its_end(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MAS, *arguments],
            env=environment(**variables),
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
        )

    return to_its_end


@pytest.fixture(scope="module")
def data_dir(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data directory, its name with a space."""
    folder = tmp_path_factory.mktemp("data of") / "a user"
    assert run("migrate", "--data-dir", str(folder)).returncode == 0
    return folder
