"""Lists: a page of them, or all of them page by page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import click

from aia_mas.interfaces.cli.remote.answers import remark, show_json
from aia_mas.interfaces.cli.remote.tables import show_table

_MOST = 500
T = TypeVar("T")


class Page(Protocol):
    """A page of a list."""

    @property
    def items(self) -> list[Any]:
        """What is on it."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next one begins."""

    @property
    def total(self) -> int | None:
        """How many there are on all pages."""


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how much of a list is wanted."""
    for option in (
        click.option("--total", is_flag=True, help="Also count all that match."),
        click.option("--cursor", help="Go on where a page ended."),
        click.option("--all", "everything", is_flag=True, help="All of them, page by page."),
        click.option("--limit", type=click.IntRange(1, _MOST), help="At most so many on a page."),
    ):
        command = option(command)
    return command


def show_list(
    fetch: Callable[..., Page],
    headings: Sequence[str],
    row: Callable[[Any], Sequence[object]],
    *,
    as_json: bool,
    limit: int | None,
    everything: bool,
    cursor: str | None,
    total: bool,
) -> None:
    """Print a list.

    Args:
        fetch: Returns a page; takes ``limit``, ``cursor`` and ``total``.
        headings: Those of the table.
        row: Returns what stands under them.
        as_json: Print the page as the server has it instead.
        limit: How many at most on a page.
        everything: All pages.
        cursor: Where to begin.
        total: Also tell how many there are.
    """
    size = limit or (_MOST if everything else None)
    page = fetch(limit=size, cursor=cursor, total=total or None)
    items, following, counted = list(page.items), page.next_cursor, page.total
    while everything and following is not None:
        if sys.stderr.isatty():
            click.echo(f"\r{len(items):,} read ", nl=False, err=True)
        page = fetch(limit=size, cursor=following, total=None)
        items += page.items
        following = page.next_cursor
    if everything and sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    if as_json:
        counts = {"total": counted} if total else {}
        show_json({"items": items, "next_cursor": following, **counts})
        return
    show_table(headings, (row(item) for item in items))
    if total:
        remark(f"{counted:,} in all")
    if following is not None:
        remark(f"there are more: --all, or --cursor {following}")
