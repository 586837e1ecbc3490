"""Snapshot, then deltas: how things stand, and from there on everything once and in order."""

import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from .agents_at_work import API
from .conftest import Dashboard
from .histories import Follower, History

Watch = Callable[..., Dashboard]
STEPS = 120


@pytest.fixture(scope="module")
def own(start_for_module: Callable[..., Any]) -> Any:
    """A node that gives tasks to nobody but the agents of these tests, and misses none of these."""
    return start_for_module(heartbeat_interval_seconds=3_600)


def snapshot(board: Dashboard) -> tuple[int, list[dict[str, Any]]]:
    """Return the position of a snapshot and all its items, in order."""
    items: list[dict[str, Any]] = []
    while True:
        page = board.next("snapshot")
        assert page["data"]["first"] is (not items)
        assert not page["data"]["truncated"]
        items += page["data"]["items"]
        if page["data"]["done"]:
            return page["position"], items


def agent(node: Any, agent_id: str, **more: Any) -> None:
    body = {"skills": {agent_id: 0.9}, "max_concurrent_tasks": 5, "metadata": {"is": "private"}}
    assert node.client.put(f"{API}/agents/{agent_id}", json=body | more).status_code in {200, 201}


def submit(node: Any, task_type: str, skill: str, **more: Any) -> str:
    body = {"task_type": task_type, "requirements": {"skills": [skill]}, "payload": {"x": "SECRET"}}
    answer = node.client.post(f"{API}/agents/tasks/submit", json=body | more)
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def claim(node: Any, agent_id: str) -> dict[str, Any]:
    answer = node.client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 1, "wait": 20.0})
    [task] = answer.json()["items"]
    return dict(task)


def act(node: Any, task: dict[str, Any], action: str, **more: Any) -> int:
    holder = {"agent_id": task["agent_id"], "lease": task["lease"]}
    url = f"{API}/agents/tasks/{task['task_id']}/{action}"
    answer = node.client.post(url, json=holder | more)
    assert answer.status_code == 200, answer.text
    return int(answer.headers["x-event-position"])


def listed(node: Any, what: str, position: int, **query: Any) -> list[dict[str, Any]]:
    query |= {"min_position": position, "limit": 500}
    answer = node.client.get(f"{API}/{what}", params=query)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_a_snapshot_is_what_the_list_answers_without_what_is_never_sent(
    own: Any, watch: Watch, unique: str
) -> None:
    agent(own, unique)
    done, asked = (submit(own, unique, unique, description=word) for word in ("one", "two"))
    tasks = {}
    for _ in range(2):
        task = claim(own, unique)
        act(own, task, "start")
        tasks[task["task_id"]] = task
    more = {"percent": 40, "message": "on it", "partial": {"SECRET": 1}, "log": ["SECRET"]}
    act(own, tasks[done], "progress", **more)
    act(own, tasks[done], "complete", result={"SECRET": 2}, quality=0.5)
    last = act(own, tasks[asked], "ask", question="which?", choices=["SECRET"])
    expected = listed(own, "agents/tasks", last, task_type=unique)

    board = watch(own)
    answer = board.subscribe(snapshot=True, filter={"task_types": [unique]})
    assert (answer["snapshot"], answer["recovered"], answer["position"]) == (True, False, None)
    position, items = snapshot(board)

    assert position >= last
    assert "SECRET" not in str(items)
    for task in expected:
        for name in ("payload", "result", "lease"):
            del task[name]
        if task["progress"]:
            del task["progress"]["partial"], task["progress"]["log"]
        for question in task["inputs"]:
            del question["answer"], question["choices"], question["schema"]
    assert items == expected

    expected = listed(own, "agents", last, q=unique)
    board.subscribe("agents", snapshot=True, filter={"agent_ids": [unique]})
    _, items = snapshot(board)
    for each in expected:
        del each["metadata"], each["last_seen"], each["reported"]
    assert items == expected


def test_which_part_of_the_list_a_filter_selects(own: Any, watch: Watch, unique: str) -> None:
    names = {word: f"{unique}-{word}" for word in ("fine", "idle", "drained", "gone")}
    for name in names.values():
        agent(own, name)
    own.client.post(f"{API}/agents/{names['drained']}/drain", json={})
    own.client.delete(f"{API}/agents/{names['gone']}")
    tasks = [submit(own, unique, "nobody-has-this") for _ in range(3)]
    other = submit(own, f"{unique}-other", names["fine"])
    cancelled = own.client.post(f"{API}/agents/tasks/{tasks[0]}/cancel", json={})
    last = int(cancelled.headers["x-event-position"])
    assert listed(own, "agents/tasks", last) and listed(own, "agents", last)
    board = watch(own)

    def found(topic: str, **wanted: Any) -> set[str]:
        board.subscribe(topic, snapshot=True, id="s", filter=wanted)
        _, items = snapshot(board)
        board.say(type="unsubscribe", id="s")
        board.next("unsubscribed")
        return {item[f"{topic.removesuffix('s')}_id"] for item in items}

    every = list(names.values())
    assert found("agents", agent_ids=every) == {*every} - {names["gone"]}
    assert found("agents", agent_ids=every, statuses=["unregistered"]) == {names["gone"]}
    assert found("agents", agent_ids=every, statuses=["offline"]) == {names["gone"]}
    assert found("agents", agent_ids=every, statuses=["draining", "unregistered"]) == {
        names["drained"],
        names["gone"],
    }
    assert found("agents", agent_ids=every, events=["agent.drained"]) == {*every} - {names["gone"]}
    assert found("agents", agent_ids=every, task_ids=[tasks[0]]) == set()
    assert found("tasks", task_types=[unique]) == {*tasks}
    assert found("tasks", task_types=[unique, "\0"]) == {*tasks}
    assert found("tasks", task_types=["\0"]) == set()
    assert found("tasks", task_types=[unique], statuses=["queued"]) == {*tasks[1:]}
    assert found("tasks", task_ids=[tasks[0], other]) == {tasks[0], other}
    assert found("tasks", agent_ids=[names["fine"]]) == {other}


def test_who_can_resume_gets_no_snapshot_and_who_cannot_gets_one(
    own: Any, watch: Watch, unique: str
) -> None:
    agent(own, unique)
    board = watch(own)
    epoch = board.subscribe("agents", id="first")["epoch"]
    wanted = {"filter": {"agent_ids": [unique]}, "snapshot": True}
    answer = board.subscribe("agents", id="resumed", after=0, epoch=epoch, **wanted)
    assert (answer["recovered"], answer["snapshot"], answer["position"]) == (True, False, 0)
    [registered] = board.facts(1)
    assert registered["data"]["event"] == "agent.registered"
    # A snapshot is of what the read model has; what it has not yet follows as a fact.
    own.client.get(f"{API}/agents/{unique}", params={"min_position": registered["position"]})
    for number, missed in enumerate(({"after": 0, "epoch": str(uuid4())}, {"after": 10**9})):
        answer = board.subscribe("agents", id=f"s{number}", **missed, **wanted)
        assert (answer["recovered"], answer["snapshot"]) == (False, True)
        position, items = snapshot(board)
        assert [item["agent_id"] for item in items] == [unique]
        board.say(type="ping")
        assert board.next("pong")["data"]["positions"][f"s{number}"] >= position


def test_metrics_come_at_once_and_are_their_own_snapshot(own: Any, watch: Watch) -> None:
    answer = watch(own).subscribe("metrics", snapshot=True)
    assert (answer["recovered"], answer["snapshot"]) == (True, False)


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_and_the_facts_behind_it_come_to_what_the_read_models_say(
    own: Any, watch: Watch, unique: str, seed: int
) -> None:
    """Subscribers join at random moments of a random history, while it goes on."""
    chance = random.Random(seed)
    moments = sorted(chance.randrange(STEPS) for _ in range(6))
    followers: list[Follower] = []
    end: list[int] = []
    with ThreadPoolExecutor(len(moments)) as pool:
        running: list[Future[None]] = []
        try:
            for step, known in enumerate(History(own, unique, chance).write(STEPS)):
                while moments and moments[0] <= step:
                    moments.pop(0)
                    some = chance.sample(known, len(known) // 2) if len(followers) % 2 else None
                    followers.append(Follower(watch(own), some or None))
                    running.append(pool.submit(followers[-1].follow, lambda: max(end, default=0)))
        finally:
            end.append(int(own.client.get("/mas/health").json()["position"]))
        for each in running:
            each.result()
    tasks = {task["task_id"]: task for task in listed(own, "agents/tasks", end[0])}
    agents = {each["agent_id"]: each for each in listed(own, "agents", end[0])}
    assert sum(follower.facts for follower in followers) > STEPS
    for follower in followers:
        wanted = tasks if follower.wanted is None else follower.wanted["task_ids"]
        assert standing(follower.tasks) == standing({key: tasks[key] for key in wanted})
        there = {
            key: each for key, each in follower.agents.items() if each["status"] != "unregistered"
        }
        assert standing(there) == standing(agents)


def standing(entities: dict[str, dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Return what of tasks or agents facts tell about."""
    names = ("status", "version", "online", "priority", "quality", "max_concurrent_tasks")
    return {key: tuple(each.get(name) for name in names) for key, each in entities.items()}
