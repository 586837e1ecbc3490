"""A plan of changes as people read it: what comes, goes and changes, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click
import msgspec

from aia_mas.interfaces.cli.apply.comparing import ADDED, CHANGED, REMOVED, UNCHANGED, Change
from aia_mas.interfaces.cli.remote.words import plain

_SIGNS = {ADDED: "+", CHANGED: "~", REMOVED: "-", UNCHANGED: " "}
_COLOURS = {ADDED: "green", CHANGED: "yellow", REMOVED: "red"}


def show_changes(changes: Iterable[Change]) -> None:
    """Print a plan; what stays as it is is only counted."""
    told = list(changes)
    for change in told:
        for remark in change.remarks:
            click.echo(f"! {change.kind} {plain(change.name)}: {plain(remark)}", err=True)
        if change.action == UNCHANGED:
            continue
        colour = _COLOURS[change.action]
        click.secho(f"{_SIGNS[change.action]} {change.kind} {plain(change.name)}", fg=colour)
        for line in _fields(change):
            click.echo(f"    {line}")
    click.echo(summary(told))


def summary(changes: Iterable[Change]) -> str:
    """Return how many things are added, changed, removed and left as they are."""
    counts = Counter(change.action for change in changes)
    if counts.keys() <= {UNCHANGED}:
        return f"no changes ({counts[UNCHANGED]} unchanged)"
    return ", ".join(f"{counts[action]} {action}" for action in _SIGNS if counts[action])


def as_data(change: Change) -> dict[str, Any]:
    """Return a change for programs."""
    return {
        "kind": change.kind,
        "name": change.name,
        "action": change.action,
        "fields": {
            name: {"before": field.before, "after": field.after}
            for name, field in change.fields.items()
        },
        "remarks": list(change.remarks),
    }


def _fields(change: Change) -> Iterator[str]:
    for name, (before, after) in change.fields.items():
        if change.action == ADDED:
            yield f"{name}: {_json(after)}"
        elif change.action == REMOVED:
            yield f"{name}: {_json(before)}"
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _members(name, before, after)
        else:
            yield f"{name}: {_json(before)} -> {_json(after)}"


def _members(name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield what changes within a mapping."""
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            yield f"{name}.{plain(key)}: {_json(before[key])} -> gone"
        elif key not in before:
            yield f"{name}.{plain(key)}: none -> {_json(after[key])}"
        elif before[key] != after[key]:
            yield f"{name}.{plain(key)}: {_json(before[key])} -> {_json(after[key])}"


def _json(value: Any) -> str:
    return plain(msgspec.json.encode(value).decode())
