"""The server that a command speaks to: `--url`, `--token`, `--token-file`."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from aia.client import AsyncClient, Client
    from aia.client.configuration import Token

_DEFAULT_URL = "http://127.0.0.1:8000"
_PATIENCE = 20.0  # seconds of all tries of one request


class Server(NamedTuple):
    """Where a server is, and who asks.

    Attributes:
        url: Its address.
        token: The token or what returns it; None: nobody in particular.
    """

    url: str
    token: Token

    def client(self) -> Client:
        """Return a client whose reads show what it has done before."""
        from aia.client import Backoff, Client

        policy = Backoff(attempts=5, total_seconds=_PATIENCE)
        return Client(self.url, self.token, retries=policy, consistent=True)

    def async_client(self, *, retries: bool = True) -> AsyncClient:
        """Return a client for what goes on while something else does."""
        from aia.client import NEVER, AsyncClient, Backoff

        policy = Backoff(total_seconds=_PATIENCE) if retries else NEVER
        return AsyncClient(self.url, self.token, retries=policy)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name the server; the command gets it as ``server``."""

    @functools.wraps(command)
    def with_server(
        *args: Any, url: str | None, token: str | None, token_file: Path | None, **kwargs: Any
    ) -> Any:
        return command(*args, server=_server(url, token, token_file), **kwargs)

    for option in (
        click.option(
            "--token-file",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="File with the token, read anew for every request.",
        ),
        click.option("--token", help="Token of who asks (MAS_TOKEN)."),
        click.option("--url", help=f"Address of the server (MAS_URL, {_DEFAULT_URL})."),
    ):
        with_server = option(with_server)
    return with_server


def _server(url: str | None, token: str | None, token_file: Path | None) -> Server:
    where = (url or os.environ.get("MAS_URL") or _DEFAULT_URL).rstrip("/")
    try:
        parts = urlsplit(where)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise click.UsageError(f"{where!r} is no address of a server, like {_DEFAULT_URL}")
    if token is not None and token_file is not None:
        raise click.UsageError("--token and --token-file are one too many")
    if token_file is not None:
        return Server(where, _reading(token_file))
    return Server(where, _sendable(token or os.environ.get("MAS_TOKEN") or "", "the token"))


def _reading(path: Path) -> Callable[[], str]:
    def read() -> str:
        return _sendable(path.read_text(encoding="utf-8", errors="replace").strip(), f"{path}")

    read()  # a file that holds no token is a mistake of who typed its name
    return read


def _sendable(token: str, what: str) -> str:
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise click.UsageError(f"{what} holds what no token is made of")
    return token
