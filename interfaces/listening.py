"""The sockets to serve on, opened before anything else is started."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from aia_mas.application.settings import Settings

_BACKLOG = 2048


class PortUnavailable(Exception):
    """The server cannot listen on its address."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a host; clients that come early wait until they are served.

    Args:
        host: Address or name.
        port: Port; 0 lets the system choose one for all addresses.

    Returns:
        The listening sockets, never none.

    Raises:
        PortUnavailable: Not possible; the message tells why and what helps.
    """
    listeners: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if not listeners or family != listeners[0].family:
                listeners.append(_open(family, kind, protocol, address, listeners))
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise PortUnavailable(_reason(host, port, error)) from error
    return listeners


class Listeners(NamedTuple):
    """All that a node listens on.

    Attributes:
        requests: Where requests are served, and sockets.
        sockets: The port of sockets, when they have one of their own, too.
    """

    requests: list[socket.socket]
    sockets: list[socket.socket]

    @property
    def all(self) -> list[socket.socket]:
        """Both, those for requests first."""
        return [*self.requests, *self.sockets]


def listen_all(settings: Settings) -> Listeners:
    """Listen where requests are served and, when it has a port of its own, where sockets are.

    Raises:
        PortUnavailable: Not possible; the message tells why and what helps.
    """
    requests, port = listen(settings.host, settings.port), settings.websocket_port
    if port is None:
        return Listeners(requests, [])
    try:
        return Listeners(requests, listen(settings.websocket_host or settings.host, port))
    except PortUnavailable:
        for listener in requests:
            listener.close()
        raise


def _open(
    family: int, kind: int, protocol: int, address: tuple[object, ...], others: list[socket.socket]
) -> socket.socket:
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        port = others[0].getsockname()[1] if others else address[1]
        listener.bind((address[0], port, *address[2:]))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _reason(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; choose another one with --port (or MAS_PORT)"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"no permission to listen on port {port}; choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is no address of this machine; choose another one with --host (or MAS_HOST)"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"
