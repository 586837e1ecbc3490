"""Live updates over HTTP: what the frontend socket tells, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
import structlog
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Response
from litestar.types import Receive, Scope, Send

from aia_mas.interfaces.http.errors import FieldError, InvalidParameter
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.protocol import ABORT
from aia_mas.interfaces.http.queries import LAST_POSITION
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.expiry import Expiry
from aia_mas.interfaces.realtime.frontend import permit
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.messages import MessageRefused, Subscribe
from aia_mas.interfaces.realtime.selection import Filter
from aia_mas.interfaces.realtime.sse import Place, SseTransport, place_in

log = structlog.stdlib.get_logger("aia.realtime")

Topic = Literal["metrics", "tasks", "agents", "economy", "proposals", "budgets", "messages"]
_FACTS = ("tasks", "agents", "proposals", "budgets", "messages")
_USUAL = ("metrics", "tasks", "agents")

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect events otherwise
    (b"x-content-type-options", b"nosniff"),
]
_RETRY = b"retry: 2000\n\n"
"""Milliseconds after which a browser comes back."""


class EventStreams(Controller):
    """Live updates for clients that speak HTTP only."""

    tags = ("live",)

    @get(f"{API}/stream", operation_id="stream_events", media_type="text/event-stream")
    async def stream(
        self,
        request: ApiRequest,
        topic: Annotated[
            list[Topic] | None,
            QueryParameter(
                description="What is wanted; `metrics`, `tasks` and `agents` when left out."
            ),
        ] = None,
        after: Annotated[
            int | None,
            QueryParameter(
                ge=0,
                le=LAST_POSITION,
                description="The last position already known; `Last-Event-ID` goes before it.",
            ),
        ] = None,
        epoch: FromQuery[str | None] = None,
        snapshot: Annotated[
            bool,
            QueryParameter(
                description="Begin with how things stand, unless the stream can be resumed."
            ),
        ] = False,
        task_id: FromQuery[list[str] | None] = None,
        agent_id: FromQuery[list[str] | None] = None,
        task_type: FromQuery[list[str] | None] = None,
        status: FromQuery[list[str] | None] = None,
        event: FromQuery[list[str] | None] = None,
        proposal_id: FromQuery[list[str] | None] = None,
        last_event_id: Annotated[
            str | None,
            QueryParameter(description="`Last-Event-ID`, for browsers that begin a stream anew."),
        ] = None,
        ticket: Annotated[
            str | None,
            QueryParameter(description="A ticket, in place of a token; see `create_ticket`."),
        ] = None,
    ) -> Response[str]:
        """Tell metrics and facts as they come, as server-sent events.

        Filters concern facts. A stream is resumed with `Last-Event-ID`, by browsers by themselves,
        or with `after`; `docs/realtime.md` tells what events there are.
        """
        topics = list(dict.fromkeys(topic or _USUAL))
        for name in topics:
            permit(name, request.principal)
        chosen = _filter(task_id, agent_id, task_type, status, event, proposal_id)
        if chosen is not None and not set(topics) & set(_FACTS):
            raise _wrong("filters concern facts, and none are asked for", "topic")
        place = _place(request, topics, after, epoch, last_event_id)
        return EventStream(request, topics, chosen, place, snapshot=snapshot)


class EventStream(Response[str]):
    """An answer that ends when either side ends it."""

    def __init__(
        self,
        request: ApiRequest,
        topics: Sequence[str],
        chosen: Filter | None,
        place: Place,
        *,
        snapshot: bool,
    ) -> None:
        """Stream topics to whoever asked, from a place on, or from how things stand."""
        super().__init__("", media_type="text/event-stream")
        self._request = request
        self._topics = topics
        self._filter = chosen
        self._place = place
        self._snapshot = snapshot

    def to_asgi_response(self, *_args: Any, **_options: Any) -> Any:
        """Return itself: it is an ASGI application already."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it, or the token expires."""
        request = self._request
        hub: Hub = request.system.hub
        transport = SseTransport(send, hub.epoch, hub.options.send_timeout)
        connection = hub.connect(request.request_id, request.principal, transport)
        try:
            if connection.closing is None:
                await self._subscribe(hub, connection, transport)
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            if request.exchange.bodiless:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            hub.roster.enter(connection, "stream", request.credential)
            await send({"type": "http.response.body", "body": _RETRY, "more_body": True})
            ended = await self._run(hub, connection, transport, receive)
            abort: Any = (scope.get("extensions") or {}).get(ABORT)
            if not ended and abort is not None:
                abort()  # else the server waits for ever until the client has read the rest
        finally:
            hub.disconnect(connection)

    async def _run(
        self, hub: Hub, connection: Connection, transport: SseTransport, receive: Receive
    ) -> bool:
        """Stream; tell whether it came to an end that the client can be told of."""
        work = {
            asyncio.create_task(each)
            for each in (
                deliver(hub, connection),
                _until_gone(receive),
                _keep_alive(
                    hub,
                    connection,
                    transport,
                    self._request.system.settings.websocket_ping_interval_seconds,
                ),
            )
        }
        expiry = Expiry(connection, self._request.credential.expires_at)
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            errors = [error for task in done if (error := task.exception()) is not None]
            for error in errors:
                log.debug("stream_lost", client_id=connection.client_id, error=repr(error))
            return not errors
        finally:
            expiry.stop()
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    async def _subscribe(self, hub: Hub, connection: Connection, transport: SseTransport) -> None:
        for topic in self._topics:
            facts = topic in _FACTS
            wanted = Subscribe(
                topic=topic,
                after=self._place.positions.get(topic) if facts else None,
                epoch=self._place.epoch or None,
                snapshot=self._snapshot and facts,
                filter=self._filter if facts else None,
            )
            try:
                await hub.subscriptions.start(connection, wanted)
            except MessageRefused as error:
                raise _wrong(error.detail, "topic") from None
        transport.positions = hub.positions(connection)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _keep_alive(
    hub: Hub, connection: Connection, transport: SseTransport, every: float
) -> None:
    while True:
        await asyncio.sleep(every)
        await transport.keep_alive(partial(hub.reached, connection))


def _filter(
    task_id: list[str] | None,
    agent_id: list[str] | None,
    task_type: list[str] | None,
    status: list[str] | None,
    event: list[str] | None,
    proposal_id: list[str] | None,
) -> Filter | None:
    given = {
        "task_ids": task_id,
        "agent_ids": agent_id,
        "task_types": task_type,
        "statuses": status,
        "events": event,
        "proposal_ids": proposal_id,
    }
    named = {name: values for name, values in given.items() if values}
    if not named:
        return None
    try:
        return msgspec.convert(named, Filter)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), "filter") from None


def _place(
    request: ApiRequest,
    topics: Sequence[str],
    after: int | None,
    epoch: str | None,
    last_event_id: str | None,
) -> Place:
    header = request.header(b"last-event-id")
    # A browser that comes back by itself repeats the URL: what its header says is newer.
    last, field = header.decode("latin-1") if header else last_event_id, "Last-Event-ID"
    if last:
        place = place_in(last)
        if place is None:
            field = field if header else "last_event_id"
            raise _wrong(f"{field} is the id of an event of this stream", field)
        return place
    positions = {} if after is None else dict.fromkeys(topics, after)
    return Place(epoch or "", positions)


def _wrong(message: str, field: str) -> InvalidParameter:
    wrong = FieldError(code=InvalidParameter.code, message=message, field=field)
    return InvalidParameter(message, errors=[wrong])
