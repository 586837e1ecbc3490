"""Where the server listens: a socket in a private folder, or 127.0.0.1 where that cannot be."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec

from aia_mas.application.embedded_postgres import socket_folder
from aia_mas.application.embedded_postgres.identity import Identity
from aia_mas.application.embedded_postgres.postmaster import Postmaster

_LOOPBACK = "127.0.0.1"
_SOCKET_PORT = 5432  # a part of the socket's name only
_PORTS_TRIED = 5  # another program may take a port between our look and the server's start


class Endpoint(msgspec.Struct, frozen=True):
    """An address of the server."""

    host: str
    port: int

    @property
    def socket(self) -> Path | None:
        """Path of the socket, or None where the server listens on TCP."""
        folder = Path(self.host)
        return folder / f".s.PGSQL.{self.port}" if folder.is_absolute() else None

    @property
    def settings(self) -> dict[str, str]:
        """Settings with which the server listens here and nowhere else."""
        return {
            "listen_addresses": "" if self.socket else self.host,
            "unix_socket_directories": self.host if self.socket else "",
            "port": str(self.port),
        }

    def url(self, role: str, password: str, database: str) -> str:
        """Return the connection URL (RFC 3986, as libpq reads it).

        Args:
            role: Name of the role to log in as.
            password: Its password.
            database: Name of the database.
        """
        who = f"{quote(role)}:{quote(password, safe='')}"
        if self.socket:
            where = quote(self.host, safe="")
            return f"postgresql://{who}@/{quote(database)}?host={where}&port={self.port}"
        return f"postgresql://{who}@{self.host}:{self.port}/{quote(database)}?sslmode=disable"


def endpoint_of(server: Postmaster) -> Endpoint:
    """Return where a server listens, or listened.

    Args:
        server: The server, as it described itself.
    """
    return Endpoint(server.socket_folder or server.address or _LOOPBACK, server.port)


def candidates(
    previous: Endpoint | None, identity: Identity, parents: Iterable[Path]
) -> Iterator[Endpoint]:
    """Yield endpoints to try, best first; whoever asks for the next one has given up the last.

    Args:
        previous: Where clients of an earlier server look for it.
        identity: The user that the server runs as.
        parents: Folders in which a socket folder may be made; none leaves TCP.
    """
    if previous and previous.socket:
        if folder := socket_folder.remade(previous.host, identity.uid, identity.gid):
            yield Endpoint(folder, previous.port)
            socket_folder.remove(folder)
    elif previous:
        yield previous
    for parent in parents:
        if folder := socket_folder.make(parent, identity.uid, identity.gid):
            yield Endpoint(folder, _SOCKET_PORT)
            socket_folder.remove(folder)
    for _ in range(_PORTS_TRIED):
        yield Endpoint(_LOOPBACK, _free_port())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])
