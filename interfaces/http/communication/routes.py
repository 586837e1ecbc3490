"""Where messages go, over HTTP: the routing table, and the way of one message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import dropwhile
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter

from aia_mas.application.communication.routing_table import RouteEntry, RouteKind, entries, members
from aia_mas.application.connections import ConnectionFilter
from aia_mas.domain.communication.sending import check_message
from aia_mas.domain.communication.told import destination_fields, destination_view
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.communication.paths import COMMUNICATION
from aia_mas.interfaces.http.communication.sending import sending_of
from aia_mas.interfaces.http.errors import InvalidCursor
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.queries import (
    MAX_LIMIT,
    Cursor,
    Cursors,
    Limit,
    MinPosition,
    reached,
)
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.message_routes import (
    RoutedGroup,
    RoutePage,
    RoutingExplanation,
)
from aia_mas.interfaces.http.schemas.messages import MessageToSend
from aia_mas.interfaces.process_folds import MAILROOM


class Routes(Controller):
    """The routing table, as this node sends messages by it."""

    path = f"{COMMUNICATION}/routes"
    tags = ("communication",)

    @get("/", operation_id="list_routes")
    async def list_routes(
        self,
        request: ApiRequest,
        kind: Annotated[
            list[RouteKind] | None, QueryParameter(description="Only entries of these kinds.")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        min_position: MinPosition = 0,
    ) -> Answer[RoutePage]:
        """List who gets what is sent to a capability, a role or a topic, rules, and connections.

        Of the recipients of an entry 20 are named. What goes to an agent by name needs no entry.
        """
        await reached(request, MAILROOM.name, min_position)
        kinds = [each for each in RouteKind if not kind or each in kind]
        cursors = Cursors(request, [kinds])
        opened = cursors.open(cursor)
        first, after = (None, "") if opened is None else _place(opened)
        page: list[RouteEntry] = []
        following: str | None = None
        for each in dropwhile(lambda one: first is not None and one is not first, kinds):
            async for entry in _entries(request, each, after):
                if len(page) == limit:
                    following = f"{page[-1].kind}:{page[-1].name}"
                    break
                page.append(entry)
            if following is not None:
                break
            after = ""
        return answer(RoutePage(items=page, next_cursor=cursors.seal(following)))

    @post("/explain", operation_id="explain_route", status_code=200)
    async def explain_route(
        self, data: JSONBody[MessageToSend], request: ApiRequest
    ) -> Answer[RoutingExplanation]:
        """Tell where a message would go if it were sent now, and why; nothing is sent."""
        system = request.system
        sending = sending_of(request)
        command = data.command(sending, system.new_id())
        check_message(command, sending.now, sending.terms)
        communication = system.communication
        await reached(request, MAILROOM.name, 0)
        route = communication.sorting.route(command)
        groups = []
        for to in route.destinations:
            if to.is_group:
                count, some = members(communication.mailroom, to, command.from_agent)
                groups.append(
                    RoutedGroup(**destination_fields(to), recipients=count, members=tuple(some))
                )
        refusal = route.refusal()
        problem = None
        if refusal is not None:
            told = problem_answer(refusal, instance=request.scope["path"], request_id="")
            problem = msgspec.Raw(told.body)
        return answer(
            RoutingExplanation(
                destinations=[destination_view(to) for to in route.destinations],
                recipients=route.recipients,
                groups=groups,
                priority=route.priority,
                why=route.why,
                problem=problem,
            )
        )


async def _entries(request: ApiRequest, kind: RouteKind, after: str) -> AsyncIterator[RouteEntry]:
    """Yield the entries of one kind behind a name."""
    system = request.system
    if kind is not RouteKind.CONNECTION:
        for entry in entries(system.communication.mailroom, kind, after):
            yield entry
        return
    store, last = system.access.connections, after or None
    while True:
        found = await store.page(ConnectionFilter(), last, MAX_LIMIT)
        for connection in found:
            if connection.agent_id is not None:
                name = connection.connection_id
                yield RouteEntry(kind=kind, name=name, connection=connection)
        if len(found) < MAX_LIMIT:
            return
        last = found[-1].connection_id


def _place(cursor: str) -> tuple[RouteKind, str]:
    """Return the kind and the name at which a page ended.

    Raises:
        InvalidCursor: It is none of ours.
    """
    kind, _, name = cursor.partition(":")
    try:
        return RouteKind(kind), name
    except ValueError:
        raise InvalidCursor from None
