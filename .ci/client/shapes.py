"""Schemas of the OpenAPI document as Python: annotations, and Structs."""

from __future__ import annotations

import json
import keyword
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
WIDTH = 99
_OF_ANSWERS = frozenset({"received"})
"""What every answer has beside what it says: fields of that name get another one."""


class Shapes:
    """The schemas of a document.

    Attributes:
        schemas: By name.
        sent: Names of those that stand within requests.
        answered: Names of those that stand within answers.
        top: Names of those that are answers.
    """

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.schemas = schemas
        self.sent: set[str] = set()
        self.answered: set[str] = set()
        self.top: set[str] = set()

    def answer(self, schema: Schema) -> None:
        """Take note of what is answered."""
        self.top.update(named(schema))
        self._note(schema, self.answered)

    def send(self, schema: Schema) -> None:
        """Take note of what stands within a request."""
        self._note(schema, self.sent)

    def _note(self, schema: Schema, into: set[str]) -> None:
        for name in named(schema):
            if name not in into:
                into.add(name)
                for field in self.schemas[name].get("properties", {}).values():
                    self._note(field, into)

    def annotation(self, schema: Schema, *, sent: bool) -> str:
        """Return the type of a value (``sent``: in requests any collection will do)."""
        if "$ref" in schema:
            return self._reference(schema["$ref"].rpartition("/")[2], sent=sent)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return union(self.annotation(option, sent=sent) for option in schema[key])
        if "enum" in schema:
            if set(map(type, schema["enum"])) == {bool}:
                return "bool"
            return literal(schema["enum"]) if sent else "str"
        if "const" in schema:
            return literal([schema["const"]])
        kind = schema.get("type")
        if isinstance(kind, list):
            if schema.get("format") == "decimal":
                return union(["Amount", *(["None"] if "null" in kind else [])])
            return union(self.annotation({**schema, "type": one}, sent=sent) for one in kind)
        if kind == "array":
            items = self.annotation(schema.get("items", {}), sent=sent)
            return f"Sequence[{items}]" if sent else f"list[{items}]"
        if kind == "object":
            values = schema.get("additionalProperties", {})
            inner = "Any" if isinstance(values, bool) else self.annotation(values, sent=sent)
            return f"Mapping[str, {inner}]" if sent else f"dict[str, {inner}]"
        if kind == "string" and schema.get("format") == "date-time":
            return "datetime"
        simple = {
            "string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None",
        }  # fmt: skip
        return simple.get(str(kind), "Any")

    def _reference(self, name: str, *, sent: bool) -> str:
        schema = self.schemas[name]
        if "enum" in schema:
            return name if sent else "str"
        return f"{name} | Mapping[str, Any]" if sent else name

    def enumerations(self) -> Iterator[tuple[str, str]]:
        """Yield the words that requests may take, as types."""
        for name in sorted(self.sent):
            if "enum" in self.schemas[name]:
                yield name, literal(self.schemas[name]["enum"])

    def struct(self, name: str, *, sent: bool) -> str:
        """Return the source of a Struct."""
        schema = self.schemas[name]
        base = "Answer" if name in self.top else "msgspec.Struct"
        options = "frozen=True, kw_only=True" + (", omit_defaults=True" if sent else "")
        taken = _OF_ANSWERS if base == "Answer" else frozenset()
        words = [n for n, _ in fields_of(schema) if keyword.iskeyword(n) or n in taken]
        if words:
            renamed = ", ".join(f'"{word}_": "{word}"' for word in words)
            options += f", rename={{{renamed}}}"
        fields, amounts = [], []
        for field, its in fields_of(schema):
            required = field in schema.get("required", ())
            kind = self.annotation(its, sent=sent)
            ours = f"{field}_" if field in words else field
            text = f"    {ours}: {kind}"
            if not required:
                text = f"    {ours}: {self._optional(kind, its, sent=sent)}"
                if base == "Answer" and field == "position":
                    text = "    position: int = 0"  # as every answer has it
            fields.append(text)
            if "Amount" in kind:
                amounts.append(ours)
        lines = [f"class {name}({base}, {options}):"]
        lines += docstring(
            schema.get("description") or f"{name}.", 4, "Attributes", described(schema)
        )
        lines += ["", *fields] if fields else []
        if amounts:
            lines += ["", "    def __post_init__(self) -> None:"]
            lines += ['        """Write amounts as they are sent."""']
            lines += [
                f'        msgspec.structs.force_setattr(self, "{field}", exact(self.{field}))'
                for field in amounts
            ]
        return "\n".join(lines) + "\n"

    def _optional(self, kind: str, schema: Schema, *, sent: bool) -> str:
        if not sent and schema.get("default") in ([], {}):
            return f"{kind} = msgspec.field(default_factory={type(schema['default']).__name__})"
        if not sent and schema.get("default") is not None:
            return f"{kind} = {json.dumps(schema['default'])}".replace("false", "False")
        if kind == "bool" and not sent and "enum" in schema:
            return "bool = False"
        return f"{union([kind, 'None'])} = None" if kind != "Any" else "Any = None"


def named(schema: Schema) -> Iterator[str]:
    """Yield the names of the schemas that one refers to."""
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for key in ("anyOf", "oneOf", "prefixItems"):
        for option in schema.get(key, ()):
            yield from named(option)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            yield from named(schema[key])


def fields_of(schema: Schema) -> list[tuple[str, Schema]]:
    """Return the fields of an object."""
    return list(schema.get("properties", {}).items())


def described(schema: Schema) -> dict[str, str]:
    """Return what is said about the fields of an object."""
    return {python_name(name): its.get("description", "") for name, its in fields_of(schema)}


def python_name(name: str) -> str:
    """Return a name of the API as one that Python takes."""
    return f"{name}_" if keyword.iskeyword(name) else name.replace("-", "_").lower()


def union(kinds: Any) -> str:
    """Return a union without repetitions; None last."""
    options = list(dict.fromkeys(part for kind in kinds for part in _parts(kind)))
    if "Any" in options:
        return "Any"
    if "float" in options and "int" in options:
        options.remove("int")
        options[options.index("float")] = "int | float"
    options.sort(key=lambda option: option == "None")
    return " | ".join(options)


def _parts(kind: str) -> list[str]:
    parts, depth, begun = [], 0, ""
    for character in kind:
        depth += (character == "[") - (character == "]")
        if character == "|" and depth == 0:
            parts.append(begun.strip())
            begun = ""
        else:
            begun += character
    return [*parts, begun.strip()]


def literal(values: list[Any]) -> str:
    """Return the type of a few words."""
    words = ", ".join(f'"{value}"' if isinstance(value, str) else repr(value) for value in values)
    return f"Literal[{words}]"


def docstring(
    text: str,
    indent: int,
    section: str = "",
    entries: Mapping[str, str] | None = None,
    example: str = "",
    more: str = "",
) -> list[str]:
    """Return the lines of a docstring in Google's style."""
    space = " " * indent
    paragraphs = text.strip().split("\n\n")
    head, _, rest = paragraphs[0].partition("\n")
    if not head.rstrip().endswith((".", ":", "?")):
        head = f"{head.rstrip()}." if not rest else head
    if not rest and len(head) + indent > WIDTH - 6:
        cut = head.find(". ")
        semicolon = head.find("; ")
        at = cut if cut >= 0 else semicolon
        if at >= 0:
            head, rest = head[:at] + ".", head[at + 2 :]
            rest = rest[:1].upper() + rest[1:]
    lines = [f'{space}"""{head}']
    for paragraph in [*([rest] if rest else []), *paragraphs[1:]]:
        lines += ["", *wrapped(" ".join(paragraph.split()), indent)]
    told = {name: meaning for name, meaning in (entries or {}).items() if meaning}
    if told:
        lines += ["", f"{space}{section}:"]
        for name, meaning in told.items():
            lines += wrapped(f"{name}: {meaning.rstrip('.')}.", indent + 4, indent + 8)
    if more:
        lines += ["", *wrapped(more, indent, indent + 4)]
    if example:
        lines += ["", f"{space}Example::", "", textwrap.indent(example, space + "    ")]
    if len(lines) == 1 and len(lines[0]) + 3 <= WIDTH + 1:
        return [lines[0] + '"""']
    return [*lines, f'{space}"""']


def wrapped(text: str, indent: int, following: int | None = None) -> list[str]:
    """Return text in lines of a bounded length."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if following is None else following),
        break_long_words=False,
        break_on_hyphens=False,
    )
