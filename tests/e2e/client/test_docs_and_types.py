"""The page about the client keeps its word, and type checkers understand all programs."""

import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from aia.client import AsyncClient, Client
from aia.client.operations import GROUPS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "python-client.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
PATIENCE = 120.0  # seconds; only ever waited out when something is wrong

# What is marked would be accepted if the types said nothing.
MISTAKES = """\
from aia.client import AsyncClient, Client


def mistakes(client: Client, asynchronous: AsyncClient) -> None:
    client.tasks.submit()  # type: ignore[call-arg]
    client.tasks.submit("x", priority="urgent")  # type: ignore[arg-type]
    client.tasks.submit("x", prio="high")  # type: ignore[call-arg]
    client.tasks.list(status="finished")  # type: ignore[arg-type]
    client.tasks.list(status=["queued", "done"])  # type: ignore[list-item]
    client.agents.put("a", skills={"x": "much"})  # type: ignore[dict-item]
    client.tasks.get("t").task_type + 1  # type: ignore[operator]
    for page in client.tasks.iterate():
        page.items  # type: ignore[attr-defined]
    with client.tasks.updates() as updates:
        next(updates).skills  # type: ignore[attr-defined]
    asynchronous.tasks.get("t").status  # type: ignore[attr-defined]
"""


@pytest.mark.parametrize(("program", "said"), PROGRAMS)
def test_a_program_of_the_page_says_what_stands_there(node: Any, program: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "MAS_URL": node.url},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == (said, "")


def test_every_program_of_the_page_is_run() -> None:
    assert len(PROGRAMS) == PAGE.count("```python") >= 5


def test_type_checkers_understand_programs_and_examples_and_see_mistakes(tmp_path: Path) -> None:
    for number, (program, _) in enumerate(PROGRAMS):
        (tmp_path / f"page_{number}.py").write_text(program)
    (tmp_path / "examples_asynchronous.py").write_text(examples(AsyncClient))
    (tmp_path / "examples_synchronous.py").write_text(examples(Client))
    (tmp_path / "mistakes.py").write_text(MISTAKES)
    checker = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    checker += ["--explicit-package-bases", f"--cache-dir={ROOT / '.mypy_cache' / 'programs'}"]
    done = subprocess.run(
        [*checker, *map(str, sorted(tmp_path.glob("*.py")))],
        env={**os.environ, "MYPYPATH": str(ROOT / ".links")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ""


def examples(kind: type) -> str:
    """Return the examples of all methods as a program."""
    word = "async def" if kind is AsyncClient else "def"
    lines = [
        "from datetime import UTC, datetime",
        f"from aia.client import {kind.__name__}",
        "from aia.client.types import AgentUpdate, ClaimedTask, TaskUpdate, ToldAgent, ToldTask",
        "from aia.client.types import ListedConnection, MessageView",
    ]
    client, count = kind("http://nobody.invalid"), 0
    for owner in (client, *(getattr(client, group) for group in GROUPS)):
        for name, method in inspect.getmembers(owner, inspect.ismethod):
            for example in re.findall(
                r"Example::\n\n((?: {4,}.*\n|\n)+)", f"{inspect.getdoc(method)}\n"
            ):
                count += 1
                given = f"client: {kind.__name__}, task: ClaimedTask"
                given += ", connection: ListedConnection, message: MessageView"
                lines.append(f"{word} {name}_{count}({given}) -> None:")
                lines.append(textwrap.indent(textwrap.dedent(example), "    "))
    assert count > 60
    return "\n".join(lines)
