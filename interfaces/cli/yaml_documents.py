"""YAML documents as JSON values that know the line on which each of them stands.

Scalars are read by the core schema of YAML 1.2 (10.3.2), which is JSON's: ``no`` and ``on`` are
text, dates are text, and so is ``12:30``, which YAML 1.1 takes for a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from aia_mas.domain.kernel.places import steps_of

Path = tuple[str | int, ...]
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_KINDS = frozenset({"map", "seq", "str", "int", "float", "bool", "null", "merge"})
_MOST_NODES = 200_000
_DEEPEST = 50


class Document(NamedTuple):
    """A document of a file.

    Attributes:
        source: What the file is called.
        value: What it says.
        lines: The line of everything in it, from 1, by its path.
    """

    source: str
    value: Any
    lines: dict[Path, int]

    def at(self, path: Path) -> str:
        """Return where something stands, or what it is a part of: ``fleet.yaml:12``."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.source}:{self.lines.get(path, 1)}"

    def field(self, base: Path, field: str) -> Path:
        """Return the path of a field that a mistake names (``skills.python``, ``items.1``)."""
        place = base
        for step in steps_of(field) if field else ():
            named = (*place, step)
            place = named if named in self.lines or not step.isdecimal() else (*place, int(step))
        return place


class BadYaml(Exception):
    """A file is no YAML, or more than JSON can say; the message begins with file and line."""


class _Loader(yaml.SafeLoader):
    """Resolves plain scalars by the core schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way to say so


for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"^(?:{_pattern})$"), list(_first))


def read_documents(source: str, content: bytes) -> Iterator[Document]:
    """Yield the documents of a file; empty ones are left out.

    Args:
        source: What the file is called.
        content: What is in it.

    Raises:
        BadYaml: It is no YAML, a key stands twice, or it is larger than a fleet may be.
    """
    try:
        loader = _Loader(content)
        try:
            while loader.check_node():
                node = loader.get_node()
                assert node is not None, "it was checked"
                reader = _Reader(source)
                value = reader.value(node, ())
                if value is not None:
                    yield Document(source, value, reader.lines)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f"{mark.line + 1}"
        raise BadYaml(f"{source}:{line}: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadYaml(f"{source}: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise BadYaml(f"{source}: it is nested too deeply") from None


class _Reader:
    """Makes values of the nodes of one document."""

    def __init__(self, source: str) -> None:
        self.lines: dict[Path, int] = {}
        self._source = source
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._nodes += 1
        # Aliases of aliases can say much with few words, and an alias of itself never ends.
        if self._nodes > _MOST_NODES or len(path) > _DEEPEST:
            raise self._bad(node, "it holds too much")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag.removeprefix(_TAG) not in _KINDS:
            raise self._bad(node, f"{node.tag!r} is nothing that JSON knows")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                for name, value in self._merged(value_node, path).items():
                    merged.setdefault(name, value)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._bad(key_node, "a key must be a text")
            name = key_node.value
            if name in found:
                raise self._bad(key_node, f"{name!r} stands here twice")
            self.lines[(*path, name)] = key_node.start_mark.line + 1
            found[name] = self.value(value_node, (*path, name))
        return {**merged, **found}

    def _merged(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                raise self._bad(part, "what << names must be a mapping")
            for name, value in self.value(part, (*path, "<<")).items():
                merged.setdefault(name, value)
        return merged

    def _scalar(self, node: yaml.Node) -> Any:
        text, kind = str(node.value), node.tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind in {"int", "float"}:
            number = int(text) if kind == "int" and len(text) < 1_000 else float(text)
            if number in {float("inf"), float("-inf")}:
                raise self._bad(node, "this number is too large")
            return number
        return text

    def _bad(self, node: yaml.Node, words: str) -> BadYaml:
        return BadYaml(f"{self._source}:{node.start_mark.line + 1}: {words}")
