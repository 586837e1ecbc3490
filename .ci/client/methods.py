"""Operations of the OpenAPI document as methods of the asynchronous client."""

from __future__ import annotations

import re

from operation import Argument, Operation
from shapes import Schema, Shapes, described, docstring, fields_of, python_name, union

from examples import example_of

_SIGNALS = {
    "send_heartbeat", "claim_tasks", "create_ticket", "test_agent_webhook",
    "acknowledge_message", "acknowledge_messages", "refuse_message", "explain_route",
}  # fmt: skip
"""Commands without an idempotency key: safe to repeat as they are."""
_PROBES = "/mas/health"
"""Questions where an error is the answer."""
_KEY_WORDS = "Its own key instead of a new one, to repeat a command of before"
_MATCH_WORDS = "The revision that the change is meant for, or several; `*`: whichever there is"


class Method:
    """Writes one operation as a method."""

    def __init__(self, name: str, operation: Operation, shapes: Shapes) -> None:
        self.name = name
        self.operation = operation
        self.shapes = shapes
        body = operation.body
        self.body = {} if body is None else shapes.schemas[body["$ref"].rpartition("/")[2]]
        path_names = {one["name"] for one in operation.named_in("path")}
        # What the path says already need not be said once more.
        self.fields = [(n, s) for n, s in fields_of(self.body) if n not in path_names]
        self.required = set(self.body.get("required", ()))
        headers = {one["name"] for one in operation.named_in("header")}
        self.keyed = "Idempotency-Key" in headers
        self.matching = "If-Match" in headers
        self.creating = "If-None-Match" in headers
        unknown = headers - {"Idempotency-Key", "If-Match", "If-None-Match"}
        if unknown:
            raise SystemExit(f"{operation.name}: what is to be done with the headers {unknown}?")

    @property
    def answer(self) -> str:
        """The type of its answer."""
        schema = self.operation.answer
        if schema is None:
            return "Done"
        return self.shapes.annotation(schema, sent=False)

    @property
    def told(self) -> str:
        """The type that it returns: its answer, or the order until there is one."""
        return f"{self.answer} | Order" if self.operation.is_ordered else self.answer

    @property
    def item(self) -> str | None:
        """The type of the entries of the pages that it answers; None: it answers no pages."""
        names = {one["name"] for one in self.operation.named_in("query")}
        if "cursor" not in names:
            return None
        items = self.shapes.schemas[self.answer]["properties"]["items"]
        return self.shapes.annotation(items["items"], sent=False)

    def arguments(self, *, paged: bool = True) -> tuple[list[Argument], list[Argument]]:
        """Return those that go by place, and those that go by name."""
        places = [
            Argument(python_name(one["name"]), "str", "", one.get("description", ""))
            for one in self.operation.named_in("path")
        ]
        named: list[Argument] = []
        told = described(self.body)
        for field, schema in self.fields:
            kind = self.shapes.annotation(schema, sent=True)
            meaning = told[python_name(field)]
            if field in self.required:
                places.append(Argument(python_name(field), kind, "", meaning))
            elif self._null_counts(field, schema):
                named.append(
                    Argument(python_name(field), union([kind, "UnsetType"]), "UNSET", meaning)
                )
            else:
                named.append(Argument(python_name(field), union([kind, "None"]), "None", meaning))
        for one in self.operation.named_in("query"):
            if not paged and one["name"] in {"cursor", "total"}:
                continue
            kind = self.shapes.annotation(one["schema"], sent=True)
            if one["schema"].get("type") == "array":
                kind = f"{kind.removeprefix('Sequence[').removesuffix(']')} | {kind}"
            if one.get("required"):
                meaning = one.get("description", "")
                places.append(Argument(python_name(one["name"]), kind, "", meaning))
                continue
            named.append(
                Argument(
                    python_name(one["name"]),
                    union([kind, "None"]),
                    "None",
                    one.get("description", ""),
                )
            )
        if self.matching:
            named.append(Argument("if_match", "Revisions | None", "None", _MATCH_WORDS))
        if self.creating:
            named.append(
                Argument(
                    "if_none_match", 'Literal["*"] | None', "None", "`*`: only if there is none yet"
                )
            )
        if self.keyed:
            named.append(Argument("idempotency_key", "str | None", "None", _KEY_WORDS))
        return places, named

    def _null_counts(self, field: str, schema: Schema) -> bool:
        """Tell whether null says something else than leaving the field out."""
        nullable = {"type": "null"} in schema.get("anyOf", ())
        return nullable and "default" not in schema and field not in self.required

    def source(self) -> str:
        """Return the method, and the one that iterates over its pages, if it has pages."""
        places, named = self.arguments()
        text = self._signature(self.name, places, named, self.told)
        text += self._docstring(places, named, example=self._example(self.name))
        text += self._work()
        if self.item is not None:
            text += "\n" + self._iterator()
        return text

    def _signature(
        self, name: str, places: list[Argument], named: list[Argument], answer: str
    ) -> str:
        arguments = ["self", *map(str, places), *(["*", *map(str, named)] if named else [])]
        return f"    async def {name}(\n        {', '.join(arguments)},\n    ) -> {answer}:\n"

    def _docstring(
        self, places: list[Argument], named: list[Argument], head: str = "", example: str = ""
    ) -> str:
        meanings = {one.name: one.meaning for one in (*places, *named)}
        text = head or self.operation.raw["description"]
        return "\n".join(docstring(text, 8, "Args", meanings, example)) + "\n"

    def _path(self) -> str:
        def part(match: re.Match[str]) -> str:
            name = match[1]
            function = "stream_segment" if name == "stream" else "segment"
            return f"{{{function}({python_name(name)})}}"

        path = re.sub(r"\{(\w+)\}", part, self.operation.path)
        return f'f"{path}"' if path != self.operation.path else f'"{path}"'

    def _body(self) -> str:
        if self.operation.body is None:
            return "None"
        first = [
            f'"{n}": {_sent(n, self.shapes.annotation(s, sent=True))}'
            for n, s in self.fields
            if n in self.required
        ]
        loose: list[str] = []
        changing: list[str] = []
        for name, schema in self.fields:
            if name not in self.required:
                value = _sent(name, self.shapes.annotation(schema, sent=True))
                chosen = changing if self._null_counts(name, schema) else loose
                chosen.append(f'"{name}": {value}')
        parts = [*first]
        if loose:
            parts.append(f"**given({{{', '.join(loose)}}})")
        if changing:
            parts.append(f"**changed({{{', '.join(changing)}}})")
        only = len(parts) == 1 and not first and not changing
        body = parts[0].removeprefix("**") if only else f"{{{', '.join(parts)}}}"
        needed = self.operation.raw["requestBody"].get("required", False)
        if not parts:
            return "None"
        return body if needed else f"{body} or None"

    def _work(self) -> str:
        name, operation = self.name, self.operation
        path, answer = self._path(), self.answer
        if operation.method == "get":
            query = ", ".join(
                f'"{one["name"]}": {python_name(one["name"])}'
                for one in operation.named_in("query")
            )
            if answer == "str":
                call = f"text({path}, {{{query}}})" if query else f"text({path})"
            elif operation.path.startswith(_PROBES):
                call = f"look({path}, {answer})"
            else:
                waits = any(one["name"] == "wait" for one in operation.named_in("query"))
                held = ", wait=wait or 0.0" if waits else ""
                call = f"read({path}, {answer}, {{{query}}}{held})"
            return f"        return await self._connection.{call}\n"
        if operation.name in _SIGNALS:
            wait = ", wait=wait or 0.0" if any(n == "wait" for n, _ in self.fields) else ""
            body = self._body()
            if body == "None":
                return f"        return await self._connection.signal({path}, {answer})\n"
            return (
                f"        body = {body}\n"
                f"        return await self._connection.signal({path}, {answer}, body{wait})\n"
            )
        if not self.keyed:
            raise SystemExit(
                f"{name}: no idempotency key; if it is safe to repeat, it belongs to _SIGNALS"
            )
        more = ", key=idempotency_key"
        if self.matching:
            created = ", if_none_match" if self.creating else ""
            more += f", headers=conditions(if_match{created})"
        more += self._held()
        if query := operation.named_in("query"):
            said = ", ".join(f'"{one["name"]}": {python_name(one["name"])}' for one in query)
            more = f", query={{{said}}}{more}"
        body = self._body()
        variable = "sent" if "body" in dict(self.fields) else "body"
        before = "" if body == "None" else f"        {variable} = {body}\n"
        said = "None" if body == "None" else variable
        verb = operation.method.upper()
        asked = "ordered" if operation.is_ordered else "command"
        return (
            f"{before}        return await self._connection.{asked}("
            f'"{verb}", {path}, {answer}, {said}{more})\n'
        )

    def _held(self) -> str:
        """Return how long a command may be held before it is answered."""
        wait = dict(self.fields).get("wait")
        if wait is None:
            return ""
        return f", wait={wait['default']} if wait is None else wait"

    def _iterator(self) -> str:
        places, named = self.arguments(paged=False)
        name = "iterate" if self.name == "list" else f"iterate_{self.name}"
        text = self._signature(name, places, named, f"AsyncIterator[{self.item}]")
        head = f"Iterate over all that `{self.name}` lists, page by page."
        text += self._docstring(places, named, head, self._example(name, iterating=True))
        passed = [one.name for one in places] + [f"{one.name}={one.name}" for one in named]
        return text + (
            "        cursor: str | None = None\n"
            "        while True:\n"
            f"            page = await self.{self.name}({', '.join(passed)}, cursor=cursor)\n"
            "            for item in page.items:\n"
            "                yield item\n"
            "            cursor = page.next_cursor\n"
            "            if cursor is None:\n"
            "                return\n"
        )

    def _example(self, name: str, *, iterating: bool = False) -> str:
        places, named = self.arguments(paged=not iterating)
        call = f"client.{self.group}.{name}"
        return example_of(self.operation, call, places, named, iterating=iterating)

    group = ""


def _sent(field: str, kind: str) -> str:
    name = python_name(field)
    return f"exact({name})" if kind.startswith("Amount") else name
