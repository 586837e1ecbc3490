"""A sub-path behind a proxy: the same whether the proxy takes it off the path or hands it on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar.types import ASGIApp, Receive, Send

Scope = Any
"""An ASGI scope, see ``edge``."""


class SubPath:
    """Stands before an application that is reached under a prefix, and takes the prefix off.

    A request without it has passed a proxy that did so already. What was asked for is put into the
    log and into problems with the prefix, as the client knows it.
    """

    def __init__(self, app: ASGIApp, prefix: str, paths: Iterable[str]) -> None:
        """Serve an application under a prefix.

        Args:
            app: The application; it sees its own paths only.
            prefix: Begins with a slash and does not end with one.
            paths: What the application serves.
        """
        self._app = app
        self._prefix = prefix
        self._encoded = prefix.encode("ascii")
        self._first = frozenset(path.split("/")[1] for path in paths)
        self._looks_like_ours = prefix.split("/")[1] in self._first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request or a WebSocket on."""
        path = scope["path"]
        own = self._own(path)
        # A copy: the server keeps the dictionary that it gave us.
        scope = {**scope, "path": own}
        if own == path and (raw := scope.get("raw_path")):
            scope["raw_path"] = self._encoded + raw
        await self._app(scope, receive, send)

    def _own(self, path: str) -> str:
        """Return a path as the application knows it."""
        if path == self._prefix:
            return "/"
        if not path.startswith(f"{self._prefix}/"):
            return path
        rest = path[len(self._prefix) :]
        # Under a prefix like /mas, a path of ours whose prefix is off already begins alike.
        if self._looks_like_ours and rest.split("/")[1] not in self._first:
            return path
        return rest
