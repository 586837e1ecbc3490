"""The agent socket on several nodes, and across the end of one."""

from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from .agents_at_work import PATIENCE, Worker, held, register, submit


def test_work_that_came_in_on_another_node_comes_to_the_agent(
    start_node: Callable[..., Any],
    second_node: Callable[..., Any],
    work: Callable[..., Worker],
) -> None:
    first = start_node()
    second = second_node(first)
    register(first, "remote", max_concurrent_tasks=50)
    worker = work(second, "remote")
    ids = [submit(first, "remote") for _ in range(50)]
    tasks = [worker.next("task_assigned")["data"] for _ in ids]
    assert sorted(task["task_id"] for task in tasks) == sorted(ids)
    for task in tasks:
        assert worker.ask("accept", held(task))["status"] == 200
        assert worker.ask("complete", held(task))["status"] == 200


def test_an_agent_goes_on_where_it_was_when_its_node_ends(
    start_node: Callable[..., Any],
    second_node: Callable[..., Any],
    work: Callable[..., Worker],
) -> None:
    first = start_node()
    second = second_node(first)
    register(first, "moving", max_concurrent_tasks=2)
    begun, waiting = submit(first, "moving"), submit(first, "moving")
    worker = work(first, "moving")
    tasks = {
        task["task_id"]: task for task in (worker.next("task_assigned")["data"] for _ in range(2))
    }
    worker.ask("accept", held(tasks[begun]))
    first.begin_stop()
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            worker.connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001

    again = work(second, "moving")
    held_now = again.next("welcome")["data"]["tasks"]
    assert [(task["task_id"], task["lease"]) for task in held_now] == [
        (begun, tasks[begun]["lease"])
    ]
    assert again.next("task_assigned")["data"]["task_id"] == waiting
    assert again.ask("complete", held(tasks[begun]))["data"]["status"] == "completed"
