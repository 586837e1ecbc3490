"""All tasks of a file, in batches: each line once, however often the file is given."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from aia_mas.interfaces.cli.exit_codes import Exit
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.server import Server
from aia_mas.interfaces.cli.remote.standard_input import standard_input
from aia_mas.interfaces.cli.remote.tables import console, show_table

if TYPE_CHECKING:
    from aia.client import Client
    from aia.client.types import BatchItem

_BYTES = 2 * 2**20  # of one batch: half of what a server takes unless configured otherwise
_TOLD = 10


class Line(NamedTuple):
    """A line of the file (``number``: from 1)."""

    number: int
    text: bytes


class Fate(NamedTuple):
    """What became of a line."""

    line: Line
    item: BatchItem


def submit_file(
    server: Server, source: str, *, key: str | None, size: int, refused: Any, as_json: bool
) -> None:
    """Submit all tasks of a file, and tell which were refused.

    Args:
        server: To whom.
        source: Path of the file; ``-``: standard input.
        key: What this submission is called; the same one with the same file is the same one.
        size: How many lines go at once.
        refused: Where the lines go that were refused; None: nowhere.
        as_json: Tell it in JSON.
    """
    content = standard_input() if source == "-" else Path(source).read_bytes()
    lines = lines_of(content)
    name = key or f"file-{hashlib.sha256(content).hexdigest()[:40]}"
    with server.client() as client:
        fates = _submitted(client, lines, name, size)
    bad = [fate for fate in fates if fate.item.problem is not None]
    if refused is not None:
        refused.writelines(fate.line.text + b"\n" for fate in bad)
        refused.close()
    if as_json:
        items = [{"line": fate.line.number, **msgspec.to_builtins(fate.item)} for fate in fates]
        show_json({"accepted": len(fates) - len(bad), "refused": len(bad), "items": items})
    else:
        if bad:
            rows = (
                (fate.line.number, fate.item.problem.code, fate.item.problem.detail)
                for fate in bad
                if fate.item.problem is not None
            )
            show_table((">LINE", "CODE", "WHY"), rows)
        click.echo(f"{len(fates) - len(bad):,} accepted, {len(bad):,} refused")
    sys.exit(Exit.REFUSED if bad else 0)


def lines_of(content: bytes) -> list[Line]:
    """Return the lines that hold a task.

    Raises:
        UsageError: A line holds something else; nothing was sent then.
    """
    lines: list[Line] = []
    wrong: list[str] = []
    for number, text in enumerate(content.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            if not isinstance(msgspec.json.decode(text), dict):
                wrong.append(f"line {number}: this is no object")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            wrong.append(f"line {number}: this is not JSON: {error}")
        lines.append(Line(number, text))
    if wrong:
        more = [f"... and {len(wrong) - _TOLD} more"] if len(wrong) > _TOLD else []
        raise click.UsageError("\n".join(["nothing was submitted:", *wrong[:_TOLD], *more]))
    if not lines:
        raise click.UsageError("there is no task in it")
    return lines


def _submitted(client: Client, lines: list[Line], name: str, size: int) -> list[Fate]:
    """Submit the lines; a batch that was submitted before is answered as it was then."""
    from rich.progress import Progress

    fates: list[Fate] = []
    target = console(err=True)
    with Progress(console=target, disable=not target.is_terminal, transient=True) as progress:
        bar = progress.add_task("submitting", total=len(lines))
        for number, batch in enumerate(batches(lines, size)):
            answer = client.tasks.submit_batch(
                [msgspec.Raw(line.text) for line in batch],  # type: ignore[misc]
                idempotency_key=f"{name}:{size}:{number}",
            )
            fates += map(Fate, batch, answer.items)
            progress.advance(bar, len(batch))
    return fates


def batches(lines: list[Line], size: int) -> Iterator[list[Line]]:
    """Yield lines that go together, bounded in number and in bytes; always the same ones."""
    batch: list[Line] = []
    weight = 0
    for line in lines:
        if batch and (len(batch) == size or weight + len(line.text) > _BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(line)
        weight += len(line.text)
    if batch:
        yield batch
