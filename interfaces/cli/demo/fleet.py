"""Simulated agents: they claim tasks, take their time, and complete or fail as drawn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio

from aia.client import AsyncClient, Conflict, ConnectionFailed, RateLimited, Unavailable
from aia_mas.interfaces.cli.demo.chance import agent_of, outcome_of
from aia_mas.interfaces.cli.demo.profile import Profile

if TYPE_CHECKING:
    from aia.client.types import ClaimedTask

_AGENTS_OF_A_CLIENT = 40  # each may have a claim, a heartbeat and reports under way
_CLAIM = 10.0  # seconds that a claim waits
_HEARTBEAT = 10.0  # seconds
_AWAY = 1.0  # seconds before the next try when the server does not answer
_HALF_WAY = 1.0  # seconds from which an attempt tells of its progress
_AWAYS = (ConnectionFailed, RateLimited, Unavailable)


async def live(url: str, profile: Profile) -> None:
    """Let all agents of a profile live until cancelled."""
    numbers = range(profile.agents)
    groups = [numbers[at:][:_AGENTS_OF_A_CLIENT] for at in numbers[::_AGENTS_OF_A_CLIENT]]
    async with anyio.create_task_group() as group:
        for members in groups:
            group.start_soon(_live_together, url, profile, members)


async def _live_together(url: str, profile: Profile, numbers: range) -> None:
    async with AsyncClient(url, "") as client, anyio.create_task_group() as group:
        for number in numbers:
            group.start_soon(SimulatedAgent(client, profile, number).live)


class SimulatedAgent:
    """An agent of the demo."""

    def __init__(self, client: AsyncClient, profile: Profile, number: int) -> None:
        self._client = client
        self._profile = profile
        self._declared = agent_of(profile, number)
        self._id: str = self._declared["agent_id"]
        self._places: int = self._declared["max_concurrent_tasks"]
        self._leases: dict[str, str] = {}
        self._freed = asyncio.Event()

    async def live(self) -> None:
        """Register, then take and do tasks until cancelled."""
        declared = {name: value for name, value in self._declared.items() if name != "agent_id"}
        await self._client.agents.put(self._id, **declared)
        async with anyio.create_task_group() as group:
            group.start_soon(self._beat)
            while True:
                if len(self._leases) >= self._places:
                    self._freed.clear()
                    await self._freed.wait()
                for task in await self._claimed():
                    # Begun before the next claim, which tells again of what has not been.
                    if await self._reported(self._client.tasks.start, task):
                        self._leases[task.task_id] = task.lease
                        group.start_soon(self._work, task)

    async def _claimed(self) -> list[ClaimedTask]:
        room = self._places - len(self._leases)
        try:
            return (await self._client.agents.claim(self._id, limit=room, wait=_CLAIM)).items
        except _AWAYS:
            await anyio.sleep(_AWAY)
            return []

    async def _beat(self) -> None:
        while True:
            await anyio.sleep(_HEARTBEAT)
            try:
                load = len(self._leases) / self._places
                await self._client.agents.heartbeat(self._id, leases=self._leases, load=load)
            except _AWAYS:
                continue

    async def _work(self, task: ClaimedTask) -> None:
        try:
            number = int(task.payload["number"])
            outcome = outcome_of(self._profile, task.task_type, number, task.attempt)
            if outcome.seconds < _HALF_WAY:
                await anyio.sleep(outcome.seconds)
            else:
                await anyio.sleep(outcome.seconds / 2)
                words = f"half of {task.payload['rows']} rows"
                if not await self._reported(
                    self._client.tasks.progress, task, percent=50, message=words
                ):
                    return
                await anyio.sleep(outcome.seconds / 2)
            if outcome.error is not None:
                told = {"error_code": outcome.error, "message": "as the profile has it"}
                await self._reported(self._client.tasks.fail, task, **told)
                return
            result = {"number": number, "rows": task.payload["rows"], "by": self._id}
            quality = round(outcome.quality, 2)
            await self._reported(self._client.tasks.complete, task, result=result, quality=quality)
        finally:
            self._leases.pop(task.task_id, None)
            self._freed.set()

    async def _reported(self, report: Any, task: ClaimedTask, **told: Any) -> bool:
        """Report, and tell whether the attempt is still this agent's."""
        while True:
            try:
                await report(task.task_id, self._id, task.lease, **told)
            except Conflict:  # cancelled, or somebody else has it now
                return False
            except _AWAYS:
                await anyio.sleep(_AWAY)
            else:
                return True
