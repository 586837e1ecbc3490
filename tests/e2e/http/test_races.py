"""Requests at the same moment: of those that exclude each other one counts, in any order."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .nodes import NOBODY_S, QUIET
from .problems import API
from .test_task_care import begun

TASKS = f"{API}/agents/tasks"
AT_ONCE = 8


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself."""
    return start_for_module(**QUIET)


@pytest.fixture(scope="module")
def clients(node: Any) -> Iterator[list[httpx.Client]]:
    """Clients with connections of their own."""
    made = [node.new_client() for _ in range(AT_ONCE)]
    yield made
    for client in made:
        client.close()


def at_once(
    clients: Sequence[httpx.Client], *requests: tuple[str, dict[str, Any]]
) -> list[httpx.Response]:
    """Post all of these at once, as many times as there are clients; answers in their order."""
    chosen = [requests[number % len(requests)] for number in range(len(clients))]
    with ThreadPoolExecutor(len(clients)) as pool:
        posted = [
            pool.submit(client.post, path, json=body)
            for client, (path, body) in zip(clients, chosen, strict=True)
        ]
        return [each.result() for each in posted]


def codes(answers: Sequence[httpx.Response]) -> Counter[str]:
    assert all(answer.status_code in {200, 201, 409} for answer in answers)
    return Counter("" if a.is_success else a.json()["code"] for a in answers)


def events_of(client: httpx.Client, path: str) -> list[str]:
    task_id = path.rpartition("/")[2]
    items = client.get(f"{API}/audit/streams/task/{task_id}").json()["items"]
    return [item["topic"].split(".")[1] for item in items]


def test_of_ratings_at_once_one_counts(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique)
    client.post(f"{path}/complete", json=proof)

    answers = at_once(clients, (f"{path}/rate", {"rating": 1}), (f"{path}/rate", {"rating": 0}))

    assert codes(answers) == {"": 1, "already_rated": AT_ONCE - 1}
    assert events_of(client, path).count("rated") == 1


def test_a_task_is_completed_or_cancelled_but_not_both(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique)

    answers = at_once(clients, (f"{path}/complete", proof), (f"{path}/cancel", {}))

    assert codes(answers)[""] >= 1
    status = client.get(path).json()["status"]
    assert status in {"completed", "cancelled"}
    ends = [name for name in events_of(client, path) if name in {"completed", "cancelled"}]
    assert ends == [status]
    accepted = {n % 2 for n, answer in enumerate(answers) if answer.is_success}
    assert accepted == {0 if status == "completed" else 1}
    assert client.get(f"{API}/agents/{unique}").json()["active_tasks"] == 0


def test_a_task_is_completed_or_failed_but_not_both(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique, max_attempts=1)

    answers = at_once(clients, (f"{path}/complete", proof), (f"{path}/fail", proof))

    status = client.get(path).json()["status"]
    assert status in {"completed", "dead"}
    assert codes(answers)[""] == 1
    ends = [name for name in events_of(client, path) if name in {"completed", "failed"}]
    assert len(ends) == 1


def test_of_questions_at_once_one_is_open_and_of_answers_one_counts(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique)
    questions = [(f"{path}/ask", {**proof, "question": f"q{n}"}) for n in range(AT_ONCE)]

    asked = at_once(clients, *questions)
    answered = at_once(clients, *((f"{path}/input", {"answer": n}) for n in range(AT_ONCE)))

    assert codes(asked) == {"": 1, "input_pending": AT_ONCE - 1}
    assert codes(answered) == {"": 1, "input_not_awaited": AT_ONCE - 1}
    (shown,) = client.get(path).json()["inputs"]
    assert shown["question"] == f"q{[a.is_success for a in asked].index(True)}"
    assert shown["answer"] == [a.is_success for a in answered].index(True)


def test_questions_and_answers_at_once_leave_a_task_that_makes_sense(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique)

    answers = at_once(
        clients,
        (f"{path}/ask", {**proof, "question": "q"}),
        (f"{path}/input", {"answer": 1}),
        (f"{path}/complete", proof),
        (f"{path}/reassign", {"exclude_current": False}),
    )

    codes(answers)
    names = events_of(client, path)
    open_questions = 0
    for name in names:
        open_questions += {"input_requested": 1, "input_given": -1}.get(name, 0)
        assert open_questions in {0, 1}
        open_questions *= name not in {"released", "assigned", "completed"}
    assert names.count("completed") <= 1
    assert names[-1] == "completed" or client.get(path).json()["status"] != "completed"


def test_of_starts_at_once_one_is_recorded(
    client: httpx.Client, clients: list[httpx.Client], unique: str
) -> None:
    path, proof = begun(client, unique)

    assert codes(at_once(clients, (f"{path}/start", proof))) == {"": AT_ONCE}
    assert events_of(client, path).count("started") == 1


def test_a_thousand_tasks_with_a_bad_one(client: httpx.Client, unique: str) -> None:
    good = {"task_type": unique, **NOBODY_S}
    tasks: list[dict[str, Any]] = [good] * 1_000
    tasks[500] = {**good, "lease_seconds": -1, "max_cost": "1e3"}

    answer = client.post(f"{TASKS}/submit-batch", json={"tasks": tasks})

    told = answer.json()
    assert (told["accepted"], told["refused"]) == (999, 1)
    assert [n for n, item in enumerate(told["items"]) if item["status"] != 201] == [500]
    fields = [error["field"] for error in told["items"][500]["problem"]["errors"]]
    assert fields == ["max_cost", "lease_seconds"]
    position = int(answer.headers["x-event-position"])
    query = {"task_type": unique, "total": True, "min_position": position}
    assert client.get(TASKS, params=query).json()["total"] == 999

    other = f"{unique}-atomic"
    whole = {"tasks": [{**task, "task_type": other} for task in tasks], "atomic": True}
    refused = client.post(f"{TASKS}/submit-batch", json=whole)
    assert (refused.status_code, refused.json()["index"]) == (422, 500)
    query = {"task_type": other, "total": True}
    assert client.get(TASKS, params=query).json()["total"] == 0


@pytest.mark.parametrize("size", [0, 1_001])
def test_a_batch_has_one_to_a_thousand_tasks(client: httpx.Client, size: int) -> None:
    answer = client.post(f"{TASKS}/submit-batch", json={"tasks": [{"task_type": "x"}] * size})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_batch_size")
    assert answer.json()["errors"][0]["field"] == "tasks"


def test_heartbeats_of_agents_that_nobody_registered_stop_no_node(
    node: Any, clients: list[httpx.Client], unique: str
) -> None:
    for number in range(50):
        path = f"{API}/agents/{unique}-{number}/heartbeat"
        answers = at_once(clients, (path, {}))
        assert {answer.json()["code"] for answer in answers} == {"agent_not_found"}
    assert node.client.get("/mas/health/live").status_code == 200
