"""Many tasks in one submission: each answered for itself, or all or nothing."""

import httpx

API = "/mas/api/v1"


def test_a_batch_answers_for_each_of_its_tasks(client: httpx.Client, unique: str) -> None:
    good = {"task_type": "work", "requirements": {"skills": [unique]}}
    tasks = [good, {"task_type": ""}, {"nonsense": 1}, {**good, "priority": "high"}, 7]

    answer = client.post(f"{API}/agents/tasks/submit-batch", json={"tasks": tasks})

    result = answer.json()
    assert answer.status_code == 200
    assert [item["status"] for item in result["items"]] == [201, 422, 422, 201, 422]
    assert (result["accepted"], result["refused"]) == (2, 3)
    codes = [item["problem"]["code"] for item in result["items"] if "problem" in item]
    assert codes == ["invalid_text", "unknown_field", "invalid_type"]
    assert result["items"][3]["task"]["priority"] == "high"
    position = int(answer.headers["x-event-position"])
    streams = [f"task/{result['items'][index]['task']['task_id']}" for index in (0, 3)]
    events = client.get(f"{API}/audit/events", params={"after": position - 2}).json()["items"]
    assert {event["stream"] for event in events} >= set(streams)
    assert len({event["recorded_at"] for event in events if event["stream"] in streams}) == 1


def test_a_repeated_batch_gets_the_very_same_answer(client: httpx.Client, unique: str) -> None:
    good = {"task_type": "work", "requirements": {"skills": [unique]}}
    late = {**good, "deadline": "2020-01-01T00:00:00Z"}

    for number, tasks in enumerate(([good, late, {"nonsense": 1}], [late, {"task_type": ""}])):
        first, again = (
            client.post(
                f"{API}/agents/tasks/submit-batch",
                json={"tasks": tasks},
                headers={"idempotency-key": f"{unique}-{number}"},
            )
            for _ in range(2)
        )
        assert first.status_code == again.status_code == 200
        assert first.json()["refused"] == 2
        assert first.content == again.content
        assert "idempotent-replayed" not in first.headers
        assert again.headers["idempotent-replayed"] == "true"


def test_an_atomic_batch_is_all_or_nothing(client: httpx.Client, unique: str) -> None:
    good = {"task_type": "work", "requirements": {"skills": [unique]}, "correlation": unique}
    before = client.get(f"{API}/audit/head").json()["position"]

    for bad in ({"task_type": ""}, {"task_type": "x" * 129}, {"color": 1}):
        refused = client.post(
            f"{API}/agents/tasks/submit-batch", json={"tasks": [good, bad, good], "atomic": True}
        )
        assert refused.status_code == 422
    events = client.get(f"{API}/audit/events", params={"after": before, "category": "task"})
    mine = [event for event in events.json()["items"] if unique in str(event["data"])]
    assert mine == []
    accepted = client.post(
        f"{API}/agents/tasks/submit-batch", json={"tasks": [good] * 3, "atomic": True}
    )
    assert accepted.json()["accepted"] == 3


def test_a_batch_has_bounds(client: httpx.Client) -> None:
    for tasks in ([], [{"task_type": "x"}] * 1001):
        refused = client.post(f"{API}/agents/tasks/submit-batch", json={"tasks": tasks})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_batch_size")
