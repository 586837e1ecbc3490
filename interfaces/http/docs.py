"""The documentation pages: Swagger UI on our OpenAPI document, all of it served from here."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from aia_mas.interfaces.http.answers import Answer
from aia_mas.interfaces.http.errors import RequestRouteNotFound
from aia_mas.interfaces.http.openapi import document
from aia_mas.interfaces.http.paths import OPERATIONS
from aia_mas.interfaces.http.requests import ApiRequest

_ASSETS = {
    "swagger-ui.css": b"text/css; charset=utf-8",
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}
_START = "start.js"
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)

# Everything is relative to the page's own address, so a proxy may serve it under any path.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AIA MAS: API</title>
<link rel="icon" type="image/png" href="{assets}favicon-32x32.png">
<link rel="stylesheet" href="{assets}swagger-ui.css">
</head>
<body>
<div id="api"></div>
<noscript>This page needs JavaScript; what it shows is
<a href="{root}openapi.json">openapi.json</a>.</noscript>
<script src="{assets}swagger-ui-bundle.js"></script>
<script src="{assets}start.js" data-document="{root}openapi.json"></script>
</body>
</html>
"""
_SCRIPT = b"""const source = document.currentScript.dataset.document;
SwaggerUIBundle({
  url: new URL(source, document.baseURI).href,
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""


class Documentation(Controller):
    """Pages for people and the document for programs; no network but this server is needed."""

    include_in_schema = False

    @get(["/", OPERATIONS], operation_id="get_root", status_code=307)
    async def root(self, request: ApiRequest) -> Answer[bytes]:
        """Send whoever opens the server's address to the page about it."""
        # Relative, like all of the page; the last word of an address without a slash is no folder.
        _, _, asked = (request.scope.get("raw_path") or b"/").rpartition(b"/")
        return Answer(b"", 307, [(b"location", asked + b"/docs" if asked else b"docs")])

    @get(["/docs", f"{OPERATIONS}/docs"], operation_id="get_docs")
    async def page(self, request: ApiRequest) -> Answer[str]:
        """Show the API."""
        assets = "" if _ends_with_slash(request) else "docs/"
        text = _PAGE.format(assets=assets, root="../" * _folders(request))
        return _file(
            text.encode(),
            b"text/html; charset=utf-8",
            (b"content-security-policy", _POLICY),
            (b"referrer-policy", b"same-origin"),
        )

    @get(
        ["/docs/{name:str}", f"{OPERATIONS}/docs/{{name:str}}"],
        operation_id="get_docs_asset",
    )
    async def asset(self, name: FromPath[str]) -> Answer[bytes]:
        """Return a file of the page."""
        if name == _START:
            return _file(_SCRIPT, b"text/javascript; charset=utf-8")
        kind = _ASSETS.get(name)
        if kind is None:
            raise RequestRouteNotFound
        content = await asyncio.to_thread((_assets() / name).read_bytes)
        return _file(content, kind, (b"cache-control", b"public, max-age=86400"))

    @get(["/openapi.json", f"{OPERATIONS}/openapi.json"], operation_id="get_openapi")
    async def openapi(self, request: ApiRequest) -> Answer[dict[str, Any]]:
        """Return the OpenAPI document."""
        made = await asyncio.to_thread(request.app.state.openapi)
        return Answer(made[_folders(request)])


def encoded(
    controllers: tuple[ControllerRouterHandler, ...], *, development: bool, limited: bool
) -> tuple[bytes, ...]:
    """Return the OpenAPI document of what controllers serve, as JSON, made once in a process.

    It takes a second the first time, a third of what a node needs to start, and few nodes are ever
    asked: so it is made when it is asked for. Call it in a thread.

    Args:
        controllers: They.
        development: There are no keys: nothing needs a token.
        limited: There is a limit to the requests of one caller.

    Returns:
        One for each number of folders below ours that it is read in: the API's address in it is
        relative to where it was read, so that it holds behind any proxy.
    """
    with _lock:  # so that a second caller waits for the first one, and does not make it, too
        return _encoded(controllers, development, limited)


_lock = threading.Lock()


@cache
def _encoded(
    controllers: tuple[ControllerRouterHandler, ...], development: bool, limited: bool
) -> tuple[bytes, ...]:
    made = document(controllers, development=development, limited=limited)
    return tuple(
        msgspec.json.encode({**made, "servers": [{"url": url}]}) for url in (".", "..", "../..")
    )


def _folders(request: ApiRequest) -> int:
    """Return how many folders below ours a request's address is."""
    path: str = request.scope["path"]
    # Behind a trailing slash the address is one folder deeper.
    return path.startswith(f"{OPERATIONS}/") + _ends_with_slash(request)


def _ends_with_slash(request: ApiRequest) -> bool:
    asked: bytes = request.scope.get("raw_path") or b""
    return asked.endswith(b"/")


def _assets() -> Path:
    """Return the folder of Swagger UI's files; the package around them is not imported."""
    spec = find_spec("swagger_ui")
    assert spec is not None and spec.submodule_search_locations, "swagger-ui-py is installed"
    return Path(spec.submodule_search_locations[0]) / "static"


def _file(content: bytes, kind: bytes, *headers: tuple[bytes, bytes]) -> Answer[Any]:
    result: Answer[Any] = Answer(content, 200, headers)
    result.raw_headers[0] = (b"content-type", kind)
    return result
