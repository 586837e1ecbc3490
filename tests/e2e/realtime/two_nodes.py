"""Two nodes with keys on one database, and what their users hold in their hands."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

API = "/mas/api/v1"
KEY = "a secret that only tests know, long enough"
PATIENCE = 30.0  # seconds; only ever waited out when something is wrong
FRONTEND = f"{API}/agents/ws/frontend/"
AGENT = f"{API}/agents/ws/agent/"
TICKETS = f"{API}/communication/tickets"
CONNECTIONS = f"{API}/communication/connections"
REVOCATIONS = f"{API}/security/revocations"
STREAM = f"{API}/stream"


def token(subject: str, *roles: str, lives: float = 3_600, **claims: Any) -> str:
    now = time.time()
    known = {"sub": subject, "roles": list(roles), "iat": now, "exp": now + lives}
    known |= {"jti": uuid4().hex, **claims}
    return jwt.encode({name: value for name, value in known.items() if value is not None}, KEY)


def bearer(subject: str, *roles: str, **more: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {token(subject, *roles, **more)}"}


ADMIN = bearer("root", "admin")


def url_of(node: Any, path: str) -> str:
    url: str = node.url.replace("http", "ws", 1) + path
    return url


def dial(node: Any, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    """Open a socket, by headers or by subprotocols."""
    more = {"additional_headers": headers or {}, "open_timeout": PATIENCE, **more}
    return connect(url_of(node, path), compression=None, **more)


def dial_by_ticket(node: Any, path: str, ticket: str) -> ClientConnection:
    return dial(node, path, subprotocols=["mas.v1", f"ticket.{ticket}"])


def end_of(connection: ClientConnection) -> tuple[int, str]:
    """Read until the server closes; return its code and reason."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            connection.recv(PATIENCE)
    received = closed.value.rcvd
    assert received is not None, "it was cut"
    return received.code, received.reason


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def ticket_of(node: Any, headers: dict[str, str]) -> str:
    answer = node.client.post(TICKETS, headers=headers)
    assert answer.status_code == 201, answer.text
    ticket: str = answer.json()["ticket"]
    return ticket


def until(holds: Callable[[], Any], what: str) -> Any:
    """Ask until something holds; lists of other nodes are a moment late."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


def listed(at: Any, **where: Any) -> list[dict[str, Any]]:
    answer = at.client.get(CONNECTIONS, params=where, headers=ADMIN)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
