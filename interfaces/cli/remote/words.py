"""Values as people read them: text that is safe to show, ages, amounts, shares."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
NOTHING = "-"
_LONG = 10_000
_HUNDREDTH = Decimal("0.01")
_UNITS = ("", "k", "M", "G", "T", "P", "E")


def plain(value: object) -> str:
    """Return a text of the server's without what a terminal would take for a command."""
    text = NOTHING if value is None or value == "" else str(value)
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def program_name() -> str:
    """Return what to type to run this program: its path, where the shell would not find it."""
    ours = Path(sys.argv[0])
    found = shutil.which("mas")
    if ours.name != "mas" or (found is not None and Path(found).samefile(ours)):
        return "mas"
    return shlex.quote(os.path.relpath(ours))


def age(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago something was, in its two largest units (``3m 20s``)."""
    if moment is None:
        return NOTHING
    return lasting(((now or datetime.now(UTC)) - moment).total_seconds())


def lasting(seconds: float) -> str:
    """Return a length of time in its two largest units; none is negative."""
    rest = max(int(seconds), 0)
    words: list[str] = []
    for size, unit in _STEPS:
        count, rest = divmod(rest, size)
        if count or words or unit == "s":
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def moment(value: datetime | None) -> str:
    """Return a time, UTC, to the second."""
    return NOTHING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def milliseconds(value: int | None) -> str:
    """Return a duration with a unit that suits it."""
    if value is None:
        return NOTHING
    return f"{value} ms" if value < 10_000 else f"{value / 1000:.1f} s"


def share(value: float | None) -> str:
    """Return a share of one in per cent."""
    return NOTHING if value is None else f"{value:.1%}"


def tokens(amount: str) -> str:
    """Return an amount of tokens in a few digits, never more than there are (``12.3k``)."""
    exact = Decimal(amount)
    if abs(exact) < _LONG:
        return f"{exact.quantize(_HUNDREDTH, ROUND_DOWN):f}".removesuffix(".00")
    whole = str(abs(int(exact)))
    unit = min((len(whole) - 1) // 3, len(_UNITS) - 1)
    first = Decimal(whole[:3]).scaleb(len(whole) - 3 - 3 * unit)
    return f"{'-' if exact < 0 else ''}{first.normalize():f}{_UNITS[unit]}"


def counted(count: int, noun: str) -> str:
    """Return a number of things in words (``1 task``, ``1,200 tasks``)."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(values: Iterable[Any], most: int = 5) -> str:
    """Return some words of a list, and how many there are beside these."""
    words = [str(value) for value in values]
    more = f" +{len(words) - most}" if len(words) > most else ""
    return ", ".join(words[:most]) + more if words else NOTHING


def levels(skills: dict[str, float]) -> str:
    """Return skills with their levels, the highest first."""
    ordered = sorted(skills.items(), key=lambda skill: (-skill[1], skill[0]))
    return listed(f"{name}={level:g}" for name, level in ordered)
