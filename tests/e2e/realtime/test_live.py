"""Dashboards of a running system, fed by what clients do over HTTP."""

import threading

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

API = "/mas/api/v1"


def register(client, agent_id, skill):
    answer = client.post(
        f"{API}/agents/register",
        json={"agent_id": agent_id, "skills": {skill: 0.9}, "max_concurrent_tasks": 2},
    )
    assert answer.status_code == 201, answer.text
    return int(answer.headers["x-event-position"])


def live(client, agent_id, skill):
    """Submit, claim, start and complete a task; return its id and the last position."""
    body = {"task_type": "analysis", "requirements": {"skills": [skill]}}
    submitted = client.post(f"{API}/agents/tasks/submit", json=body)
    assert submitted.status_code == 201, submitted.text
    claimed = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 1, "wait": 20.0})
    [task] = claimed.json()["items"]
    holder = {"agent_id": agent_id, "lease": task["lease"]}
    base = f"{API}/agents/tasks/{task['task_id']}"
    assert client.post(f"{base}/start", json=holder).status_code == 200
    done = client.post(f"{base}/complete", json={**holder, "result": {"sum": 7}, "quality": 0.9})
    assert done.status_code == 200, done.text
    return task["task_id"], int(done.headers["x-event-position"])


def test_a_task_life_over_http_is_seen_live(start_node, watch):
    node = start_node()
    board = watch(node)
    assert board.metrics_when(lambda _: True)["data"]["agents"]["registered"] == 0
    epoch = board.subscribe("tasks")["epoch"]
    board.subscribe("agents")
    registered_at = register(node.client, "a1", "sums")

    task_id, last = live(node.client, "a1", "sums")

    agent, *life = board.facts(5)
    assert (agent["type"], agent["position"]) == ("agent_update", registered_at)
    assert agent["data"]["agent_id"] == "a1"
    assert [fact["data"]["event"] for fact in life] == [
        "task.submitted",
        "task.assigned",
        "task.started",
        "task.completed",
    ]
    assert {fact["data"]["task_id"] for fact in life} == {task_id}
    assert life[-1]["position"] == last
    assert epoch == node.client.get("/mas/health").json()["epoch"]

    metrics = board.metrics_when(lambda data: data["tasks"]["completed"] == 1)
    assert metrics["data"]["agents"]["online"] == 1
    assert metrics["as_of"] >= last
    assert "position" not in metrics


def test_metrics_come_to_every_dashboard_on_connect(node, watch, unique):
    register(node.client, unique, unique)
    first, second = watch(node, "b1"), watch(node, "b2")
    for board in (first, second):
        data = board.metrics_when(lambda _: True)["data"]
        assert data["agents"]["registered"] >= 1


def test_a_position_of_a_command_is_a_place_to_resume_from(node, watch, unique):
    register(node.client, unique, unique)
    submitted = node.client.post(
        f"{API}/agents/tasks/submit", json={"task_type": unique, "requirements": {"skills": ["no"]}}
    )
    task_id, position = submitted.json()["task_id"], int(submitted.headers["x-event-position"])
    cancelled = node.client.post(f"{API}/agents/tasks/{task_id}/cancel", json={"reason": "test"})
    assert cancelled.status_code == 200
    board = watch(node)
    answer = board.subscribe(after=position, filter={"task_ids": [task_id]})
    assert answer["recovered"] is True
    [fact] = board.facts(1)
    assert (fact["data"]["event"], fact["data"]["status"]) == ("task.cancelled", "cancelled")


def test_nothing_is_lost_over_a_restart_of_the_node(start_node, second_node, watch):
    node = start_node()
    register(node.client, "a1", "sums")
    board = watch(node)
    epoch = board.subscribe()["epoch"]
    live(node.client, "a1", "sums")
    after = board.facts(4)[-1]["position"]

    ended: list[int | None] = []

    def watch_the_end() -> None:
        try:
            while True:
                board.next("task_update")
        except ConnectionClosed as closed:
            ended.append(closed.rcvd.code if closed.rcvd else None)

    watcher = threading.Thread(target=watch_the_end)
    watcher.start()
    task_id, last = live(node.client, "a1", "sums")
    node.stop()
    watcher.join(30)
    assert ended == [1001]

    again = second_node(node)
    board = watch(again)
    answer = board.subscribe(after=after, epoch=epoch)
    assert answer["recovered"] is True
    facts = board.facts(4)
    assert {fact["data"]["task_id"] for fact in facts} == {task_id}
    assert facts[-1]["position"] == last


def test_what_one_node_does_is_seen_on_the_other(start_node, second_node, watch):
    node = start_node()
    other = second_node(node)
    board = watch(other)
    board.subscribe("agents")
    board.subscribe("tasks")
    register(node.client, "a1", "sums")
    task_id, last = live(node.client, "a1", "sums")
    facts = board.facts(5)
    assert facts[-1]["position"] == last
    assert facts[-1]["data"]["task_id"] == task_id
    board.metrics_when(lambda data: data["tasks"]["completed"] == 1)


def test_with_keys_a_socket_needs_a_token_and_an_origin(start_node, watch):
    node = start_node(jwt_secret="a-secret-of-thirty-two-characters-or-more")
    board = watch(node)
    with pytest.raises(ConnectionClosed) as refused:
        board.next("metrics_update")
    assert refused.value.rcvd is not None
    assert (refused.value.rcvd.code, refused.value.rcvd.reason) == (4001, "unauthenticated")
    with pytest.raises(InvalidStatus) as foreign:
        watch(node, origin="https://evil.example")
    assert foreign.value.response.status_code == 403


def test_in_development_a_page_of_another_site_is_refused(node, watch):
    with pytest.raises(InvalidStatus) as foreign:
        watch(node, origin="https://evil.example")
    assert foreign.value.response.status_code == 403
    assert foreign.value.response.headers["content-type"] == "application/problem+json"
