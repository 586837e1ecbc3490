"""Live updates over HTTP: what the frontend socket tells, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Response
from litestar.types import Send

from aia_mas.interfaces.http.errors import FieldError, InvalidParameter
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import LAST_POSITION
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.frontend import permit
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.messages import MessageRefused, Subscribe
from aia_mas.interfaces.realtime.selection import Filter
from aia_mas.interfaces.realtime.sse import EventTransport, Place, SseTransport, place_in
from aia_mas.interfaces.realtime.streaming import StreamedAnswer

Topic = Literal["metrics", "tasks", "agents", "economy", "proposals", "budgets", "messages"]
_FACTS = ("tasks", "agents", "proposals", "budgets", "messages")
_USUAL = ("metrics", "tasks", "agents")


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
        system = request.system
        every = system.settings.websocket_ping_interval_seconds
        facts = Facts(system.hub, topics, chosen, place, snapshot=snapshot, keep_alive=every)
        return StreamedAnswer(request, facts)


class Facts:
    """Topics from a place on, or from how things stand."""

    def __init__(
        self,
        hub: Hub,
        topics: Sequence[str],
        chosen: Filter | None,
        place: Place,
        *,
        snapshot: bool,
        keep_alive: float,
    ) -> None:
        """Stream topics of a hub (``keep_alive``: seconds between signs of life)."""
        self._hub = hub
        self._topics = topics
        self._filter = chosen
        self._place = place
        self._snapshot = snapshot
        self._every = keep_alive

    def transport(self, send: Send) -> EventTransport:
        """Return what writes the events; see ``Source.transport``."""
        hub = self._hub
        self._transport = SseTransport(send, hub.epoch, hub.options.send_timeout)
        return self._transport

    async def begin(self, connection: Connection) -> None:
        """Subscribe."""
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
                await self._hub.subscriptions.start(connection, wanted)
            except MessageRefused as error:
                raise _wrong(error.detail, "topic") from None
        self._transport.positions = self._hub.positions(connection)

    def beside(self, connection: Connection) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what keeps the stream alive."""
        return (self._keep_alive(connection),)

    async def _keep_alive(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self._transport.keep_alive(partial(self._hub.reached, connection))


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
