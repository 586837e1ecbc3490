"""A prefix is taken off once, whether or not a proxy did so before."""

from typing import Any

import pytest

from aia_mas.interfaces.http.sub_path import SubPath

pytestmark = pytest.mark.anyio

SERVED = ("/mas/api/v1/agents", "/mas/health", "/docs", "/mas/docs", "/openapi.json")
PREFIXES = ("/backend", "/a/b", "/mas", "/mas/api", "/docs/mas", "/agents", "/api", "/v1")


async def seen(prefix: str, path: str) -> tuple[str, bytes]:
    """Return path and raw path as the application gets them."""
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    given = {"type": "http", "path": path, "raw_path": path.encode()}
    asked: Any = SubPath(app, prefix, SERVED)
    await asked(given, None, None)
    assert given["path"] == path, "the server's own dictionary is left alone"
    (scope,) = scopes
    return scope["path"], scope["raw_path"]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("path", ["/mas/api/v1/agents/a1", "/mas/health", "/mas/api/v1/agents"])
async def test_both_kinds_of_proxies(prefix: str, path: str) -> None:
    public = (prefix + path).encode()

    assert await seen(prefix, prefix + path) == (path, public)
    assert await seen(prefix, path) == (path, public)


async def test_the_prefix_alone_is_the_root() -> None:
    assert await seen("/backend", "/backend") == ("/", b"/backend")
    assert await seen("/backend", "/backend/") == ("/", b"/backend/")


async def test_what_only_begins_alike_is_another_path() -> None:
    assert await seen("/backend", "/backends/mas/health") == (
        "/backends/mas/health",
        b"/backend/backends/mas/health",
    )


async def test_a_prefix_in_the_middle_is_no_prefix() -> None:
    path = "/mas/api/v1/agents/agents"

    assert await seen("/agents", path) == (path, b"/agents" + path.encode())
