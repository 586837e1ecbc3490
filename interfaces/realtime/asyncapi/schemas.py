"""The JSON Schemas of all frames, under names that a reader of the document can look up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import msgspec

from aia_mas.interfaces.http.openapi_fields import describe
from aia_mas.interfaces.realtime.asyncapi.frames import ANSWERS, ITEMS
from aia_mas.interfaces.realtime.asyncapi.mail_frames import MAIL_ANSWERS
from aia_mas.interfaces.realtime.asyncapi.shapes import Frame, Shape
from aia_mas.interfaces.realtime.facts import Update

REF = "#/components/schemas/{name}"


def schemas_of(frames: Sequence[Frame]) -> dict[str, Any]:
    """Return the schema of each frame and of what it consists of, by the name of the Struct."""
    answers = [*ANSWERS, *MAIL_ANSWERS]
    types = [frame.struct for frame in frames] + [*answers, *ITEMS]
    structs = {found.__name__: found for each in types for found in _structs(each)}
    _, schemas = msgspec.json.schema_components(list(structs.values()), ref_template=REF)
    for name, schema in schemas.items():
        if name in structs:
            describe(schema, structs[name])
            if issubclass(structs[name], Update):
                # Encoded only, so its type is left open there.
                schema["properties"]["at"] |= {"type": "string", "format": "date-time"}
    for schema in schemas.values():
        _write_patterns(schema)
    schemas["Receipt"]["properties"]["data"] |= {"anyOf": _references(answers)}
    schemas["Page"]["properties"]["items"]["items"] = {"anyOf": _references(ITEMS)}
    return schemas


def _references(shapes: Sequence[Shape]) -> list[dict[str, str]]:
    return [{"$ref": REF.format(name=shape.__name__)} for shape in shapes]


def _write_patterns(schema: Any) -> None:
    """Write the end of a text as other languages do: JSON Schema has the patterns of JavaScript."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            schema["pattern"] = schema["pattern"].replace(r"\Z", "$")
        for member in schema.values():
            _write_patterns(member)
    elif isinstance(schema, list):
        for member in schema:
            _write_patterns(member)


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from _structs(field.type)
    for option in get_args(kind):
        yield from _structs(option)
