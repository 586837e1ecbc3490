"""Examples of how methods of the client are called, for their docstrings."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from operation import Argument, Operation

_PLACEHOLDERS = {
    "agent_id": '"data_analyst_001"',
    "task_id": "task.task_id",
    "connection_id": "connection.connection_id",
    "lease": "task.lease",
    "key": '"sales_db"',
    "task_type": '"report"',
    "stream": '"agent/data_analyst_001"',
    "account_id": '"wallet:AIA:data_analyst_001"',
    "budget_id": '"research"',
    "month": '"2026-01"',
    "order_id": '"order-17"',
    "program_id": '"program-17"',
    "proposal_id": '"proposal_123"',
    "transfer_id": '"transfer-17"',
    "message_id": "message.message_id",
    "rule_id": '"on_call"',
    "pattern": '"tasks.*"',
}
"""Arguments by name, where the example of a body does not say them."""
_examples: list[str] = []


def example_of(
    operation: Operation,
    call: str,
    places: Iterable[Argument],
    named: Iterable[Argument],
    *,
    iterating: bool = False,
) -> str:
    """Return the mark of an example; ``with_examples`` puts it there as ruff formats it.

    Args:
        operation: Whose example of a body says what is sent.
        call: The method on the client.
        places: The arguments that go by place.
        named: Those that go by name.
        iterating: The method iterates over pages.
    """
    content = operation.raw.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("example", {})
    by_place = [
        _shown(body[one.name], one.kind)
        if one.name in body and one.name != "lease"
        else _PLACEHOLDERS.get(one.name, "...")
        for one in places
    ]
    by_name = [
        f"{one.name}={_shown(body[one.name], one.kind)}" for one in named if one.name in body
    ]
    if iterating:
        by_name = ['status="queued"'] if operation.name == "list_tasks" else []
    line = f"{call}({', '.join([*by_place, *by_name])})"
    example = f"async for item in {line}:\n    print(item)" if iterating else f"await {line}"
    _examples.append(example)
    return f"@@example {len(_examples) - 1}@@"


def with_examples(files: dict[str, str], ruff: Path) -> dict[str, str]:
    """Return files with their examples; all are formatted at once, `await` in functions."""
    source = "".join(
        f"async def example_{number}():\n{textwrap.indent(example, '    ')}\n"
        for number, example in enumerate(_examples)
    )
    command = [str(ruff), "format", "--quiet", "--config", "line-length=88", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    bodies = re.split(r"^async def example_\d+\(\):\n", done.stdout, flags=re.MULTILINE)[1:]
    shown = [textwrap.dedent(body).strip() for body in bodies]

    def example(match: re.Match[str]) -> str:
        return textwrap.indent(shown[int(match[2])], match[1])

    mark = re.compile(r"^( *)@@example (\d+)@@$", re.MULTILINE)
    return {name: mark.sub(example, text) for name, text in files.items()}


def _shown(value: Any, kind: str = "") -> str:
    """Return a value as Python writes it, in double quotes (``kind``: its type)."""
    if kind.startswith("datetime"):
        then = datetime.fromisoformat(value)
        return f"datetime({then.year}, {then.month}, {then.day}, tzinfo=UTC)"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}": {_shown(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
