"""`mas top`: a view on a terminal of 80x24, lines elsewhere, and both end when they are told to."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aia.client import Client

from .conftest import MAS, PATIENCE, environment
from .speaking import Spoken


class Terminal:
    """A command on a pseudo terminal, and all that it wrote there."""

    def __init__(self, url: str, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [*MAS, *arguments],
            env=environment(MAS_URL=url, TERM="xterm-256color"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.written = ""

    def read_until(self, *words: str) -> None:
        """Read until all these words came."""
        until = time.monotonic() + PATIENCE
        while not all(word in self.written for word in words):
            assert time.monotonic() < until, self.written[-2_000:]
            if not self.read():
                break
        missing = [word for word in words if word not in self.written]
        assert not missing, (missing, self.written[-2_000:])

    def read(self) -> bool:
        """Read what comes within a second; False: it has ended."""
        if select.select([self._ours], [], [], 1.0)[0]:
            try:
                self.written += os.read(self._ours, 65_536).decode("utf-8", "replace")
            except OSError:
                return False
        return True

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._ours, key.encode())

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(node: Any) -> Iterator[Terminal]:
    opened = Terminal(node.url, "top")
    yield opened
    opened.close()


def listens(terminal: Terminal, client: Client, agent_id: str) -> None:
    """Have things happen until one is shown: those before it listens are none of its business."""
    until, number = time.monotonic() + PATIENCE, 0
    while "agent.updated" not in terminal.written:
        assert time.monotonic() < until, terminal.written[-2_000:]
        client.agents.update(agent_id, labels={"number": number})
        number += 1
        assert terminal.read()


def test_view_shows_what_happens_and_q_ends_it(node: Any, terminal: Terminal, unique: str) -> None:
    terminal.read_until("\x1b[?1049h", "Agents", "places [", "Tokens", "EVENTS", "q quits")
    with Client(node.url) as client:
        client.agents.put(unique, skills={unique: 1})
        listens(terminal, client, unique)
        task = client.tasks.submit(unique[:10], requirements={"skills": [unique]})
        (work,) = client.agents.claim(unique, wait=20).items
        client.tasks.start(work.task_id, unique, work.lease)
    terminal.read_until("task.started", f"{task.task_id[-12:]}", unique)

    terminal.press("q")
    assert terminal.process.wait(PATIENCE) == 0
    terminal.read_until("\x1b[?1049l")  # the terminal is given back as it was


def test_without_a_terminal_there_are_lines_and_a_signal_ends_them(node: Any) -> None:
    mas = Spoken(node.url)

    with mas.going_on("top", "--every", "0.2") as lines:
        assert lines.stdout is not None
        said = [lines.stdout.readline() for _ in range(2)]
        lines.send_signal(signal.SIGINT)
        assert lines.wait(PATIENCE) == 0

    for line in said:
        assert "  agents " in line and "  waiting " in line and "  reward pool " in line
        assert "\x1b" not in line


def test_once_is_a_view_or_a_document(node: Any) -> None:
    mas = Spoken(node.url)

    shown = mas("top", "--once").stdout
    told = mas.json("top")

    assert shown.startswith(f"mas top {node.url}  ok")
    assert told["health"]["status"] == "ok"
    assert " AIA   " in next(line for line in shown.splitlines() if line.startswith("Tokens"))
    assert told["metrics"]["agents"]["registered"] >= 0
    assert "supply" in told["economy"]["tokens"]["AIA"]
