"""Puts the HTTP interface together: controllers, security, errors, documentation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from aia_mas.application.settings import Settings
from aia_mas.interfaces.http.agent_queries import AgentQueries
from aia_mas.interfaces.http.agents import AgentCommands
from aia_mas.interfaces.http.audit import Audit
from aia_mas.interfaces.http.communication import COMMUNICATION_CONTROLLERS
from aia_mas.interfaces.http.connections import Connections
from aia_mas.interfaces.http.docs import Documentation, encoded
from aia_mas.interfaces.http.economy import ECONOMIC_CONTROLLERS
from aia_mas.interfaces.http.edge import Edge
from aia_mas.interfaces.http.errors import FieldError, InvalidParameter
from aia_mas.interfaces.http.health import Checks
from aia_mas.interfaces.http.monitoring import Monitoring
from aia_mas.interfaces.http.policies import AssignmentPolicies
from aia_mas.interfaces.http.queue import LimitOperations, QueueOperations
from aia_mas.interfaces.http.rate_limits import RateLimits
from aia_mas.interfaces.http.requests import (
    ApiRequest,
    KnownParameter,
    check_key,
    check_query,
    known_parameters,
)
from aia_mas.interfaces.http.revocations import TokenRevocations
from aia_mas.interfaces.http.security import (
    PERMISSIONS,
    PUBLIC,
    Authenticator,
    Credential,
    Origins,
    Tickets,
    authorize,
)
from aia_mas.interfaces.http.sub_path import SubPath
from aia_mas.interfaces.http.task_bulk import AgentBulkCommands, TaskBulkCommands
from aia_mas.interfaces.http.task_care import TaskCare
from aia_mas.interfaces.http.task_queries import TaskQueries
from aia_mas.interfaces.http.tasks import TaskCommands
from aia_mas.interfaces.http.webhooks import AgentWebhooks
from aia_mas.interfaces.monitoring import Monitor
from aia_mas.interfaces.realtime import (
    EventStreams,
    Gate,
    MessageStreams,
    agent_socket_handlers,
    message_socket_handlers,
    realtime_handlers,
)
from aia_mas.interfaces.realtime.asyncapi import SocketDocuments

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


class Agents(AgentCommands, AgentBulkCommands, AgentWebhooks, AgentQueries):
    """All about agents: Litestar takes the handlers of one path from one controller only."""


class Tasks(TaskCommands, TaskCare, TaskBulkCommands, TaskQueries):
    """All about tasks."""


CONTROLLERS: tuple[ControllerRouterHandler, ...] = (
    Agents,
    Tasks,
    AssignmentPolicies,
    QueueOperations,
    LimitOperations,
    *ECONOMIC_CONTROLLERS,
    *COMMUNICATION_CONTROLLERS,
    Connections,
    TokenRevocations,
    Audit,
    Checks,
    Monitoring,
    Documentation,
    SocketDocuments,
    EventStreams,
    MessageStreams,
)
"""All that is served over HTTP."""


_TICKETED = frozenset({"stream_events", "stream_inbox"})
"""What browsers can do without a header, so that a ticket in the URL will do: it is worth nothing
once it was used."""


def openapi_of(settings: Settings) -> tuple[bytes, ...]:
    """Return the OpenAPI document for a server with these settings, see ``docs.encoded``."""
    return encoded(
        CONTROLLERS, development=settings.development, limited=settings.rate_limit is not None
    )


def create_app(system: System) -> Litestar:
    """Return the ASGI application that serves a system."""
    settings, limiter = system.settings, system.limiter
    access = system.access
    authenticator = Authenticator(settings, access.refuses)
    app = Litestar(
        route_handlers=[
            *CONTROLLERS,
            *realtime_handlers(system),
            *agent_socket_handlers(system),
            *message_socket_handlers(system),
        ],
        request_class=ApiRequest,
        before_request=_gate(authenticator, access.tickets),
        openapi_config=None,  # Litestar would serve pages of its own beside it
        # No compression, sessions or CSRF cookies here; errors and CORS are the edge's.
        logging_config=None,
        debug=False,
    )
    app.state.authenticator = authenticator
    app.state.openapi = partial(openapi_of, settings)
    monitor = app.state.monitor = Monitor(system)
    served = app.asgi_router
    sockets = Gate(app, authenticator, Origins(settings), access.tickets)
    if limiter is None or settings.rate_limit is None:
        app.asgi_handler = Edge(served, sockets, system, monitor.requests)
    else:
        limits = RateLimits(limiter, settings.rate_limit, authenticator)
        edge = Edge(limits.counting(served), limits.counting(sockets), system, monitor.requests)
        app.asgi_handler = limits.telling(edge)
    if prefix := settings.root_path:
        paths = [route.path for route in app.routes]
        app.asgi_handler = SubPath(app.asgi_handler, prefix, paths)
    return app


def _gate(authenticator: Authenticator, tickets: Tickets) -> Any:
    """Return what every request passes between routing and its handler."""
    parameters: dict[int, dict[str, KnownParameter]] = {}

    async def gate(request: ApiRequest) -> None:
        """Find out who asks, whether they may, and whether the query is understood."""
        handler = request.route_handler
        operation = handler.operation_id
        if operation is None and request.scope["method"] == "OPTIONS":
            return
        exchange = request.exchange
        if PERMISSIONS.get(str(operation)) != PUBLIC:
            ticket = request.query_params.get("ticket") if operation in _TICKETED else None
            exchange.credential = credential = (
                authenticator.credential(exchange.headers.get(b"authorization"))
                if ticket is None
                else await _of_ticket(tickets, ticket, exchange.headers)
            )
            exchange.principal = credential.principal
        authorize(str(operation), exchange.principal)
        if request.scope["method"] not in {"GET", "HEAD"}:
            # Also where none is needed: who gives one is told when it is none.
            check_key(exchange.headers.get(b"idempotency-key"))
        if query := request.scope["query_string"]:
            known = parameters.get(id(handler))
            if known is None:
                known = parameters[id(handler)] = known_parameters(request)
            exchange.parameters = known
            check_query(query, known)

    return gate


async def _of_ticket(tickets: Tickets, ticket: str, headers: Mapping[bytes, bytes]) -> Credential:
    if b"authorization" in headers:
        # It would be used up, and nobody could say in whose name the stream runs.
        message = "is given beside a token"
        wrong = FieldError(code=InvalidParameter.code, message=message, field="ticket")
        raise InvalidParameter(f"ticket {message}", errors=[wrong])
    return await tickets.take(ticket)
