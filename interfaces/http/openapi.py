"""The OpenAPI document: paths and parameters by Litestar; shapes, errors and security by us."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from aia_mas import __version__
from aia_mas.interfaces.http.openapi_answers import (
    CONDITIONAL,
    CREATING,
    MAY_BE_FULL,
    OTHER_ANSWERS,
    SETTLING,
    SPENDING,
    UNLIMITED,
    WAITING_FOR_OTHERS,
    WITH_ETAG,
    WITH_LOCATION,
    WITH_POSITION,
    WITHOUT_KEY,
)
from aia_mas.interfaces.http.openapi_fields import describe
from aia_mas.interfaces.http.openapi_webhooks import SHAPES, webhooks
from aia_mas.interfaces.http.openapi_words import EXAMPLES, PARAMETERS, TAGS
from aia_mas.interfaces.http.problem_statuses import STATUS_OF
from aia_mas.interfaces.http.problems import MEDIA_TYPE, Problem
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.security import PERMISSIONS, PUBLIC

CONFIG = OpenAPIConfig(
    title="AIA MAS",
    version=__version__,
    description=(
        inspect.cleandoc("""
        Agents, tasks, tokens, messages and what became of them, on an event log.

        Commands answer when they are durable; `X-Event-Position` is their place in the log, and
        `min_position` on a query waits until its read model has got there. Errors are problem
        documents (RFC 9457) with a stable `code`. The same figures and facts come live over the
        WebSocket `/mas/api/v1/agents/ws/frontend/{client_id}` (see `docs/realtime.md`), and agents
        get their work over `/mas/api/v1/agents/ws/agent/{agent_id}` (`docs/agent-socket.md`), and
        messages over `/mas/api/v1/communication/ws/{agent_id}` (`docs/message-sockets.md`). Their
        frames stand in `/asyncapi.json` (AsyncAPI 3), as TypeScript types in `/asyncapi.ts`.
        """)
    ),
    tags=[Tag(name, description) for name, description in TAGS],
    use_handler_docstrings=True,
)

_REF = "#/components/schemas/{name}"
_TITLES = {
    400: "The request is not well-formed",
    401: "It needs a (valid) token",
    402: "There are not enough tokens",
    403: "The caller may not do this",
    404: "There is no such thing",
    405: "Not with this method",
    409: "It does not go together with how things stand",
    412: "The resource is not as If-Match or If-None-Match ask for",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A value is not allowed",
    429: "Too many requests; see Retry-After",
    500: "The server made a mistake",
    503: "Not now; see Retry-After",
    504: "Nobody has answered in time",
}
_OF_EVERY = (400, 401, 403, 404, 405, 422, 500, 503)
_OF_COMMANDS = (409, 413, 415)
_TEXT = {"type": "string"}
_ETAG = {
    "description": "The revision of what clients may edit; for `If-Match`.",
    "schema": {"type": "string", "pattern": '^"rev-[0-9]+"$'},
}
_LOCATION = {"description": "Where the resource is.", "schema": _TEXT}
_AS_OF = {
    "description": "The position of the log at which things stood exactly so.",
    "schema": {"type": "integer"},
}
_RATE_HEADERS = {
    "RateLimit": {
        "description": "How many more requests are served now (`r`), and in how many seconds of"
        " silence all that the policy allows (`t`).",
        "schema": _TEXT,
    },
    "RateLimit-Policy": {
        "description": "How many requests (`q`) of one caller are served in how many seconds"
        " (`w`).",
        "schema": _TEXT,
    },
}
_COMMAND_HEADERS = {
    "X-Event-Position": {
        "description": "Where the command's last event stands in the log.",
        "schema": {"type": "integer"},
    },
    "Idempotent-Replayed": {
        "description": "`true` when this is the first answer to this key again.",
        "schema": _TEXT,
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The first answer to a key is given again; 1 to 255 printable characters.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": (
        'The revisions that the change is meant for, like `"rev-3"` or `"rev-3", "rev-4"`; `*`:'
        " whichever there is. Compared when the change is made; with another one, 412."
    ),
    "schema": {
        "type": "string",
        "pattern": '^(\\*|"rev-[0-9]{1,18}"(, ?"rev-[0-9]{1,18}")*)$',
    },
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`*`: register only; 412 when it is registered already. Not beside `If-Match`.",
    "schema": {"type": "string", "const": "*"},
}
_GENERIC = {"Request fulfilled, document follows", "Document created, URL follows"}
_ID = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"}


def document(
    controllers: Sequence[ControllerRouterHandler],
    *,
    development: bool = False,
    limited: bool = False,
) -> dict[str, Any]:
    """Return the OpenAPI document of what controllers serve, for JSON.

    Args:
        controllers: They.
        development: There are no keys: nothing needs a token.
        limited: There is a limit to the requests of one caller.
    """
    app = Litestar(
        route_handlers=controllers,
        request_class=ApiRequest,
        openapi_config=CONFIG,
        logging_config=None,
    )
    result: dict[str, Any] = app.openapi_schema.to_schema()
    # As readers look for them: literal segments before placeholders, what belongs together in one.
    result["paths"] = dict(sorted(result["paths"].items()))
    handlers = {handler.operation_id: handler for handler in _handlers(app)}
    schemas = _schemas(handlers.values())
    result["components"] = {
        "schemas": {**result["components"]["schemas"], **schemas},
        "responses": {f"Problem{status}": _problem(status) for status in _TITLES},
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "HS256 with the server's key; claims `sub` (who), `roles` (a list"
                " of names, see `x-roles`), `exp` (Unix time), and `iat`, `jti` to be revoked by."
                " An agent's `sub` is its id.",
            },
        },
    }
    result["webhooks"] = webhooks(_REF)
    for item in result["paths"].values():
        for method, operation in item.items():
            _complete(method, operation, secured=not development)
            _tell_answers(operation["responses"], schemas)
            if limited and operation["operationId"] not in UNLIMITED:
                _limit(operation)
    return result


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.operation_id and handler.resolve_include_in_schema():
                    yield handler


def _schemas(handlers: Any) -> dict[str, Any]:
    """Return the schemas of all bodies and answers, as msgspec checks and writes them."""
    types: list[Any] = [Problem, *SHAPES]
    for handler in handlers:
        if handler.parsed_data_field is not None:
            types.append(handler.parsed_data_field.annotation)
        types += get_args(handler.parsed_return_field.annotation)
    structs = {name: kind for kind in types for name, kind in _structs(kind)}
    _, schemas = msgspec.json.schema_components(list(structs.values()), ref_template=_REF)
    for name, schema in schemas.items():
        if name in structs:
            describe(schema, structs[name])
    return schemas


def _structs(kind: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind.__name__, kind
        for field in msgspec.structs.fields(kind):
            yield from _structs(field.type)
    for option in get_args(kind):
        yield from _structs(option)


def _problem(status: int) -> dict[str, Any]:
    codes = sorted(code for code, its_status in STATUS_OF.items() if its_status == status)
    listed = f" Codes: {', '.join(f'`{code}`' for code in codes)}." if codes else ""
    headers: dict[str, Any] = {}
    if status in {429, 503}:
        headers["Retry-After"] = {"schema": {"type": "integer"}, "description": "Seconds."}
    if status == 429:
        headers |= _RATE_HEADERS
    if status == 405:
        headers["Allow"] = {"schema": _TEXT, "description": "The methods that are served."}
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": _TEXT}
    return {
        "description": f"{_TITLES[status]}.{listed}",
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _complete(method: str, operation: dict[str, Any], *, secured: bool) -> None:
    name = operation["operationId"]
    text = operation.get("description", "")
    operation["summary"] = text.partition("\n")[0].rstrip(".").replace("`", "")
    roles = PERMISSIONS[name]
    command = method != "get"
    conditional = name in CONDITIONAL
    spends = command and ("economy" in operation["tags"] or name in SPENDING)
    statuses = [
        *_OF_EVERY,
        *(_OF_COMMANDS if command else ()),
        *((402,) if spends else ()),
        *((412,) if conditional else ()),
        *((429,) if name in MAY_BE_FULL else ()),
        *((504,) if name in WAITING_FOR_OTHERS else ()),
    ]
    operation["security"] = [{"bearer": []}] if secured and roles != PUBLIC else []
    if roles != PUBLIC:
        operation["x-roles"] = sorted(roles)
    responses: dict[str, Any] = operation["responses"]
    responses.pop("400", None)
    if "204" in responses:
        responses["204"].pop("content", None)
    for response in responses.values():
        headers = response.setdefault("headers", {})
        if command and name not in WITHOUT_KEY:
            headers.update(_COMMAND_HEADERS)
        if name in SETTLING:
            headers["X-Event-Position"] = _COMMAND_HEADERS["X-Event-Position"]
        if name in WITH_POSITION:
            headers["X-Event-Position"] = _AS_OF
        if name in WITH_ETAG:
            headers["ETag"] = _ETAG
        if name in WITH_LOCATION:
            headers["Location"] = _LOCATION
    _complete_others(name, responses)
    for content in (response.get("content", {}) for response in responses.values()):
        if "text/event-stream" in content:
            # What comes is described in words; a schema would be that of the whole endless text.
            content["text/event-stream"] = {}
    for status in statuses:
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    _complete_parameters(name, operation.setdefault("parameters", []), command=command)
    body = operation.get("requestBody")
    if body is not None:
        _optional_body(body)
        if name in EXAMPLES:
            body["content"]["application/json"]["example"] = EXAMPLES[name]


def _complete_others(name: str, responses: dict[str, Any]) -> None:
    """Describe what else is answered than usual."""
    for other in OTHER_ANSWERS.get(name, ()):
        made = {**responses[other.usual], "description": other.description}
        if other.carries is not None:
            schema = {"$ref": _REF.format(name=other.carries)}
            made["content"] = {"application/json": {"schema": schema}}
        responses[other.status] = made


def _tell_answers(responses: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Describe answers by what they carry, where nothing better is said."""
    for response in responses.values():
        for body in response.get("content", {}).values():
            name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if name in schemas and response["description"] in _GENERIC:
                response["description"] = schemas[name]["description"].partition("\n")[0]


def _complete_parameters(name: str, parameters: list[dict[str, Any]], *, command: bool) -> None:
    for parameter in parameters:
        _simplify(parameter)
    if command and name not in WITHOUT_KEY:
        parameters.append(_KEY)
    if name in CONDITIONAL:
        parameters.append(_IF_MATCH)
    if name in CREATING:
        parameters.append(_IF_NONE_MATCH)


def _limit(operation: dict[str, Any]) -> None:
    """Tell that a caller may be told to wait, and how it can tell before."""
    for response in operation["responses"].values():
        if "$ref" not in response:
            response.setdefault("headers", {}).update(_RATE_HEADERS)
    operation["responses"]["429"] = {"$ref": "#/components/responses/Problem429"}


def _simplify(parameter: dict[str, Any]) -> None:
    for name in ("deprecated", "allowEmptyValue", "allowReserved"):
        parameter.pop(name, None)
    if parameter["name"] in PARAMETERS:
        parameter.setdefault("description", PARAMETERS[parameter["name"]])
    if parameter["name"] in {"agent_id", "task_id"} and parameter["in"] == "path":
        parameter["schema"] = _ID
    options = parameter["schema"].get("oneOf")
    if options and {"type": "null"} in options:
        rest = [option for option in options if option != {"type": "null"}]
        kept: Mapping[str, Any] = rest[0] if len(rest) == 1 else {"oneOf": rest}
        others = {key: value for key, value in parameter["schema"].items() if key != "oneOf"}
        parameter["schema"] = {**others, **kept}


def _optional_body(body: dict[str, Any]) -> None:
    content = body["content"]["application/json"]
    options = content["schema"].get("oneOf", [])
    if {"type": "null"} in options:
        content["schema"] = next(option for option in options if option != {"type": "null"})
        body["required"] = False
