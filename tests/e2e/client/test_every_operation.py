"""The client can say all that the served OpenAPI document knows, and understands all of it."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import httpx
import msgspec
import pytest

from aia.client import AsyncClient, Client, NotFound
from aia.client.operations import BY_HAND, methods
from aia.client.types import Done

METHODS = methods()


@pytest.fixture(scope="module")
def served(node: Any) -> dict[str, Any]:
    document: dict[str, Any] = node.client.get("/openapi.json").json()
    return document


def operations(served: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in served["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation


def resolved(served: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return served["components"]["schemas"][name] if name else schema


def named(name: str) -> str:
    python = name.replace("-", "_").lower()
    return f"{python}_" if python == "from" else python


def method_of(client: Any, operation: str) -> Any:
    group, _, name = METHODS[operation].rpartition(".")
    return getattr(getattr(client, group) if group else client, name)


@pytest.mark.parametrize("kind", [AsyncClient, Client])
def test_every_operation_has_a_method_that_can_say_all_of_it(
    served: dict[str, Any], kind: type
) -> None:
    missing, client = [], kind("http://nobody.invalid")
    for name, operation in operations(served):
        said = set(inspect.signature(method_of(client, name)).parameters)
        wanted = {named(each["name"]) for each in operation.get("parameters", ())}
        if name == "stream_events":
            # For browsers, which send no headers; the client does, from ``token`` and ``place``.
            wanted -= {"ticket", "last_event_id"}
            wanted = {"topics" if each == "topic" else each for each in wanted}
        if name == "stream_inbox":
            wanted -= {"ticket"}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if body:
            wanted |= set(map(named, resolved(served, body["schema"])["properties"]))
        missing += [f"{METHODS[name]}({each})" for each in sorted(wanted - said)]
    assert not missing


def test_the_table_names_the_operations_that_there_are(served: dict[str, Any]) -> None:
    assert sorted(METHODS) == sorted(name for name, _ in operations(served))
    assert len(set(METHODS.values())) == len(METHODS)


def test_all_that_a_method_is_told_is_sent(served: dict[str, Any]) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404)

    with Client("http://mas", transport=httpx.MockTransport(handle)) as client:
        for path, item in served["paths"].items():
            for verb, operation in item.items():
                name = operation["operationId"]
                if name in BY_HAND:
                    continue
                method = method_of(client, name)
                said: dict[str, Any] = {
                    argument: 0.25 if argument == "wait" else f"said-{argument}"
                    for argument in inspect.signature(method).parameters
                }
                with pytest.raises(NotFound):
                    method(**said)
                check_sent(served, seen.pop(), path, verb, operation, said)


def check_sent(
    served: dict[str, Any],
    request: httpx.Request,
    path: str,
    verb: str,
    operation: dict[str, Any],
    said: dict[str, Any],
) -> None:
    parameters = operation.get("parameters", ())
    places = {
        place: [one["name"] for one in parameters if one["in"] == place]
        for place in ("path", "query", "header")
    }
    where = path.format(**{name: said[named(name)] for name in places["path"]})
    assert (request.method.lower(), request.url.path) == (verb, where)
    queried = {name: str(said[named(name)]) for name in places["query"]}
    assert dict(request.url.params) == queried
    for name in places["header"]:
        assert request.headers[name] == said[named(name)], operation["operationId"]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields = resolved(served, schema["schema"])["properties"] if schema else {}
    wanted = {name: said[named(name)] for name in fields if name not in places["path"]}
    assert json.loads(request.content or b"{}") == wanted, operation["operationId"]


@pytest.mark.parametrize("kind", [AsyncClient, Client])
def test_every_answer_is_of_the_type_that_its_schema_says(
    served: dict[str, Any], kind: type
) -> None:
    different: list[str] = []
    client = kind("http://nobody.invalid")
    for name, operation in operations(served):
        if name in BY_HAND:
            continue
        answered = get_type_hints(method_of(client, name))["return"]
        bodies = [
            content["schema"]
            for status, response in operation["responses"].items()
            if status.startswith("2")
            for content in response.get("content", {}).values()
        ]
        if not bodies:
            assert answered is Done, name
        elif bodies[0] == {"type": "string"}:
            assert answered is str, name
        else:
            distinct = [body for at, body in enumerate(bodies) if body not in bodies[:at]]
            for body, kind in zip(distinct, get_args(answered) or (answered,), strict=True):
                different += differences(served, body, kind)
    assert not different


def differences(
    served: dict[str, Any], schema: dict[str, Any], kind: Any, at: str = ""
) -> list[str]:
    """Return in what a type is not as its schema."""
    _, (found,) = msgspec.json.schema_components([kind]), [kind]
    told = resolved(served, schema)
    if "properties" not in told:
        return []
    fields = {field.encode_name: field for field in msgspec.structs.fields(found)}
    where = f"{at}{found.__name__}"
    wrong = [f"{where}.{name}" for name in sorted(fields.keys() ^ told["properties"].keys())]
    for name, field in fields.items():
        its = told["properties"].get(name, {})
        if field.required != (name in told.get("required", ())):
            wrong.append(f"{where}.{name}: required")
        if kinds_of(served, its) != python_kinds(field.type):
            wrong.append(f"{where}.{name}: {kinds_of(served, its)} {python_kinds(field.type)}")
        if at.count(".") < 6:
            for one in structs_in(field.type):
                inner = schema_named(served, one.__name__)
                wrong += differences(served, inner, one, f"{where}.{name}.")
    return wrong


def schema_named(served: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = served["components"]["schemas"][name]
    return found


def structs_in(kind: Any) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for option in get_args(kind):
        yield from structs_in(option)


def kinds_of(served: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """Return the JSON types that a schema takes; null is left out where a field is optional."""
    told = resolved(served, schema)
    options = told.get("anyOf") or told.get("oneOf")
    if options:
        return set[str]().union(*(kinds_of(served, option) for option in options)) - {"null"}
    if "enum" in told:
        return {"boolean" if value is True else "string" for value in told["enum"]}
    kind = told.get("type", "any")
    if kind == "string" and told.get("format") == "date-time":
        return {"time"}
    return {kind} - {"null"}


def python_kinds(kind: Any) -> set[str]:
    ((schema,), components) = msgspec.json.schema_components([kind])
    found = kinds_of({"components": {"schemas": components}}, schema)
    times = "datetime" in re.findall(r"\w+", str(kind))
    return {"time" if times and each == "string" else each for each in found}
