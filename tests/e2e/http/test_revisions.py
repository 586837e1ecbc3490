"""Revisions and conditional requests: nobody's change is lost unseen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .nodes import QUIET

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks come to these agents."""
    return start_for_module(**QUIET)


@pytest.fixture
def agent(client: httpx.Client, unique: str) -> str:
    """The path of an agent at revision 2."""
    path = f"{API}/agents/{unique}"
    client.put(path, json={})
    assert client.patch(path, json={"labels": {"a": "b"}}).headers["etag"] == '"rev-2"'
    return path


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "drain", "suspend", "activate"])
@pytest.mark.parametrize(
    "tag",
    ['"rev-1"', '"rev-3"', 'W/"rev-2"', '"other"', '"rev-1", "rev-7"', '"rev-02"', '"REV-2"'],
)
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
