"""The one list of permissions: complete, and closed to what is not on it."""

from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute, WebSocketRoute

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.http.app import create_app
from aia_mas.interfaces.http.security import PERMISSIONS, PUBLIC, authorize
from aia_mas.interfaces.realtime import OPERATIONS


@pytest.fixture(scope="module")
def app() -> Litestar:
    system: Any = SimpleNamespace(settings=Settings(), hub=None)
    return create_app(system)


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
    assert served(app) | set(OPERATIONS.values()) == set(PERMISSIONS)


def test_what_is_public_shows_nobody_s_data() -> None:
    public = {operation for operation, roles in PERMISSIONS.items() if roles == PUBLIC}

    assert public == {
        "get_health",
        "get_liveness",
        "get_readiness",
        "get_docs",
        "get_docs_asset",
        "get_openapi",
    }


def test_admin_may_do_everything() -> None:
    admin = Principal("root", frozenset({Role.ADMIN}))
    for operation in PERMISSIONS:
        authorize(operation, admin)


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
