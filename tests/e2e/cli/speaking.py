"""Commands that speak to a running node, and agents for them to speak of."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from aia.client import Client
from aia_mas.interfaces.cli.main import main

from .conftest import MAS, PATIENCE, environment


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Spoken:
    """Runs commands against one server.

    They run in a thread of this process, by the function that the program `mas` is: the start of an
    interpreter for each of them would take most of the time. ``going_on`` starts real processes.

    Attributes:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str, code: int = 0, **variables: str) -> Ended:
        """Run a command that is to end with this code."""
        with ThreadPoolExecutor(1) as thread:
            result = thread.submit(_in_process, arguments, {"MAS_URL": self.url, **variables})
        ended = result.result()
        assert ended.returncode == code, (arguments, ended)
        assert "Traceback" not in ended.stderr
        assert "\x1b" not in ended.stdout + ended.stderr, "colours, and nobody sees them"
        return ended

    def json(self, *arguments: str, code: int = 0) -> Any:
        """Run a command that answers in JSON."""
        return json.loads(self(*arguments, "--json", code=code).stdout)

    def lines(self, *arguments: str) -> list[Any]:
        """Run a command that answers with a JSON object a line."""
        return [json.loads(line) for line in self(*arguments, "--json").stdout.splitlines()]

    @contextmanager
    def going_on(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run a command beside the test; it is ended with the block."""
        with subprocess.Popen(
            [*MAS, *arguments],
            env=environment(MAS_URL=self.url, PYTHONUNBUFFERED="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            patience = threading.Timer(PATIENCE, process.kill)
            patience.start()
            try:
                yield process
            finally:
                patience.cancel()
                if process.poll() is None:
                    process.kill()


def _in_process(arguments: Sequence[str], variables: dict[str, str]) -> Ended:
    out, err = StringIO(), StringIO()
    with (
        patch.dict(os.environ, environment(**variables), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main([*arguments])
    return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def finish(client: Client, agent_id: str, task_id: str, **how: Any) -> None:
    """Let an agent do a task to its end (``how``: what it reports; an error makes it fail)."""
    (work,) = client.agents.claim(agent_id, wait=20).items
    assert work.task_id == task_id
    client.tasks.start(task_id, agent_id, work.lease)
    if "error_code" in how:
        client.tasks.fail(task_id, agent_id, work.lease, message="no", **how)
    else:
        client.tasks.complete(task_id, agent_id, work.lease, **how)
