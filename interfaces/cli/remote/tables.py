"""Tables for people: in colour and fitted on a terminal, plain and whole everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.remote.words import NOTHING, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_GAP = 2  # cells between two columns
_LEAST = 8  # cells of a column that is cut
_WHOLE = 100_000  # columns of what is no terminal: nothing is cut off there
_STYLES: Mapping[str, str] = {
    **dict.fromkeys(("completed", "active", "online", "added", "ok"), "green"),
    **dict.fromkeys(("failed", "dead", "expired", "removed", "unavailable"), "red"),
    **dict.fromkeys(("suspended", "offline", "input_required", "changed", "degraded"), "yellow"),
    **dict.fromkeys(("running", "assigned"), "cyan"),
    **dict.fromkeys(("cancelled", "unregistered", "draining", "unchanged"), "dim"),
}


def console(*, err: bool = False) -> Console:
    """Return what writes to this terminal, or to what takes its place."""
    from rich.console import Console

    found = Console(stderr=err, highlight=False, markup=False, emoji=False)
    if not found.is_terminal:
        found = Console(
            stderr=err,
            highlight=False,
            markup=False,
            emoji=False,
            no_color=True,
            force_terminal=False,
            width=_WHOLE,
        )
    return found


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; words that are a status are coloured by what they mean.

    Args:
        headings: One for each column; ``>`` before it: numbers, to the right.
        rows: Their cells; they may hold anything that an agent or a client wrote.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for heading in headings:
        made.add_column(
            heading.removeprefix(">"),
            justify="right" if heading.startswith(">") else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        made.add_row(*(styled(cell) for cell in row))
    return made


def styled(cell: object) -> Text:
    """Return a cell; never its markup, which may be anybody's."""
    from rich.text import Text

    word = plain(cell)
    return Text(word, style=_STYLES.get(word, ""))


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table.

    The first columns say most: on a narrow terminal the last ones are left out, and what then is
    the last one is cut, so that ids stay whole.
    """
    cells = [[plain(cell) for cell in row] for row in rows]
    target = console()
    if not target.is_terminal:
        _print(table(headings, cells))
        return
    widths = fitting([[name.removeprefix(">") for name in headings], *cells], target.width)
    made = table(headings[: len(widths)], (row[: len(widths)] for row in cells))
    for column, width in zip(made.columns, widths, strict=True):
        column.width = width
    _print(made)


def fitting(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return how wide the columns are that fit side by side.

    Args:
        rows: The heading and all others.
        width: Of the terminal, in cells.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    while len(widths) > 1 and _side_by_side(widths[:-1]) + min(widths[-1], _LEAST) > width:
        widths.pop()
    widths[-1] = min(widths[-1], max(width - _side_by_side(widths[:-1]), 1))
    return widths


def _side_by_side(widths: Sequence[int]) -> int:
    """Return how much room columns take, with the gap behind each."""
    return sum(widths) + _GAP * len(widths)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Print names with values, one a line; values that are nothing are left out."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True, style="bold")
    made.add_column(overflow="fold")
    for name, value in facts:
        if value is not None and value not in ("", NOTHING):
            made.add_row(name, styled(value))
    _print(made)


def _print(made: Table) -> None:
    target = console()
    if target.is_terminal:
        target.print(made)
        return
    with target.capture() as captured:
        target.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())
