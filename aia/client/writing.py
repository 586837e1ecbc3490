"""From arguments to what is sent: paths, queries, headers and JSON bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from msgspec import UNSET, UnsetType

Amount: TypeAlias = Decimal | str | int | float
"""A number of tokens; exact as a decimal, an integer or a string of plain digits."""
Revisions: TypeAlias = int | str | Sequence[int]
"""What `If-Match` names: a revision, several, or ``"*"`` for whichever there is."""

T = TypeVar("T")


def exact(value: T) -> T | str:
    """Return an amount as JSON may carry it: a decimal in plain digits, without an exponent."""
    return format(value, "f") if isinstance(value, Decimal) else value


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given: None says that one was not."""
    return {name: value for name, value in fields.items() if value is not None}


def changed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given, where None is a value of its own."""
    return {name: value for name, value in fields.items() if value is not UNSET}


def segment(value: str, *, safe: str = ":") -> str:
    """Return an id as a part of a path.

    Raises:
        ValueError: It is none; as part of a path it would name something else.
    """
    if value in {"", ".", ".."}:
        raise ValueError(f"{value!r} is no id")
    return quote(value, safe=safe)


def stream_segment(value: str) -> str:
    """Return the id of a stream (``agent/data_analyst_001``) as the end of a path."""
    return "/".join(segment(part) for part in value.split("/"))


def query_of(fields: Mapping[str, Any]) -> httpx.QueryParams:
    """Return the parameters of a query; of a list one for each entry."""
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in fields.items():
        if value is None:
            continue
        several = not isinstance(value, str) and isinstance(value, Iterable)
        pairs += [(name, _text(each)) for each in (value if several else (value,))]
    return httpx.QueryParams(pairs)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def conditions(
    if_match: Revisions | None = None, if_none_match: str | None = None
) -> dict[str, str]:
    """Return the headers that say in which revision a change is meant to be made."""
    headers: dict[str, str] = {}
    if if_match is not None:
        headers["if-match"] = _tags(if_match)
    if if_none_match is not None:
        headers["if-none-match"] = if_none_match
    return headers


def _tags(revisions: Revisions) -> str:
    if isinstance(revisions, str):
        return revisions
    several = (revisions,) if isinstance(revisions, int) else revisions
    return ", ".join(f'"rev-{revision}"' for revision in several)


def _plain(value: Any) -> Any:
    """Return what has no JSON of its own as something that has."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


encode = msgspec.json.Encoder(enc_hook=_plain).encode
"""Encodes a body."""

__all__ = [
    "UNSET", "Amount", "Revisions", "UnsetType", "changed", "conditions", "encode", "exact",
    "given", "query_of", "segment", "stream_segment",
]  # fmt: skip
