"""A node that is killed after an endpoint got a task, and before the log says so."""

import threading
from typing import Any

import httpx
from anyio import to_thread

from .places import Place
from .waiting import eventually


async def test_what_was_delivered_and_not_recorded_is_delivered_again_and_done_once(
    place: Place, receiver: Any
) -> None:
    settings = {"MAS_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "MAS_LEADER_LEASE": "1"}
    await place.start_two(settings)
    leader = await place.leader("webhooks")
    killed = threading.Event()

    def answer(_received: Any) -> Any:
        first = not killed.wait(0)
        killed.wait(60)
        return receiver.reply(200, {"result": "lost with its node" if first else "recorded"})

    receiver.answer = answer
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        agent = {"skills": {"x": 1}, "endpoint": receiver.url}
        task = {"task_type": "t", "requirements": {"skills": ["x"]}}
        (await http.put(f"{leader.url}/agents/hooked", json=agent)).raise_for_status()
        submitted = await http.post(f"{leader.url}/agents/tasks/submit", json=task)
        task_id = submitted.json()["task_id"]
        one = await to_thread.run_sync(receiver.next)

        await leader.kill()
        killed.set()
        two = await to_thread.run_sync(receiver.next)
        (url,) = place.urls()

        async def finished() -> Any:
            found = (await http.get(f"{url}/agents/tasks/{task_id}")).json()
            return found if found["status"] == "completed" else None

        done = await eventually(finished, "the end of the task")
        events = (await http.get(f"{url}/audit/streams/task/{task_id}")).json()["items"]

    assert one.webhook_id == two.webhook_id == f"{task_id}:1"
    assert one.json == two.json, "the same attempt, under the same lease"
    assert (done["result"], done["attempt"]) == ("recorded", 1)
    assert [event["topic"] for event in events] == [
        "task.submitted.v1",
        "task.assigned.v1",
        "task.started.v1",
        "task.completed.v1",
    ]
    assert receiver.tasks.empty()
