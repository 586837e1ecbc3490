"""What the docstring of a Struct says about its fields, put where OpenAPI has it."""

from __future__ import annotations

import inspect
import re
from datetime import datetime
from typing import Any, get_args

import msgspec

_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8,}.*)*)", re.MULTILINE)
_IN_PASSING = re.compile(r"[(;]\s*``(\w+)``: ([^;)]+)")  # (``name``: meaning; ``name``: meaning)


def describe(schema: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    """Move what the docstring says about the fields to the fields."""
    text = inspect.cleandoc(struct.__doc__ or "")
    head, _, _ = text.partition("\nAttributes:")
    schema["description"] = head.strip().replace("``", "`")
    fields = schema.get("properties", {})
    described: set[str] = set()
    for kind in struct.__mro__:
        told = inspect.cleandoc(kind.__doc__ or "")
        for name, meaning in (*_ATTRIBUTE.findall(told), *_IN_PASSING.findall(told)):
            field = fields.get(name)
            if field is not None and name not in described:
                described.add(name)
                words = " ".join(meaning.split()).replace("``", "`")
                words = words[:1].upper() + words[1:]
                # What its type says, such as how amounts are written, stands behind.
                its = field.get("description", "")
                field["description"] = f"{words.rstrip('.')}. {its}" if its else words
    for told_field in msgspec.structs.fields(struct):
        if datetime in (told_field.type, *get_args(told_field.type)):
            _tell_time(fields[told_field.encode_name])


def _tell_time(schema: dict[str, Any]) -> None:
    """Say that a text is a time; msgspec says it only where it checks for a zone."""
    for option in (schema, *schema.get("anyOf", ())):
        if option.get("type") == "string":
            option["format"] = "date-time"
