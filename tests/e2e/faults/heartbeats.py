"""Agents that are there: they beat often, and what they do is at hand for a test."""

from collections.abc import Collection
from typing import Any

import anyio
import httpx

from .places import Place
from .waiting import PATIENCE, eventually

SUBMIT = "/agents/tasks/submit"


class Agent:
    """One agent and its client."""

    def __init__(self, api: str | Place, http: httpx.AsyncClient, agent_id: str) -> None:
        """Wire an agent (``api``: where it is, or the place with the one node that serves it)."""
        self.agent_id = agent_id
        self._api = api
        self._http = http

    async def register(self) -> None:
        """Register; that counts as a heartbeat."""
        got = await self.post("/agents/register", {"agent_id": self.agent_id})
        assert got.status_code == 201, got.text

    async def beat(self, tasks: Collection[str] = (), *, every: float = 0.2) -> None:
        """Beat until cancelled, whatever is answered."""
        while True:
            try:
                await self.post(f"/agents/{self.agent_id}/heartbeat", {"tasks": list(tasks)})
            except (httpx.TransportError, IndexError):
                pass  # no node is there
            await anyio.sleep(every)

    async def claim(self) -> dict[str, Any]:
        """Return the next task, once there is one."""

        async def look() -> dict[str, Any] | None:
            got = await self.post(f"/agents/{self.agent_id}/claim", {"wait": 1})
            assert got.status_code == 200, got.text
            return next(iter(got.json()["items"]), None)

        return await eventually(look, f"a task for {self.agent_id}")

    async def act(self, action: str, task: dict[str, Any], **fields: Any) -> httpx.Response:
        """Start or complete a task."""
        body = {"agent_id": self.agent_id, "lease": task["lease"], **fields}
        return await self.post(f"/agents/tasks/{task['task_id']}/{action}", body)

    async def is_online(self) -> bool:
        """Whether the directory says so."""
        got = await self._http.get(f"{self._url}/agents/{self.agent_id}")
        return bool(got.json()["online"])

    async def goes_offline(self) -> None:
        """Wait until it is offline."""

        async def look() -> bool:
            return not await self.is_online()

        await eventually(look, f"{self.agent_id} offline", seconds=PATIENCE)

    async def patch(self, body: Any) -> httpx.Response:
        """Change what it declares."""
        return await self._http.patch(f"{self._url}/agents/{self.agent_id}", json=body)

    async def post(self, path: str, body: Any) -> httpx.Response:
        """Send something to its node."""
        return await self._http.post(self._url + path, json=body)

    @property
    def _url(self) -> str:
        return self._api if isinstance(self._api, str) else self._api.urls()[0]
