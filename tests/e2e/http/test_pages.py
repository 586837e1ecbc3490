"""Lists and positions: pages by cursors, and queries that wait for what was written."""

from typing import Any

import httpx
import pytest

from .nodes import NOBODY_S

API = "/mas/api/v1"
SUBMIT = f"{API}/agents/tasks/submit"


def test_a_list_is_walked_by_cursors(client: httpx.Client, unique: str) -> None:
    ids = [f"{unique}-{number:02}" for number in range(7)]
    for agent_id in ids:
        client.put(f"{API}/agents/{agent_id}", json={"labels": {"g": unique}})
    params: dict[str, Any] = {"label": "g", "label_value": unique, "limit": 3}

    pages = [client.get(f"{API}/agents", params={**params, "total": "true"}).json()]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(client.get(f"{API}/agents", params={**params, "cursor": cursor}).json())

    assert [[agent["agent_id"] for agent in page["items"]] for page in pages] == [
        ids[:3], ids[3:6], ids[6:],
    ]  # fmt: skip
    assert pages[0]["total"] == 7
    assert "total" not in pages[1]
    back = client.get(f"{API}/agents", params={**params, "sort": "-agent_id", "limit": 500}).json()
    assert [agent["agent_id"] for agent in back["items"]] == ids[::-1]


def test_a_cursor_cannot_be_forged_or_used_elsewhere(client: httpx.Client, unique: str) -> None:
    for number in range(3):
        client.put(f"{API}/agents/{unique}-{number}", json={"labels": {"g": unique}})
    params: dict[str, Any] = {"label": "g", "label_value": unique, "limit": 1}
    cursor = client.get(f"{API}/agents", params=params).json()["next_cursor"]
    flipped = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]

    for path, changed in (
        ("agents", {"cursor": flipped}),
        ("agents", {"cursor": cursor[:-1]}),
        ("agents", {"cursor": cursor, "sort": "-agent_id"}),
        ("agents", {"cursor": cursor, "label_value": "other"}),
        ("agents", {"cursor": "!!"}),
    ):
        answer = client.get(f"{API}/{path}", params={**params, **changed})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
    other = client.get(f"{API}/audit/events", params={"cursor": cursor})
    assert other.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    ("path", "sort", "key"),
    [
        ("/audit/events?stream=agent/{}", "position", "position"),
        ("/audit/streams/agent/{}?", "version", "version"),
        ("/agents?owner=dev&q={}", "agent_id", "agent_id"),
    ],
)
def test_every_list_is_walked_alike(
    client: httpx.Client, unique: str, path: str, sort: str, key: str
) -> None:
    for number in range(3):
        client.put(f"{API}/agents/{unique}", json={"cost_per_task": number})
        client.put(f"{API}/agents/{unique}-{number}", json={})
    url = API + path.format(unique)

    def walked(order: str) -> list[Any]:
        found: list[Any] = []
        extra = f"&sort={order}&limit=2"
        while True:
            page = client.get(f"{url}{extra}").json()
            assert len(page["items"]) <= 2
            found += [item[key] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            extra = f"&sort={order}&limit=2&cursor={page['next_cursor']}"

    whole = client.get(f"{url}&total=true&limit=500").json()
    forwards = [item[key] for item in whole["items"]]
    assert forwards == sorted(forwards)
    assert whole["total"] == len(forwards) >= 1
    assert walked(sort) == walked(f"-{sort}")[::-1] == forwards
    assert "total" not in client.get(url).json()
    for bad in ("limit=501", "limit=0", "sort=size", "cursor=x"):
        assert client.get(f"{url}&{bad}").status_code == 400


def test_an_audit_page_of_large_events_is_short_and_goes_on(
    client: httpx.Client, unique: str
) -> None:
    """Five hundred results of a few megabytes each would not fit into memory."""
    sizes = [2_500_000] * 4
    for size in sizes:
        task = {"task_type": unique, "payload": "x" * size, **NOBODY_S}
        assert client.post(SUBMIT, json=task).status_code == 201
    query: dict[str, Any] = {"type": "task.submitted.v1", "limit": 500, "sort": "-position"}
    pages: list[list[dict[str, Any]]] = []
    while True:
        page = client.get(f"{API}/audit/events", params=query).json()
        pages.append(page["items"])
        if page["next_cursor"] is None or sum(map(len, pages)) >= len(sizes):
            break
        query["cursor"] = page["next_cursor"]

    assert [len(items) for items in pages[:2]] == [2, 2]
    positions = [item["position"] for items in pages for item in items]
    assert positions == sorted(positions, reverse=True)
    assert len(set(positions)) == len(positions)


@pytest.mark.parametrize(
    "path",
    [
        "/audit/head",
        "/audit/events",
        "/audit/streams/agent/{}",
        "/agents/tasks/{}/explain",
        "/agents/metrics/history",
    ],
)
def test_reads_of_the_log_wait_for_a_position_too(
    client: httpx.Client, unique: str, path: str
) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    submitted = client.post(SUBMIT, json={"task_type": "x", **NOBODY_S})
    name = submitted.json()["task_id"] if "explain" in path else unique
    position = int(submitted.headers["x-event-position"])
    url = API + path.format(name)

    assert client.get(url, params={"min_position": position}).status_code == 200
    behind = client.get(url, params={"min_position": position + 10**6})
    assert (behind.status_code, behind.json()["code"]) == (503, "projection_behind")


def test_a_query_waits_for_a_position_or_says_that_it_is_behind(
    client: httpx.Client, unique: str
) -> None:
    registered = client.put(f"{API}/agents/{unique}", json={})
    position = int(registered.headers["x-event-position"])

    now = client.get(f"{API}/agents/{unique}", params={"min_position": position})
    never = client.get(f"{API}/agents/{unique}", params={"min_position": position + 10**6})

    assert now.json()["position"] >= position
    assert (never.status_code, never.json()["code"]) == (503, "projection_behind")
    assert int(never.headers["retry-after"]) > 0


def test_reads_tell_at_which_position_things_stood_so(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    task = client.post(f"{API}/agents/tasks/submit", json={"task_type": unique, **NOBODY_S})
    task_id = task.json()["task_id"]
    position = int(task.headers["x-event-position"])
    reads: dict[str, dict[str, str]] = {
        f"/agents/{unique}": {},
        f"/agents/{unique}/tasks": {},
        "/agents": {"q": "nobody-has-this"},
        f"/agents/tasks/{task_id}": {},
        "/agents/tasks": {"task_type": unique},
    }
    for path, query in reads.items():
        answer = client.get(f"{API}{path}", params={**query, "min_position": position})
        assert answer.status_code == 200, answer.text
        assert int(answer.headers["x-event-position"]) >= position
