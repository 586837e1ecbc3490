"""One operation of the OpenAPI document, as what writes methods asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from shapes import Schema


class Operation(NamedTuple):
    """One operation (``method``: of HTTP; ``raw``: as the document has it)."""

    name: str
    method: str
    path: str
    raw: Mapping[str, Any]

    @property
    def parameters(self) -> list[Mapping[str, Any]]:
        """Its parameters."""
        return list(self.raw.get("parameters", ()))

    def named_in(self, place: str) -> list[Mapping[str, Any]]:
        """Return the parameters of the path, the query or the header."""
        return [one for one in self.parameters if one["in"] == place]

    @property
    def body(self) -> Schema | None:
        """The schema of its body."""
        content = self.raw.get("requestBody", {}).get("content", {})
        found: Schema | None = content.get("application/json", {}).get("schema")
        return found

    def sent(self, schemas: Mapping[str, Schema]) -> Iterator[Schema]:
        """Yield the schemas of all that a request is made of (``schemas``: by name)."""
        if self.body is not None:
            yield from schemas[self.body["$ref"].rpartition("/")[2]].get("properties", {}).values()
        for parameter in self.parameters:
            yield parameter["schema"]

    @property
    def is_ordered(self) -> bool:
        """Whether it may be answered with an order in place of what came of it."""
        later = self.raw["responses"].get("202", {}).get("content", {}).get("application/json", {})
        return later.get("schema", self.answer) != self.answer

    @property
    def answer(self) -> Schema | None:
        """The schema of its answer; None: there is none."""
        for status, response in self.raw["responses"].items():
            if status.startswith("2"):
                for content in response.get("content", {}).values():
                    schema: Schema = content.get("schema", {})
                    return schema
        return None


class Argument(NamedTuple):
    """One argument of a method (``default``: empty when it must be given)."""

    name: str
    kind: str
    default: str
    meaning: str

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default else "")
