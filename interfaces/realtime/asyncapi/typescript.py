"""TypeScript types of all frames, made from the schemas of the AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aia_mas.interfaces.realtime.asyncapi.document import CHANNELS, document
from aia_mas.interfaces.realtime.close_codes import CloseCode

_HEAD = """// The frames of the AIA MAS sockets. Made from /asyncapi.json; changes here are lost.
"""
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}


def declarations() -> str:
    """Return a module of types: one for each schema, and a union of what each side may say."""
    made = document("localhost")
    schemas: Mapping[str, Any] = made["components"]["schemas"]
    parts = [_HEAD]
    parts += [_declaration(name, schema) for name, schema in sorted(schemas.items())]
    for channel in CHANNELS:
        name = channel.name.title()
        for suffix, frames in (("Says", channel.received), ("Hears", channel.sent)):
            options = "".join(f"\n  | {frame.struct.__name__}" for frame in frames)
            parts.append(f"/** {channel.summary}. */\nexport type {name}{suffix} ={options};\n")
    codes = "".join(f"  {code.name}: {int(code)},\n" for code in CloseCode)
    parts.append(f"export const CloseCode = {{\n{codes}}} as const;\n")
    return "\n".join(parts)


def _declaration(name: str, schema: Mapping[str, Any]) -> str:
    comment = _comment(schema.get("description", ""), "")
    if schema.get("type") == "object" and "properties" in schema:
        return f"{comment}export interface {name} {_members(schema, '')}\n"
    return f"{comment}export type {name} = {_type(schema, '')};\n"


def _members(schema: Mapping[str, Any], indent: str) -> str:
    required = set(schema.get("required", ()))
    inner = indent + "  "
    lines = [
        f"{_comment(member.get('description', ''), inner)}{inner}{_key(name)}"
        f"{'' if name in required else '?'}: {_type(member, inner)};\n"
        for name, member in schema["properties"].items()
    ]
    return "{\n" + "".join(lines) + indent + "}"


def _type(schema: Mapping[str, Any], indent: str) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_type(each, indent) for each in schema[several]))
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        return " | ".join(_type({**schema, "type": each}, indent) for each in kind)
    if kind == "array":
        return _array(schema, indent)
    if kind == "object":
        if "properties" in schema:
            return _members(schema, indent)
        values = schema.get("additionalProperties", True)
        inside = _type(values, indent) if isinstance(values, Mapping) else "unknown"
        return f"Record<string, {inside}>"
    return "null" if kind == "null" else _PLAIN.get(str(kind), "unknown")


def _array(schema: Mapping[str, Any], indent: str) -> str:
    if "prefixItems" in schema:
        return "[" + ", ".join(_type(each, indent) for each in schema["prefixItems"]) + "]"
    items = schema.get("items")
    return f"Array<{_type(items, indent) if isinstance(items, Mapping) else 'unknown'}>"


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def _comment(text: str, indent: str) -> str:
    words = " ".join(text.split()).replace("*/", "* /")
    return f"{indent}/** {words} */\n" if words else ""
