"""What a worker says over HTTP: that it is there, that it stops, and whatever its socket cannot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aia.client.asynchronous.connection import AsyncConnection
from aia.client.configuration import API
from aia.client.errors import (
    ApiError,
    ConnectionFailed,
    RateLimited,
    ServerFailed,
    Unavailable,
    UnexpectedAnswer,
)
from aia.client.worker.answers import Asked
from aia.client.worker.errors import Rejected
from aia.client.worker.frames import Receipt
from aia.client.worker.messages import Message
from aia.client.worker.pauses import Pauses
from aia.client.writing import segment

log = logging.getLogger("aia.client.worker")

STOPPED = "the worker stops"
"""The reason of a drain that a worker asks for; by it the next one knows that it may end it."""
_REQUESTS = {
    "accept": "start",
    "progress": "progress",
    "complete": "complete",
    "fail": "fail",
    "input": "ask",
}
_PASSING = (ConnectionFailed, RateLimited, ServerFailed, Unavailable)


class _Agent(msgspec.Struct):
    status: str


class _Task(msgspec.Struct):
    inputs: tuple[Asked, ...] = ()


class _Event(msgspec.Struct):
    topic: str
    data: Mapping[str, Any] = {}


class _Events(msgspec.Struct):
    items: tuple[_Event, ...] = ()


class Door:
    """The HTTP side of one worker."""

    def __init__(
        self, connection: AsyncConnection, agent_id: str, declared: Mapping[str, Any]
    ) -> None:
        """Speak for an agent.

        Args:
            connection: Sends requests.
            agent_id: The agent.
            declared: What it registers with.
        """
        self._connection = connection
        self._agent_id = agent_id
        self._agent = f"{API}/agents/{segment(agent_id)}"
        self._declared = declared

    async def opening(self) -> tuple[str, dict[str, str]]:
        """Return where its socket is, and the headers to open it with."""
        url = self._connection.configuration.url.replace("http", "ws", 1)
        headers = self._connection.configuration.authorization()
        return f"{url}{API}/agents/ws/agent/{segment(self._agent_id)}", headers

    def renew(self, reason: str) -> None:
        """Take note that the token was not taken.

        Raises:
            Rejected: There will be no other one.
        """
        if not callable(self._connection.configuration.token):
            raise Rejected(reason or "unauthenticated", "The token is not, or no longer, valid")

    async def register(self) -> None:
        """Register, or say again what it can do; waits for a server that does not answer.

        Raises:
            Rejected: The server does not take it.
        """
        agent = await self._registered()
        log.info(
            "registered as %s at %s, %d at once",
            self._agent_id,
            self._connection.configuration.url,
            self._declared["max_concurrent_tasks"],
        )
        if agent.status == "draining":
            await self._end_own_drain()

    async def _registered(self) -> _Agent:
        pauses = Pauses()
        while True:
            try:
                return await self._command("PUT", self._agent, _Agent, self._declared)
            except _PASSING as error:
                log.warning("cannot register yet: %s", error)
                told = error.retry_after if isinstance(error, ApiError) else None
                await asyncio.sleep(pauses.next(told))
            except ApiError as error:
                if error.status == 401:
                    self.renew(error.code)
                    await asyncio.sleep(pauses.next())
                    continue
                raise Rejected(error.code, error.detail or error.title) from None
            except UnexpectedAnswer as error:
                raise Rejected("unexpected_answer", str(error)) from None

    async def drain(self) -> None:
        """Ask for no further work. What fails here is only told: the worker stops anyway."""
        try:
            await self._command("POST", f"{self._agent}/drain", _Agent, {"reason": STOPPED})
        except (ApiError, ConnectionFailed) as error:
            log.warning("cannot ask for a drain: %s", error)

    async def inputs(self, task_id: str) -> Sequence[Asked]:
        """Return the questions about a task; none when it cannot be read now."""
        try:
            path = f"{API}/agents/tasks/{segment(task_id)}"
            return (await self._connection.read(path, _Task, {})).inputs
        except (ApiError, ConnectionFailed) as error:
            log.warning("cannot read task %s: %s", task_id, error)
            return ()

    async def carry(self, message: Message) -> Receipt:
        """Say over HTTP what was to be said over the socket.

        Raises:
            ApiError: It was refused.
        """
        pauses = Pauses()
        while True:
            try:
                return Receipt(data=await self._carried(message))
            except _PASSING as error:
                log.warning("%s cannot be told yet: %s", message.kind, error)
                await asyncio.sleep(pauses.next())

    async def _carried(self, message: Message) -> msgspec.Raw:
        data = dict(message.data)
        if message.kind == "heartbeat":
            return await self._connection.signal(f"{self._agent}/heartbeat", msgspec.Raw, data)
        path = f"{API}/agents/tasks/{segment(data.pop('task_id'))}/{_REQUESTS[message.kind]}"
        body = {"agent_id": self._agent_id, **data}
        return await self._connection.command("POST", path, msgspec.Raw, body, key=message.key)

    async def _command(self, method: str, path: str, kind: type[_Agent], body: object) -> _Agent:
        return await self._connection.command(method, path, kind, body)

    async def _end_own_drain(self) -> None:
        """End the drain of an earlier run, which its registration ends only where keys are set.

        Without keys everybody is an operator, whose drains nobody else ends.
        """
        query = {"sort": "-version", "limit": 50}
        path = f"{API}/audit/streams/agent/{segment(self._agent_id)}"
        try:
            events = (await self._connection.read(path, _Events, query)).items
            drained = next(each for each in events if each.topic.startswith("agent.drained."))
            if drained.data.get("reason") == STOPPED:
                await self._command("POST", f"{self._agent}/activate", _Agent, {})
                return
        except (ApiError, ConnectionFailed, StopIteration) as error:
            log.info("cannot tell who drained the agent: %r", error)
        log.warning("the agent is drained: it gets no tasks until an operator activates it")
