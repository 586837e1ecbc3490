"""What holds for every endpoint: keys, revisions, pages, positions, ids, methods, origins."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"
REGISTER = f"{API}/agents/register"
SUBMIT = f"{API}/agents/tasks/submit"


def position_of(client: httpx.Client) -> int:
    position: int = client.get(f"{API}/audit/head").json()["position"]
    return position


# ------------------------------------------------------------------------- idempotency keys


def test_the_same_key_gets_the_first_answer_again(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"task_type": "x", "description": unique}

    first = client.post(SUBMIT, json=body, headers=key)
    again = client.post(SUBMIT, json=body, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    for header in ("location", "x-event-position"):
        assert first.headers[header] == again.headers[header]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def test_a_refusal_is_remembered_as_well(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"agent_id": unique, "skills": {"x": 2}}

    first = client.post(REGISTER, json=body, headers=key)
    again = client.post(REGISTER, json=body, headers=key)

    assert first.status_code == again.status_code == 422
    assert first.json()["code"] == again.json()["code"] == "invalid_skill_level"
    assert first.json()["errors"][0]["field"] == again.json()["errors"][0]["field"]
    assert again.headers["idempotent-replayed"] == "true"


def test_a_retried_registration_is_no_duplicate(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"agent_id": unique}

    first = client.post(REGISTER, json=body, headers=key)
    client.patch(f"{API}/agents/{unique}", json={"max_concurrent_tasks": 7})
    again = client.post(REGISTER, json=body, headers=key)

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["etag"] == '"rev-1"'


def test_a_key_for_another_body_or_path_is_refused(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    client.post(SUBMIT, json={"task_type": "x"}, headers=key)
    before = position_of(client)

    other_body = client.post(SUBMIT, json={"task_type": "y"}, headers=key)
    other_path = client.post(REGISTER, json={"agent_id": unique}, headers=key)

    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert position_of(client) == before


def test_a_key_used_twice_at_once_counts_once(node: Any, unique: str) -> None:
    def submit(_: int) -> httpx.Response:
        with node.new_client() as client:
            return client.post(
                SUBMIT, json={"task_type": unique}, headers={"idempotency-key": unique}
            )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    listed = node.client.get(f"{API}/agents/tasks", params={"task_type": unique, "total": True})
    assert listed.json()["total"] == 1


def test_a_batch_with_a_key_is_submitted_once(client: httpx.Client, unique: str) -> None:
    body = {"tasks": [{"task_type": unique}, {"task_type": ""}, {"task_type": unique}]}
    key = {"idempotency-key": unique}

    first = client.post(f"{API}/agents/tasks/submit-batch", json=body, headers=key)
    again = client.post(f"{API}/agents/tasks/submit-batch", json=body, headers=key)

    assert again.headers["idempotent-replayed"] == "true"
    ids = [
        [item["task"]["task_id"] for item in answer.json()["items"] if "task" in item]
        for answer in (first, again)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ä".encode()])
def test_a_key_is_printable_and_short(client: httpx.Client, key: str | bytes) -> None:
    answer = client.post(SUBMIT, json={"task_type": "x"}, headers={"idempotency-key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_a_long_key_is_fine(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique.ljust(255, "k")}

    assert client.post(SUBMIT, json={"task_type": "x"}, headers=key).status_code == 201


def test_every_command_takes_a_key(client: httpx.Client, unique: str) -> None:
    path = f"{API}/agents/{unique}"
    client.put(path, json={})
    for method, where, body in (
        ("PATCH", path, {"max_concurrent_tasks": 2}),
        ("POST", f"{path}/suspend", {"reason": "x"}),
        ("POST", f"{path}/activate", None),
        ("DELETE", path, None),
    ):
        key = {"idempotency-key": f"{unique}:{method}:{where}"}
        first = client.request(method, where, json=body, headers=key)
        again = client.request(method, where, json=body, headers=key)
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert again.headers["idempotent-replayed"] == "true"


# -------------------------------------------------------------------------------- revisions


@pytest.fixture
def agent(client: httpx.Client, unique: str) -> str:
    """The path of an agent at revision 2."""
    path = f"{API}/agents/{unique}"
    client.put(path, json={})
    assert client.patch(path, json={"labels": {"a": "b"}}).headers["etag"] == '"rev-2"'
    return path


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "drain", "suspend", "activate"])
@pytest.mark.parametrize("tag", ['"rev-1"', '"rev-3"', 'W/"rev-2"', '"other"', '"rev-1", "rev-7"'])
def test_a_stale_revision_changes_nothing(
    client: httpx.Client, agent: str, method: str, tag: str
) -> None:
    before = client.get(agent).json()
    headers = {"if-match": tag}

    if method.islower():
        answer = client.post(f"{agent}/{method}", headers=headers)
    else:
        body = None if method == "DELETE" else {"max_concurrent_tasks": 9}
        answer = client.request(method, agent, json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert client.get(agent).json() == before


@pytest.mark.parametrize("tag", ['"rev-2"', "*", '"rev-1", "rev-2"', None])
def test_the_current_revision_may_be_changed(
    client: httpx.Client, agent: str, tag: str | None
) -> None:
    assert client.get(agent).headers["etag"] == '"rev-2"'
    headers = {} if tag is None else {"if-match": tag}

    changed = client.patch(agent, json={"max_concurrent_tasks": 9}, headers=headers)
    replaced = client.put(
        agent, json={"max_concurrent_tasks": 8}, headers=headers and {"if-match": '"rev-3"'}
    )

    assert (changed.status_code, changed.headers["etag"]) == (200, '"rev-3"')
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"rev-4"')
    assert client.get(agent).json()["labels"] == {}


@pytest.mark.parametrize("tag", ["rev-2", '"rev-2', "", "*, *", '"a" "b"', "x" * 1000])
def test_what_is_no_entity_tag_is_refused(client: httpx.Client, agent: str, tag: str) -> None:
    answer = client.patch(agent, json={}, headers={"if-match": tag})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_header")


def test_put_can_be_made_to_create_or_to_replace_only(client: httpx.Client, unique: str) -> None:
    path = f"{API}/agents/{unique}"

    replaced = client.put(path, json={}, headers={"if-match": "*"})
    created = client.put(path, json={}, headers={"if-none-match": "*"})
    again = client.put(path, json={}, headers={"if-none-match": "*"})
    replaced_now = client.put(path, json={"labels": {"x": "y"}}, headers={"if-match": "*"})
    unknown = client.put(f"{path}-2", json={}, headers={"if-match": '"rev-1"'})

    statuses = [a.status_code for a in (replaced, created, again, replaced_now, unknown)]
    assert statuses == [412, 201, 412, 200, 412]
    assert client.get(f"{path}-2").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "drain", "suspend", "activate"])
@pytest.mark.parametrize("tag", ['"rev-2"', "*", '"rev-7"'])
def test_a_retried_change_gets_its_first_answer_whatever_the_revision_is_by_now(
    client: httpx.Client, agent: str, unique: str, method: str, tag: str
) -> None:
    headers = {"if-match": tag, "idempotency-key": unique}

    def change() -> httpx.Response:
        if method.islower():
            return client.post(f"{agent}/{method}", headers=headers)
        body = None if method == "DELETE" else {"labels": {"c": "d"}}
        return client.request(method, agent, json=body, headers=headers)

    first = change()
    client.patch(agent, json={"labels": {"somebody": "else"}})
    again = change()

    assert first.status_code == (412 if tag == '"rev-7"' else 204 if method == "DELETE" else 200)
    assert again.status_code == first.status_code
    assert again.headers["idempotent-replayed"] == "true"
    if first.is_success:
        assert again.content == first.content
        for header in ("etag", "x-event-position"):
            assert again.headers.get(header) == first.headers.get(header)


def test_of_changes_to_one_revision_at_once_one_is_made(node: Any, agent: str) -> None:
    def change(number: int) -> int:
        with node.new_client() as client:
            body = {"cost_per_task": number + 1}
            return client.patch(agent, json=body, headers={"if-match": '"rev-2"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, range(8)))

    assert statuses == [200] + [412] * 7
    assert node.client.get(agent).headers["etag"] == '"rev-3"'


def test_any_revision_will_do_while_others_change_it(node: Any, agent: str) -> None:
    def change(number: int) -> int:
        with node.new_client() as client:
            body = {"cost_per_task": number + 1}
            headers = {"if-match": "*"} if number % 2 else {}
            return client.patch(agent, json=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(change, range(24))) == {200}
    assert node.client.get(agent).headers["etag"] == '"rev-26"'


def test_put_tells_what_became_of_it_also_when_it_is_retried(
    client: httpx.Client, unique: str
) -> None:
    path, key = f"{API}/agents/{unique}", {"idempotency-key": unique}

    created = client.put(path, json={}, headers=key)
    changed = client.put(
        path, json={"labels": {"a": "b"}}, headers={"idempotency-key": f"{unique}2"}
    )
    again = [
        client.put(path, json={}, headers=key),
        client.put(path, json={"labels": {"a": "b"}}, headers={"idempotency-key": f"{unique}2"}),
    ]

    assert [created.status_code, changed.status_code] == [201, 200]
    assert [answer.status_code for answer in again] == [201, 200]
    assert [answer.headers["etag"] for answer in again] == ['"rev-1"', '"rev-2"']
    assert again[0].headers["location"] == created.headers["location"]


def test_of_first_puts_at_once_one_creates(node: Any, unique: str) -> None:
    def put(_: int) -> int:
        with node.new_client() as client:
            return client.put(f"{API}/agents/{unique}", json={}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, range(8))) == [200] * 7 + [201]


def test_only_what_clients_edit_makes_a_revision(client: httpx.Client, agent: str) -> None:
    for action in ("suspend", "activate", "heartbeat"):
        client.post(f"{agent}/{action}")
    assert client.get(agent).headers["etag"] == '"rev-2"'


# ------------------------------------------------------------------------ pages and positions


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
    submitted = client.post(SUBMIT, json={"task_type": "x"})
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


# ---------------------------------------------------------------------- ids, times, methods


def test_a_request_has_an_id_that_its_events_carry(client: httpx.Client, unique: str) -> None:
    named = client.put(f"{API}/agents/{unique}", json={}, headers={"x-request-id": f"r-{unique}"})
    unnamed = client.get(f"{API}/agents/{unique}")

    assert named.headers["x-request-id"] == f"r-{unique}"
    assert len(unnamed.headers["x-request-id"]) == 36
    (event,) = client.get(f"{API}/audit/streams/agent/{unique}").json()["items"]
    assert event["correlation_id"] == f"r-{unique}"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "é".encode(), "<script>"])
def test_a_request_id_that_could_harm_a_log_is_replaced(
    client: httpx.Client, given: str | bytes
) -> None:
    answer = client.get("/nowhere", headers={"x-request-id": given})

    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_times_are_rfc_3339_in_utc(client: httpx.Client, unique: str) -> None:
    registered = client.put(f"{API}/agents/{unique}", json={}).json()["registered_at"]
    read = client.get(f"{API}/agents/{unique}").json()["registered_at"]

    for text in (registered, read):
        assert text.endswith("Z")
        assert datetime.fromisoformat(text).utcoffset() is not None
    assert registered == read


def test_head_is_get_without_a_body(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})

    got = client.get(f"{API}/agents/{unique}")
    headed = client.head(f"{API}/agents/{unique}")

    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-length"] == got.headers["content-length"]
    assert headed.headers["etag"] == got.headers["etag"]
    assert client.head(f"{API}/agents/nobody").status_code == 404


def test_options_tells_the_methods(client: httpx.Client) -> None:
    answer = client.options(f"{API}/agents/tasks/submit")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "POST" in answer.headers["allow"]


def test_a_trailing_slash_does_not_matter(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}/", json={})

    assert client.get(f"{API}/agents/{unique}/").json()["agent_id"] == unique
    assert client.get(f"{API}/agents/").status_code == 200


# ---------------------------------------------------------------------------------- browsers


def test_pages_of_this_machine_may_call(client: httpx.Client, unique: str) -> None:
    origin = {"origin": "http://localhost:3000"}

    preflight = client.options(
        REGISTER,
        headers={
            **origin,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,idempotency-key",
        },
    )
    answer = client.post(REGISTER, json={"agent_id": unique}, headers=origin)
    problem = client.get(f"{API}/agents/nobody", headers=origin)

    assert preflight.status_code == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert answer.status_code == 201
    for reply in (preflight, answer, problem):
        assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert reply.headers["vary"] == "Origin"
    assert "X-Event-Position" in answer.headers["access-control-expose-headers"]


def test_pages_of_other_sites_may_not(client: httpx.Client, unique: str) -> None:
    origin = {"origin": "https://evil.example"}

    preflight = client.options(
        REGISTER, headers={**origin, "access-control-request-method": "POST"}
    )
    answer = client.post(REGISTER, json={"agent_id": unique}, headers=origin)
    simple = client.post(f"{API}/agents/{unique}/drain", headers=origin)
    rebound = client.get(f"{API}/agents", headers={"host": "evil.example"})
    read = client.get(f"{API}/agents", headers=origin)

    for reply in (preflight, answer, simple):
        assert (reply.status_code, reply.json()["code"]) == (403, "origin_not_allowed")
    assert (rebound.status_code, rebound.json()["code"]) == (403, "host_not_allowed")
    assert "access-control-allow-origin" not in read.headers
    assert client.get(f"{API}/agents/{unique}").status_code == 404


def test_reads_tell_at_which_position_things_stood_so(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    task = client.post(f"{API}/agents/tasks/submit", json={"task_type": unique})
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


def test_an_audit_page_of_large_events_is_short_and_goes_on(
    client: httpx.Client, unique: str
) -> None:
    """Five hundred results of a few megabytes each would not fit into memory."""
    sizes = [2_500_000] * 4
    for size in sizes:
        task = {"task_type": unique, "payload": "x" * size}
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
