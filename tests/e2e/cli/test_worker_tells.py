"""What a worker tells on its terminal."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import PATIENCE, environment
from .working import ended, started, submit, written


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(tmp_path_factory.mktemp("a program"))


SPEAKING = """
import sys
from aia.client import Fail, Worker

worker = Worker(sys.argv[1], skills=[sys.argv[1]])

@worker.task("good")
async def good(ctx, payload):
    return payload

@worker.task("bad")
async def bad(ctx, payload):
    raise Fail("too_bad", "no way")

worker.run(quiet="quiet" in sys.argv)
"""


def speaks(node: Any, unique: str, process: "subprocess.Popen[str]", *task_types: str) -> str:
    """Have a worker do tasks and stop; return what it said."""
    tasks = [ended(node, submit(node, unique, None, kind)) for kind in task_types]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    for number, task in enumerate(tasks):
        said = said.replace(task["task_id"], f"<{number}>")
    return said


@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
def test_a_program_tells_on_its_terminal_what_it_does(node: Any, unique: str, quiet: bool) -> None:
    command = [sys.executable, "-c", SPEAKING, unique, *(["quiet"] if quiet else [])]
    variables = environment(MAS_URL=node.url)
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        said = speaks(node, unique, process, "good", "bad")

    failed = r"task <1> \(bad\) has failed after \S+ s and is not tried again: too_bad: no way"
    if quiet:
        assert re.fullmatch(f"{failed}\n", said)
        return
    lines = [
        rf"registered as {unique} at {node.url}, 1 at once",
        "connected, waiting for tasks",
        r"task <0> \(good\) is taken, attempt 1",
        r"task <0> \(good\) is completed after \S+ s",
        r"task <1> \(bad\) is taken, attempt 1",
        failed,
        "stopping; 0 in hand",
        r"1 completed, 1 failed, in \d+ s",
    ]
    assert re.fullmatch("".join(rf"[\d:]+ (INFO|WARNING) +{line}\n" for line in lines), said)


@pytest.mark.parametrize("quiet", [False, True], ids=["loud", "quiet"])
def test_the_command_tells_on_its_terminal_what_it_does(
    node: Any, program: str, unique: str, quiet: bool
) -> None:
    with started(node, unique, program, *(["--quiet"] if quiet else [])) as process:
        said = speaks(node, unique, process, "work")

    told = ("registered as", "is taken", "is completed", "1 completed, 0 failed")
    assert [words in said for words in told] == [not quiet] * len(told)
    assert ("the worker has stopped" in said) is not quiet
    assert said == "" or not quiet
