"""Connections of nodes that are stopped, continued and killed: shown only while they are there."""

from typing import Any

import httpx
from websockets.asyncio.client import connect

from .nodes import API, Node
from .places import Place
from .waiting import eventually

SETTINGS = {"MAS_LEADER_LEASE": "0.5"}


async def test_the_list_shows_no_connection_of_a_node_that_is_gone(place: Place) -> None:
    gone, left = await place.start_two(SETTINGS)

    def opened(node: Node, path: str) -> Any:
        url = node.root.replace("http", "ws", 1) + f"{API}/agents/ws/{path}"
        return connect(url, open_timeout=60)

    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        await http.put(f"{left.url}/agents/a1", json={})

        async def shown() -> set[str]:
            answer = await http.get(f"{left.url}/communication/connections")
            return {one["client_id"] for one in answer.json()["items"]}

        async def is_shown(*clients: str) -> None:
            async def look() -> bool:
                return await shown() == set(clients)

            await eventually(look, f"a list of {clients}")

        async with opened(left, "frontend/here"):
            stays, agent = opened(gone, "frontend/there"), opened(gone, "agent/a1")
            async with stays as socket, agent as worker:
                await is_shown("here", "there", "a1")
                gone.stop()
                await is_shown("here")
                gone.go_on()
                await is_shown("here", "there", "a1")
                await gone.kill()
                await is_shown("here")
                await socket.wait_closed()
                await worker.wait_closed()
            # Whom it served is served elsewhere, though it never said good-bye.
            async with opened(left, "agent/a1") as worker:
                assert "welcome" in str(await worker.recv())
                await is_shown("here", "a1")
    await left.finish()
