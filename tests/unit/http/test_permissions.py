"""The one list of permissions: complete, and closed to what is not on it."""

import re
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from litestar import Litestar, WebSocket, websocket
from litestar.routes import HTTPRoute, WebSocketRoute

from aia_mas.application.settings import Settings
from aia_mas.domain.economy.errors import SubjectHasNoWallet
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.cli.banner import SOCKETS
from aia_mas.interfaces.http.app import create_app
from aia_mas.interfaces.http.health import DETAILS
from aia_mas.interfaces.http.security import PERMISSIONS, PUBLIC, authorize
from aia_mas.interfaces.realtime import OPERATIONS, CloseCode
from aia_mas.interfaces.realtime.frontend import permit


def described(settings: Settings) -> Any:
    """What an application needs of a system before anybody asks anything."""
    workload = SimpleNamespace(listen=lambda _: None)
    access = SimpleNamespace(refuses=lambda _: False, tickets=None)
    return SimpleNamespace(
        settings=settings, hub=None, limiter=None, workload=workload, access=access
    )


@pytest.fixture(scope="module")
def app() -> Litestar:
    return create_app(described(Settings()))


def served(app: Litestar) -> set[str]:
    operations: set[str] = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            own = [
                handler for handler in route.route_handlers if handler.http_methods != {"OPTIONS"}
            ]
            operations |= {str(handler.operation_id) for handler in own}
        else:
            assert isinstance(route, WebSocketRoute), f"{route.path} is neither HTTP nor WebSocket"
            operations.add(str(route.route_handler.name))
    return operations


def test_every_route_and_every_topic_is_on_the_list(app: Litestar) -> None:
    assert served(app) | set(OPERATIONS.values()) | {DETAILS} == set(PERMISSIONS)


KEY = "k" * 32


@pytest.fixture
def secured() -> Litestar:
    return create_app(described(Settings(jwt_secret=KEY)))


def sockets_of(app: Litestar) -> list[WebSocketRoute]:
    found = [route for route in app.routes if isinstance(route, WebSocketRoute)]
    assert found
    return found


def test_a_node_that_starts_names_every_socket(app: Litestar) -> None:
    assert {route.path.replace(":str}", "}") for route in sockets_of(app)} == set(SOCKETS)


async def opened(app: Litestar, path: str, *roles: str | None) -> int | None:
    """Open a WebSocket and return the code that it is closed with; without roles: no token."""
    headers = [(b"host", b"mas.example")]
    if roles:
        claims = {"sub": "guest", "roles": [role for role in roles if role], "exp": 2**40}
        headers.append((b"authorization", b"Bearer " + jwt.encode(claims, KEY).encode()))
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "subprotocols": [],
        "extensions": {},
        "state": {},
    }
    await app(scope, receive, send)
    assert sent[0]["type"] == "websocket.accept"
    code: int | None = sent[-1].get("code")
    return code


@pytest.mark.anyio
async def test_no_socket_opens_without_a_token_or_with_one_without_roles(
    secured: Litestar,
) -> None:
    for route in sockets_of(secured):
        path = re.sub(r"{[^}]*}", "x", route.path)
        assert await opened(secured, path) == CloseCode.UNAUTHENTICATED, path
        assert await opened(secured, path, None) == CloseCode.FORBIDDEN, path


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["open_a_forgotten_socket", None])
async def test_a_socket_that_is_not_on_the_list_is_closed_to_admins_too(
    secured: Litestar, name: str | None
) -> None:
    @websocket("/mas/forgotten/{word:str}", name=name)
    async def forgotten(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.close()

    secured.register(forgotten)

    assert await opened(secured, "/mas/forgotten/x", "admin") == CloseCode.FORBIDDEN


def test_what_is_public_shows_nobody_s_data() -> None:
    public = {operation for operation, roles in PERMISSIONS.items() if roles == PUBLIC}

    assert public == {
        "get_health",
        "get_liveness",
        "get_readiness",
        "get_docs",
        "get_root",
        "get_docs_asset",
        "get_openapi",
        "get_asyncapi",
        "get_asyncapi_types",
    }


def test_admin_may_do_everything() -> None:
    admin = Principal("root", frozenset({Role.ADMIN}))
    for operation in PERMISSIONS:
        authorize(operation, admin)


@pytest.mark.parametrize("subject", ["ann@example.com", "auth0|17", "ann b", "x" * 129, "metrics"])
def test_a_subject_that_is_no_id_spends_nothing_and_does_all_the_rest(subject: str) -> None:
    client = Principal(subject, frozenset({Role.CLIENT}))
    for operation in ("make_transfer", "stake", "register_agent_economically", "create_proposal"):
        with pytest.raises(SubjectHasNoWallet):
            authorize(operation, client)
        authorize(operation, Principal("ann", frozenset({Role.CLIENT})))
        authorize(operation, Principal(subject, frozenset({Role.CLIENT, Role.TREASURER})))
    for operation in ("submit_task", "list_accounts", "execute_proposal"):
        authorize(operation, client)


@pytest.mark.parametrize("operation", ["shutdown", "", None])
def test_what_is_not_on_the_list_is_denied_to_admins_too(operation: str | None) -> None:
    with pytest.raises(PermissionDenied):
        authorize(operation, Principal("root", frozenset(Role)))


def test_no_role_may_do_nothing_but_what_is_public() -> None:
    for operation, roles in PERMISSIONS.items():
        if roles == PUBLIC:
            authorize(operation, None)
            continue
        for nobody in (None, Principal("guest")):
            with pytest.raises(PermissionDenied):
                authorize(operation, nobody)


@pytest.mark.parametrize(
    ("role", "operation", "may"),
    [
        (Role.VIEWER, "list_tasks", True),
        (Role.VIEWER, "submit_task", False),
        (Role.VIEWER, "list_audit_events", False),
        (Role.AUDITOR, "list_audit_events", True),
        (Role.AUDITOR, "cancel_task", False),
        (Role.CLIENT, "submit_task", True),
        (Role.CLIENT, "complete_task", False),
        (Role.CLIENT, "register_agent", False),
        (Role.AGENT, "complete_task", True),
        (Role.AGENT, "activate_agent", True),
        (Role.AGENT, "suspend_agent", False),
        (Role.OPERATOR, "suspend_agent", True),
        (Role.TREASURER, "submit_task", False),
    ],
)
def test_roles_may_what_they_are_for(role: Role, operation: str, may: bool) -> None:
    principal = Principal("somebody", frozenset({role}))
    if may:
        authorize(operation, principal)
    else:
        with pytest.raises(PermissionDenied):
            authorize(operation, principal)


@pytest.mark.parametrize("role", list(Role))
def test_what_becomes_of_everybody_s_messages_is_told_to_who_watches_and_not_to_agents(
    role: Role,
) -> None:
    principal = Principal("somebody", frozenset({role}))
    if role in {Role.ADMIN, Role.OPERATOR, Role.AUDITOR, Role.VIEWER}:
        permit("messages", principal)
    else:
        with pytest.raises(PermissionDenied):
            permit("messages", principal)
