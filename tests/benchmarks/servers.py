"""Starts the programs of this folder: servers that end with their input, and loaders."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class Server(NamedTuple):
    """A running server (``told``: what else it printed, once it has ended)."""

    port: int
    pid: int
    told: list[str]


@contextmanager
def server(*arguments: object) -> Iterator[Server]:
    """Run a server."""
    command = [sys.executable, str(HERE / "serving.py"), *map(str, arguments)]
    told: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield Server(int(process.stdout.readline()), process.pid, told)
            process.stdin.close()
            told += process.stdout.read().split()
        finally:
            process.terminate()


def load(program: str, *arguments: object) -> dict[str, Any]:
    """Run a loader to its end and return what it found."""
    command = [sys.executable, str(HERE / program), *map(str, arguments)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, Any] = json.loads(output)
    return result
