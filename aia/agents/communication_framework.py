"""Durable messages between agents, handlers of events, and who is connected, inside a program."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import msgspec
import structlog

from aia.agents.communication_message import (
    CommunicationMessage,
    DeadLetter,
    MessagePriority,
    WaitingMessage,
)
from aia.agents.event_handlers import EventHandlers, Function, Predicate, wanted
from aia.agents.event_wishes import Wishes
from aia.agents.inbox import Inbox
from aia.agents.message_queue import MessageQueue, ReceivedMessage
from aia.agents.message_router import MessageRouter, RouteExplanation
from aia.agents.message_sending import ask, send
from aia.agents.running import Node, join, leave, share
from aia.agents.system_event import SystemEvent
from aia.agents.websocket_manager import WebSocketManager
from aia_mas.application.communication.handlers import SentMessage
from aia_mas.application.event_handlers.handler import HandlerFigures
from aia_mas.application.event_handlers.store import ParkedEvent
from aia_mas.application.logs import use_standard_loggers
from aia_mas.application.settings import Settings, load_settings
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.message_figures import communication_figures

__all__ = [
    "CommunicationMessage",
    "DeadLetter",
    "EventDrivenCommunicationFramework",
    "MessagePriority",
    "MessageQueue",
    "MessageRouter",
    "ReceivedMessage",
    "RouteExplanation",
    "SentMessage",
    "SystemEvent",
    "WaitingMessage",
    "WebSocketManager",
]

log = structlog.stdlib.get_logger("aia.agents.communication")

_Result = TypeVar("_Result")
_AnyFunction = TypeVar("_AnyFunction", bound=Function)


class EventDrivenCommunicationFramework:
    """Messages and events on a node inside this program.

    Attributes:
        router: Where messages go.
        queue: What waits for agents.
        websocket_manager: Who is connected.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        data_dir: str | Path | None = None,
        database_url: str | None = None,
    ) -> None:
        """Describe it; nothing is done before ``start``.

        Without any of these it works on the node that this program has started last, by a
        ``MultiAgentSystem`` for example; only if there is none it starts one.

        Args:
            config: Nested settings, as in a configuration file; the environment goes before them.
            data_dir: Folder of the embedded PostgreSQL; ``MAS_DATA_DIR`` or ``./.mas`` when None.
            database_url: A PostgreSQL >= 15 to use instead; ``MAS_DATABASE_URL`` when None.

        Raises:
            SettingsError: A setting is unknown or its value cannot be used.
        """
        arguments = {"data_dir": data_dir, "database_url": database_url}
        self._told = config is not None or any(value is not None for value in arguments.values())
        self._settings: Settings = load_settings(arguments, config=config)
        self._handlers = EventHandlers()
        self._inboxes: set[Inbox] = set()
        self._changing = asyncio.Lock()
        self._use(None)

    @property
    def running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._node is not None

    async def start(self) -> None:
        """Start, or go on when it is running already; handlers are called in this event loop.

        Raises:
            EmbeddedPostgresError: The data directory cannot be used; the message tells why.
            psycopg.OperationalError: The database cannot be reached.
            HandlerExists: Another durable handler on the node has the name of one of these.
        """
        async with self._changing:
            if self._node is not None:
                return
            use_standard_loggers()
            node = None if self._told else await share()
            if node is None:
                node = await join(self._settings)
            # Handlers use it as soon as they are called.
            self._use(node)
            try:
                await self._handlers.start(node)
            except BaseException:
                self._use(None)
                await leave(node)
                raise

    async def stop(self) -> None:
        """Let handlers finish what they do, close inboxes, and stop; safe to repeat."""
        async with self._changing:
            node = self._node
            if node is None:
                return
            try:
                await self._handlers.stop(node, node.settings.drain_seconds)
                for inbox in tuple(self._inboxes):
                    await inbox.close()
            finally:
                self._inboxes.clear()
                self._use(None)
                await leave(node)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def send_message(self, message: CommunicationMessage) -> SentMessage:
        """Send a message; it is durable, and queued for its recipients, when this returns.

        The same message again changes nothing.

        Raises:
            InvalidValue: A value of it is out of bounds, or it has no destination, or several.
            MessageExists: There is another message of its id.
            EmptyGroup: Nobody has the capability or the role.
            InboxFull: A recipient has as many waiting as it may have; try again later.
        """
        sent = await self._call(lambda system: send(system, message))
        log.debug("message_sent", message_id=sent.message_id, message_type=sent.message_type)
        return sent

    async def broadcast(self, message: CommunicationMessage) -> SentMessage:
        """Send a message to all agents that are registered; it is one event however many they are.

        Raises:
            InvalidValue: See ``send_message``; or it has another destination.
        """
        return await self.send_message(msgspec.structs.replace(message, broadcast=True))

    async def request(
        self, message: CommunicationMessage, timeout: float = 30.0
    ) -> CommunicationMessage:
        """Send a question, and return the answer once somebody has sent that, acknowledged.

        The answer is the first message to its sender with its ``correlation_id``, or else its id;
        ``ReceivedMessage.answer`` makes such ones. One that comes later is in the inbox.

        Args:
            message: The question; ``system`` cannot ask.
            timeout: How long to wait, seconds.

        Raises:
            ReplyTimeout: There was none in time. The same question again looks for it first.
            DomainError: See ``send_message``.
        """
        view = await self._call(lambda system: ask(system, message, timeout))
        return CommunicationMessage.of(view)

    def receive(self, agent_id: str, *, prefetch: int = 1) -> Inbox:
        """Iterate over what is sent to an agent, the most urgent first, for as long as it runs.

        Example::

            async with framework.receive("agent_001") as inbox:
                async for message in inbox:
                    await work(message.payload)
                    await message.ack()

        Args:
            agent_id: Whose; it need not be registered.
            prefetch: How many it may have without having acknowledged them; 16 critical ones more.
        """
        if prefetch < 1:
            raise InvalidValue("prefetch is 1 or more", field="prefetch")
        inbox = Inbox(self._in_use(), self.queue, agent_id, prefetch, self._inboxes.discard)
        self._inboxes.add(inbox)
        return inbox

    async def subscribe(self, agent_id: str, patterns: Sequence[str]) -> None:
        """Have what is sent to some topics go to an agent; see ``MessageRouter.subscribe``."""
        self._in_use()
        await self.router.subscribe(agent_id, patterns)

    async def unsubscribe(self, agent_id: str, patterns: Sequence[str]) -> None:
        """Have it go there no more; see ``MessageRouter.unsubscribe``."""
        self._in_use()
        await self.router.unsubscribe(agent_id, patterns)

    def on(
        self,
        *events: str,
        where: Predicate | None = None,
        durable: str | None = None,
        since: Literal["now", "beginning"] = "now",
        attempts: float | None = None,
        backoff_seconds: float = 1.0,
        **equal: Any,
    ) -> Callable[[_AnyFunction], _AnyFunction]:
        """Have a function called with what happens from now on, one after the other.

        Example::

            @framework.on("task_completed", agent_id="data_analyst_001")
            async def completed(event):
                print(event.entity_id, event.data["result"])


            @framework.on("message:alarm", durable="alarms")
            def alarm(message):
                page_somebody(message.payload)

        A coroutine function is called in the event loop in which the framework was started, a plain
        one in a thread. One that fails is told of in the log, and keeps no other from anything.

        Args:
            *events: Names of events (``task_completed``, of the topic ``task.completed.v1``), or of
                types of messages (``message:alarm``; ``message:*``: all), whoever they are for.
            where: Tells whether it is called with one of these; called in the event loop.
            durable: A name under which it goes on where it was, after a restart or on another node;
                on one node at a time. It may be called again with the last one.
            since: Where it begins when it is new: at the end of the log, or at its beginning.
            attempts: How often it is called with one at which it fails; 1, or 5 when it is durable,
                when None; ``math.inf``: until it works. A durable one then parks it.
            backoff_seconds: The wait after the first failure; it doubles, up to a minute.
            **equal: What fields of it must be, like ``agent_id="a1"``.

        Raises:
            UnknownEvent: There is no event of a name.
            InvalidValue: A field or an argument is none.
            HandlerExists: There is a durable handler of this name.
        """
        wishes = Wishes(events, equal)

        def add(function: _AnyFunction) -> _AnyFunction:
            handler = wanted(function, wishes, where, durable, since, attempts, backoff_seconds)
            self._handlers.add(handler)
            return function

        return add

    async def off(self, function: Function) -> bool:
        """Have a function called no more, after what it is called with now; False: it was not."""
        return await self._handlers.remove(function, self._settings.drain_seconds)

    async def handlers(self) -> Sequence[HandlerFigures]:
        """Return how it goes with each handler of this program."""
        self._in_use()
        return await self._handlers.figures()

    async def parked_events(self, durable: str) -> Sequence[ParkedEvent]:
        """Return what a durable handler went on without, oldest first."""
        return await self._call(lambda system: system.communication.handlings.parked(durable))

    async def retry_parked(self, durable: str, position: int | None = None) -> int:
        """Have a durable handler called once more with what it went on without.

        Args:
            durable: Its name; it may be called in another program.
            position: With which event; None: all.

        Returns:
            With how many.
        """
        return await self._call(
            lambda system: system.communication.handlings.try_again(durable, position)
        )

    async def get_metrics(self) -> dict[str, Any]:
        """Return messages in numbers: by priority what waits, arrived and failed, and how fast."""
        figures: dict[str, Any] = msgspec.to_builtins(await self._call(communication_figures))
        return figures

    def _use(self, node: Node | None) -> None:
        self._node = node
        self.router = MessageRouter(node)
        self.queue = MessageQueue(node)
        self.websocket_manager = WebSocketManager(node)

    def _in_use(self) -> Node:
        if self._node is None:
            raise RuntimeError("the framework is not running: await its start() first")
        return self._node

    async def _call(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        return await self._in_use().call(work)
