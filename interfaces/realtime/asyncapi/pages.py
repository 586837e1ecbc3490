"""Serves what describes the sockets."""

from __future__ import annotations

from functools import cache

import msgspec
from litestar import Controller, get

from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.paths import OPERATIONS
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.realtime.asyncapi.document import document
from aia_mas.interfaces.realtime.asyncapi.typescript import declarations


class SocketDocuments(Controller):
    """The document for programs, and the types for those written in TypeScript."""

    include_in_schema = False

    @get(["/asyncapi.json", f"{OPERATIONS}/asyncapi.json"], operation_id="get_asyncapi")
    async def asyncapi(self, request: ApiRequest) -> Answer[dict[str, object]]:
        """Return the AsyncAPI document."""
        host = request.header(b"host") or b"localhost"
        return Answer(_encoded(host.decode("latin-1")))

    @get(["/asyncapi.ts", f"{OPERATIONS}/asyncapi.ts"], operation_id="get_asyncapi_types")
    async def types(self) -> Answer[str]:
        """Return the TypeScript types of all frames."""
        answer: Answer[str] = Answer(_types())
        answer.raw_headers[0] = (b"content-type", b"text/plain; charset=utf-8")
        return answer


def _encoded(host: str) -> bytes:
    made = dict(_document())
    servers = made["servers"]
    assert isinstance(servers, dict)
    made["servers"] = {"node": {**servers["node"], "host": host}}
    return msgspec.json.encode(made)


@cache
def _document() -> dict[str, object]:
    return document("localhost")


@cache
def _types() -> bytes:
    return declarations().encode()
