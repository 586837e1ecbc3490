"""The standard input, which a program may have been started without (`mas ... <&-`)."""

from __future__ import annotations

import sys

import click


def standard_input() -> bytes:
    """Read all of it.

    Raises:
        UsageError: There is none.
    """
    if sys.stdin is None:
        raise click.UsageError("there is no standard input to read")
    return sys.stdin.buffer.read()


def somebody_there() -> bool:
    """Return whether there is a person who could be asked."""
    return sys.stdin is not None and sys.stdin.isatty()
