"""Carries out what an agent says over its socket."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from msgspec.structs import replace

from aia_mas.application.engine.engine import Origin
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.problems import problem_answer
from aia_mas.interfaces.http.schemas.agents import Heartbeat
from aia_mas.interfaces.http.security import authorize
from aia_mas.interfaces.http.signs_of_life import take_heartbeat
from aia_mas.interfaces.realtime.agent.acts import ACTS, ENDING, Envelope, Report
from aia_mas.interfaces.realtime.agent.feed import AgentFeed
from aia_mas.interfaces.realtime.agent.receipts import Receipt

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.realtime")


class Desk:
    """Takes the messages of one agent: those about one task in order, all others side by side."""

    def __init__(
        self, system: System, agent_id: str, principal: Principal, feed: AgentFeed, path: str
    ) -> None:
        """Serve an agent.

        Args:
            system: The system.
            agent_id: The agent.
            principal: In whose name it acts.
            feed: What the agent is told of its tasks.
            path: The socket's path, for problems.
        """
        self._system = system
        self._agent_id = agent_id
        self._principal = principal
        self._feed = feed
        self._path = path
        self._last: dict[str, asyncio.Event] = {}

    def lane(self, message: Envelope) -> Lane:
        """Return the place of a message behind those before it; to be asked for in their order."""
        task_id = _about(message)
        before = self._last.get(task_id)
        lane = Lane(self._last, task_id, before)
        self._last[task_id] = lane.over
        return lane

    async def receipt(self, message: Envelope, lane: Lane) -> bytes:
        """Carry out a message and return the frame of its receipt; it never raises an error."""
        try:
            await lane.reached()
            answer = await self._carried_out(message)
        except Exception as error:
            request_id = secrets.token_hex(8)
            problem = problem_answer(error, instance=self._path, request_id=request_id)
            if problem.status >= 500:
                log.exception("agent_message_failed", request_id=request_id, type=message.type)
            answer = Receipt(
                id=message.id,
                status=problem.status,
                replayed=bool(getattr(error, "replayed", False)),
                data=msgspec.Raw(problem.body),
            )
        finally:
            lane.leave()
        return answer.frame()

    async def _carried_out(self, message: Envelope) -> Receipt:
        operation, wanted = ACTS[message.type]
        authorize(operation, self._principal)
        said = decode(bytes(message.data), wanted)
        if isinstance(said, Heartbeat):
            alive = await take_heartbeat(self._system, self._agent_id, said, self._principal)
            return Receipt(id=message.id, status=200, data=alive)
        if said.agent_id not in ("", self._agent_id):
            raise PermissionDenied("This socket serves another agent")
        check_id(said.task_id, "task_id")
        return await self._reported(message, replace(said, agent_id=self._agent_id))

    async def _reported(self, message: Envelope, said: Report) -> Receipt:
        system, feed = self._system, self._feed
        ending = message.type in ENDING
        if ending:
            feed.ending(said.lease)
        try:
            result = await system.engine.run(said.told(), self._origin(message))
        except BaseException:
            if ending:
                feed.not_ended(said.lease)
            raise
        if ending:
            feed.ended(said.lease)
        # As over HTTP: a report is a sign of life, and progress one of the attempt.
        system.presence.beat("agent", self._agent_id)
        if message.type == "progress" and not result.replayed:
            system.heartbeats.tasks([said.lease])
        return Receipt(
            id=message.id,
            status=200,
            position=result.position,
            replayed=result.replayed,
            data=msgspec.Raw(result.body),
        )

    def _origin(self, message: Envelope) -> Origin:
        key = message.idempotency_key
        if key is None:
            return Origin(self._principal, None, b"", message.id)
        subject = self._principal.subject.replace("%", "%25").replace(":", "%3A")
        digest = hashlib.sha256(f"{message.type}\n{self._agent_id}\n".encode())
        digest.update(bytes(message.data))
        return Origin(self._principal, f"ws:{subject}:{key}", digest.digest(), message.id)


class Lane:
    """A place in the row of messages about one task."""

    __slots__ = ("_before", "_last", "_task_id", "over")

    def __init__(
        self, last: dict[str, asyncio.Event], task_id: str, before: asyncio.Event | None
    ) -> None:
        """Stand behind a message (``last``: the newest of each row)."""
        self.over = asyncio.Event()
        self._last = last
        self._task_id = task_id
        self._before = before

    async def reached(self) -> None:
        """Wait until it is one's turn."""
        if self._before is not None:
            await self._before.wait()
            self._before = None

    def leave(self) -> None:
        """Let the next one go on."""
        self.over.set()
        if self._last.get(self._task_id) is self.over:
            del self._last[self._task_id]


class _About(msgspec.Struct):
    task_id: Any = ""


_about_what = msgspec.json.Decoder(_About).decode


def _about(message: Envelope) -> str:
    try:
        return str(_about_what(message.data).task_id)
    except msgspec.DecodeError:
        return ""
