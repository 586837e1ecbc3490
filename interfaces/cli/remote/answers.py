"""Answers in JSON for programs, one document or one line for each, and remarks beside them."""

from __future__ import annotations

import sys

import click
import msgspec


def show_json(answer: object) -> None:
    """Print an answer as a document over several lines."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def show_line(answer: object) -> None:
    """Print an answer as one line (NDJSON), at once."""
    click.echo(msgspec.json.encode(answer).decode())
    sys.stdout.flush()


def remark(words: str) -> None:
    """Tell a person something that is no part of the answer."""
    click.echo(words, err=True)
