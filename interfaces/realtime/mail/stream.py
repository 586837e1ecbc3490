"""Messages over HTTP as they come: the mailbox of one recipient as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter
from litestar.response import Response
from litestar.types import Send

from aia_mas.application.communication.collecting import PREFETCH
from aia_mas.domain.communication.authority import check_may_read
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.mail.feed import MailFeed
from aia_mas.interfaces.realtime.mail.options import MOST_PREFETCHED
from aia_mas.interfaces.realtime.sse import EventTransport
from aia_mas.interfaces.realtime.streaming import StreamedAnswer

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


class MessageStreams(Controller):
    """Messages for clients that speak HTTP only."""

    tags = ("communication",)

    @get(
        f"{API}/communication/agents/{{agent_id:str}}/inbox/stream",
        operation_id="stream_inbox",
        media_type="text/event-stream",
    )
    async def stream(
        self,
        agent_id: FromPath[str],
        request: ApiRequest,
        prefetch: Annotated[
            int,
            QueryParameter(
                ge=1,
                le=MOST_PREFETCHED,
                description="How many messages may be out without an acknowledgement.",
            ),
        ] = PREFETCH,
        ticket: Annotated[
            str | None,
            QueryParameter(description="A ticket, in place of a token; see `create_ticket`."),
        ] = None,
    ) -> Response[str]:
        """Deliver messages as they come, as server-sent events.

        Events are `mailbox` (how it stands; the first one) and `message`, whose id is its position;
        `data` is the frame of the socket, see `docs/message-sockets.md`. Messages are acknowledged
        by requests. Those that were not when the stream ends go to whoever comes next.
        """
        check_id(agent_id, "agent_id")
        check_may_read(request.principal, agent_id)
        return StreamedAnswer(request, Mailbox(request.system, agent_id, prefetch), agent_id)


class Mailbox:
    """The messages of one recipient."""

    def __init__(self, system: System, name: str, prefetch: int) -> None:
        """Stream what is sent to somebody (``prefetch``: how many may be out)."""
        self._system = system
        self._name = name
        self._prefetch = prefetch

    def transport(self, send: Send) -> EventTransport:
        """Return what writes the events; see ``Source.transport``."""
        self._transport = EventTransport(send, self._system.hub.options.send_timeout)
        return self._transport

    async def begin(self, connection: Connection) -> None:
        """Do nothing: what may be refused has been looked at."""

    def beside(self, connection: Connection) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what hands over messages, and what keeps the stream alive."""
        system = self._system
        feed = MailFeed(system.communication, connection, self._name, "stream", self._prefetch)
        return (feed.run(), self._keep_alive(system.settings.websocket_ping_interval_seconds))

    async def _keep_alive(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self._transport.show_life()
