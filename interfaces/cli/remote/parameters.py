"""Arguments as they are typed: ids, times, JSON, skills, conditions on labels."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from aia_mas.interfaces.cli.remote.standard_input import standard_input

_STEPS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"(\d{1,9})([smhd])")
_CONDITION = re.compile(r"\s*([^=!<>\s]+)\s*(!=|>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_ONE_OF = re.compile(r"\s*(\S+)\s+in\s+(.+)", re.DOTALL)


class Id(click.ParamType):  # type: ignore[type-arg]
    """An id, as a part of an address."""

    name = "id"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Refuse what would name something else in an address."""
        if value in {"", ".", ".."}:
            self.fail(f"{value!r} is no id", param, ctx)
        return str(value)


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A time: RFC 3339, or how long ago (``10m``)."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Return it; a time without a zone is UTC."""
        if isinstance(value, datetime):
            return value
        if ago := _AGO.fullmatch(value):
            return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _STEPS[ago[2]])
        try:
            read = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is neither like 2026-03-01T12:00:00Z nor like 10m", param, ctx)
        return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


class Seconds(click.FloatRange):
    """A length of time in seconds; `nan`, which no comparison refuses, is none."""

    name = "seconds"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return it."""
        seconds: float = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return seconds


class Json(click.ParamType):  # type: ignore[type-arg]
    """JSON as it stands, of a file (``@file``) or of the standard input (``-``)."""

    name = "json|@file|-"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return what it says."""
        import msgspec

        if not isinstance(value, str):
            return value
        try:
            if value == "-":
                text = standard_input()
            elif value.startswith("@"):
                text = Path(value[1:]).read_bytes()
            else:
                text = value.encode("utf-8", "surrogateescape")
            return msgspec.json.decode(text)
        except OSError as error:
            self.fail(f"{value[1:]}: {error.strerror}", param, ctx)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.fail(f"this is not JSON: {error}", param, ctx)


class Condition(NamedTuple):
    """What is asked of a label; ``op`` and ``values`` are None when it need only be there."""

    key: str
    op: str | None = None
    values: tuple[str, ...] | None = None


class LabelCondition(click.ParamType):  # type: ignore[type-arg]
    """A condition on a label: ``gpu``, ``region=eu``, ``memory>=16``, ``region in eu,us``."""

    name = "condition"

    def convert(self, value: Any, param: Any, ctx: Any) -> Condition:
        """Return its parts; whether they make sense is the server's to say."""
        if isinstance(value, Condition):
            return value
        if compared := _CONDITION.fullmatch(value):
            return Condition(compared[1], compared[2], (compared[3].strip(),))
        if among := _ONE_OF.fullmatch(value):
            return Condition(among[1], "in", tuple(each.strip() for each in among[2].split(",")))
        if not value.strip() or len(value.split()) > 1:
            self.fail(f"{value!r} is none of gpu, region=eu, memory>=16, region in eu,us")
        return Condition(value.strip())


class Skill(click.ParamType):  # type: ignore[type-arg]
    """A skill, with the least level where that matters (``statistics=0.8``)."""

    name = "name[=level]"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, float]:
        """Return the name and the level; 0 when there is none."""
        if isinstance(value, tuple):
            return value
        name, _, level = value.partition("=")
        try:
            return name, float(level or 0)
        except ValueError:
            self.fail(f"{level!r} is no level between 0 and 1", param, ctx)
