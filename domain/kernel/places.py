r"""Where a value stands in what was sent: the steps to it, as one text.

Steps are parted by dots. A dot within a name, which is the client's own, has a backslash before it,
so that ``skills.node\.js`` is one level below ``skills``.
"""

from __future__ import annotations

import re

_STEP = re.compile(r"(?:[^.\\]|\\.)*", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def within(place: str, step: str | int) -> str:
    """Return the place one step further (an index from 0, or a name)."""
    name = str(step)
    if "." in name or "\\" in name:
        name = name.replace("\\", "\\\\").replace(".", "\\.")
    return f"{place}.{name}" if place else name


def steps_of(place: str) -> list[str]:
    """Return the steps to a place."""
    steps: list[str] = []
    at = 0
    while at <= len(place):
        found = _STEP.match(place, at)
        assert found is not None, "the pattern matches everywhere"
        steps.append(_ESCAPED.sub(r"\1", found[0]))
        at = found.end() + 1
    return steps
