"""A system in memory behind a port: programs that only the network reaches work with it."""

import msgspec
from websockets.asyncio.client import connect

from aia.client import AsyncClient
from aia.testing import InMemoryMas


async def test_an_agent_works_over_its_socket() -> None:
    async with InMemoryMas() as mas:
        url = await mas.serve()
        async with AsyncClient(url, token="") as client:
            await client.agents.register("a1", skills={"sum": 1.0})
            task = await client.tasks.submit("sum", payload=[1, 2])
            socket = f"{url.replace('http', 'ws')}/mas/api/v1/agents/ws/agent/a1"
            async with connect(socket) as agent:

                async def told(kind: str) -> dict[str, object]:
                    while True:
                        frame = msgspec.json.decode(await agent.recv())
                        if frame["type"] == kind:
                            return dict(frame)

                got = msgspec.json.decode(
                    msgspec.json.encode((await told("task_assigned"))["data"]), type=dict
                )
                assert got["task_id"] == task.task_id
                for number, (kind, said) in enumerate(
                    (("accept", {}), ("complete", {"result": sum(got["payload"])}))
                ):
                    data = {"task_id": got["task_id"], "lease": got["lease"], **said}
                    message = {"type": kind, "id": str(number), "data": data}
                    await agent.send(msgspec.json.encode(message).decode())
                    assert (await told("receipt"))["status"] == 200
        assert (await mas.client.tasks.get(task.task_id)).result == 3
        topics = [record.topic for record in mas.records(f"task/{task.task_id}")]
        assert topics[-1] == "task.completed.v1"


async def test_a_dashboard_begins_with_how_things_stand() -> None:
    async with InMemoryMas() as mas:
        url = await mas.serve()
        async with AsyncClient(url, token="") as client:
            for name in ("a1", "a2", "gone"):
                await client.agents.register(name, skills={"sum": 1.0})
            await client.agents.unregister("gone")
            tasks = [await client.tasks.submit("sum", payload="SECRET") for _ in range(3)]
            socket = f"{url.replace('http', 'ws')}/mas/api/v1/agents/ws/frontend/board"
            async with connect(socket) as board:

                async def found(topic: str, **wanted: list[str]) -> list[str]:
                    said = {"type": "subscribe", "topic": topic, "id": "s"}
                    said |= {"snapshot": True} | ({"filter": wanted} if wanted else {})
                    await board.send(msgspec.json.encode(said).decode())
                    while True:
                        text = await board.recv()
                        assert "SECRET" not in str(text)
                        frame = msgspec.json.decode(text)
                        assert frame["type"] != "error", frame
                        if frame["type"] == "snapshot":
                            assert frame["data"]["done"]
                            end = {"type": "unsubscribe", "id": said["id"]}
                            await board.send(msgspec.json.encode(end).decode())
                            key = f"{topic.removesuffix('s')}_id"
                            return [item[key] for item in frame["data"]["items"]]

                assert await found("agents") == ["a1", "a2"]
                assert await found("agents", statuses=["offline"]) == ["gone"]
                assert await found("agents", agent_ids=["a2"]) == ["a2"]
                ids = [task.task_id for task in reversed(tasks)]
                assert await found("tasks") == ids
                assert await found("tasks", task_ids=ids[:1], task_types=["sum"]) == ids[:1]
                assert await found("tasks", statuses=["completed"]) == []
