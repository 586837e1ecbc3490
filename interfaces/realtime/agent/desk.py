"""Carries out what an agent says over its socket."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.schemas.agents import Heartbeat
from aia_mas.interfaces.http.security import authorize
from aia_mas.interfaces.http.signs_of_life import take_heartbeat
from aia_mas.interfaces.realtime.acting import (
    Envelope,
    Lane,
    Lanes,
    Receipt,
    receipt_of,
    refused,
)
from aia_mas.interfaces.realtime.agent.acts import ACTS, ENDING, Report
from aia_mas.interfaces.realtime.agent.feed import AgentFeed

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


class TaskDesk:
    """Takes what an agent says of tasks: about one task in order, all others side by side.

    Attributes:
        acts: The types of these messages.
        unmarked: Those that need no id: none.
    """

    acts: Collection[str] = tuple(ACTS)
    unmarked: Collection[str] = ()

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
        self._lanes = Lanes()

    def take(self, message: Envelope) -> Coroutine[Any, Any, bytes]:
        """Take a message; see ``acting.Desk``."""
        return self._receipt(message, self._lanes.enter(_about(message)))

    async def _receipt(self, message: Envelope, lane: Lane) -> bytes:
        try:
            await lane.reached()
            answer = await self._carried_out(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the agent gets its receipt
            answer = refused(message, error, self._path)
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
            origin = message.origin(self._principal, self._agent_id)
            result = await system.engine.run(said.told(), origin)
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
        return receipt_of(message, result)


class _About(msgspec.Struct):
    task_id: str = ""


_about_what = msgspec.json.Decoder(_About).decode


def _about(message: Envelope) -> str:
    try:
        return _about_what(message.data).task_id
    except (msgspec.DecodeError, RecursionError):
        return ""  # its receipt says why
