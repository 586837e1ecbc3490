"""Which JSON Schemas may bind an answer: those whose check ends soon, whatever the answer is.

A schema comes from an agent, and is applied to what somebody else sends. Following its references
may take exponential time, or never end; so what it amounts to when they are all followed is counted
before it is taken, and again against the size of each answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.errors import InvalidSchema

DRAFTS = {
    "https://json-schema.org/draft/2020-12/schema": "2020-12",
    "http://json-schema.org/draft-07/schema": "draft-07",
}
"""The drafts that ``$schema`` may name; without it, it is the first."""
MAX_SIZE = 500
"""Most subschemas, with every reference counted as what it refers to."""
MAX_HEIGHT = 64
"""Deepest nesting of subschemas, with every reference followed."""
MAX_CHECKS = 20_000
"""Most checks that one answer may cost: its values times the subschemas."""

_FIELD = "schema"
# They rename what references mean, or (the last two) take exponential time when nested.
_REFUSED = frozenset(
    {
        "$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef",
        "$vocabulary", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
_ONE = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "else", "if", "items", "not",
        "propertyNames", "then",
    }
)  # fmt: skip
_SEVERAL = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependencies", "dependentSchemas", "patternProperties", "properties"})
_DEFINED = frozenset({"$defs", "definitions"})
# What a keyword costs beside one check, as a number of checks: so that neither the schema, which is
# compiled each time, nor its answer holds the event loop for over two milliseconds.
_WEIGHTS = {"multipleOf": 150, "pattern": 45, "uniqueItems": 10}
_COMPARED = frozenset({"const", "enum"})
_PER_VALUES = 4
_PER_BYTES = 64
# Without percent-encoding: it would be a second way to write the same.
_REFERENCE = re.compile(r"#(/[^%]*)?")


def draft_of(schema: Any) -> str:
    """Return the draft that a schema is written in.

    Raises:
        InvalidSchema: It names another one than those of ``DRAFTS``.
    """
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if named is None:
        return next(iter(DRAFTS.values()))
    draft = DRAFTS.get(named.removesuffix("#")) if isinstance(named, str) else None
    if draft is None:
        raise InvalidSchema(f"$schema is one of {', '.join(DRAFTS)}", field=f"{_FIELD}.$schema")
    return draft


def check_bounds(schema: Any) -> int:
    """Refuse a schema whose check might take long; whether it is a schema at all is not looked at.

    Returns:
        Its size: the number of subschemas, with every reference counted as what it refers to.

    Raises:
        InvalidSchema: It is too large, nested too deeply, refers to itself or to elsewhere, or uses
            a keyword that is not taken.
    """
    return _Measure(schema).of(schema, _FIELD, MAX_HEIGHT)[0]


def check_effort(answer: Any, schema: Any, field: str = "answer") -> None:
    """Refuse an answer that takes too many checks against its schema.

    Raises:
        InvalidValue: It does.
    """
    size = sum(1 for _ in _values(answer)) + len(msgspec.json.encode(answer)) // _PER_BYTES
    if size * check_bounds(schema) > MAX_CHECKS:
        raise InvalidValue(f"{field} is too large to be checked by its schema", field=field)


def _values(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for member in value.values():
            yield from _values(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _values(member)


_Extent = tuple[int, int]
"""Size and height of a subschema with every reference followed."""


class _Measure:
    """Measures one schema; what is referred to is measured once."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._known: dict[str, _Extent] = {}
        self._open: set[str] = set()

    def of(self, schema: Any, field: str, left: int) -> _Extent:
        """Return the extent of a subschema (``left``: how much deeper it may be nested)."""
        if isinstance(schema, bool):
            return 1, 1
        if not isinstance(schema, dict):
            raise InvalidSchema(f"{field} is a schema: an object, true or false", field=field)
        size, height = 1, 0
        for keyword, value in schema.items():
            if keyword in _REFUSED:
                raise InvalidSchema(f"{keyword} is not taken here", field=f"{field}.{keyword}")
            if keyword in _COMPARED:
                size += sum(1 for _ in _values(value)) // _PER_VALUES
            size += _WEIGHTS.get(keyword, 0)
            for inner, inner_height in self._within(keyword, value, f"{field}.{keyword}", left):
                size, height = size + inner, max(height, inner_height)
        if size > MAX_SIZE:
            raise InvalidSchema(f"A schema has at most {MAX_SIZE} subschemas", field=field)
        if height >= left:
            raise InvalidSchema(f"A schema is nested at most {MAX_HEIGHT} deep", field=field)
        return size, height + 1

    def _within(self, keyword: str, value: Any, field: str, left: int) -> Iterator[_Extent]:
        if left <= 0:
            raise InvalidSchema(f"A schema is nested at most {MAX_HEIGHT} deep", field=field)
        if keyword == "$ref":
            yield self._referred(value, field, left - 1)
        elif keyword in _SEVERAL and isinstance(value, list):
            for index, member in enumerate(value):
                yield self.of(member, f"{field}.{index}", left - 1)
        elif keyword in _ONE:
            yield self.of(value, field, left - 1)
        elif keyword in _NAMED and isinstance(value, dict):
            for name, member in value.items():
                if keyword != "dependencies" or not isinstance(member, list):
                    size, height = self.of(member, within(field, name), left - 1)
                    yield size + (keyword == "patternProperties") * _WEIGHTS["pattern"], height
        elif keyword in _DEFINED and isinstance(value, dict):
            for name, member in value.items():
                # They cost nothing by themselves.
                yield 0, self.of(member, within(field, name), left - 1)[1]

    def _referred(self, target: Any, field: str, left: int) -> _Extent:
        if not isinstance(target, str) or not _REFERENCE.fullmatch(target):
            raise InvalidSchema("A schema refers to parts of itself only (#/...)", field=field)
        if target in self._open:
            raise InvalidSchema("A schema must not refer to itself in a circle", field=field)
        if target not in self._known:
            self._open.add(target)
            place = _FIELD
            for step in _steps(target):
                place = within(place, step)
            self._known[target] = self.of(_part(self._root, target, field), place, left)
            self._open.discard(target)
        return self._known[target]


def _part(root: Any, target: str, field: str) -> Any:
    """Return the part of a schema that a JSON pointer in a URI fragment names (RFC 6901, 6)."""
    part = root
    for name in _steps(target):
        if isinstance(part, dict) and isinstance(part.get("$id"), str):
            raise InvalidSchema("$id is not taken here", field=field)
        if isinstance(part, dict) and name in part:
            part = part[name]
        elif isinstance(part, list) and name.isdecimal() and int(name) < len(part):
            part = part[int(name)]
        else:
            raise InvalidSchema("A schema has no such part to refer to", field=field)
    return part


def _steps(target: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in target.split("/")[1:]]
