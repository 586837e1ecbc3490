"""Budgets and payers over HTTP, on a node that has keys: what is held, paid, refused and shown."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .firms import BUDGETS, TASKS, Acting, Firm
from .nodes import QUIET
from .problems import API, is_problem
from .purses import ECONOMIC, eventually, purse
from .test_task_lives import register, submit, work_for


def test_a_client_whose_subject_is_no_id_is_told_that_it_has_no_wallet(
    acting: Acting, unique: str
) -> None:
    name = f"{unique}@example.com"
    client = acting(name, "client")
    # Nobody can do it: else the agents of other tests would.
    task = {"task_type": unique, "requirements": {"skills": [unique]}}
    transfer = {"from": name, "to": unique, "amount": "1"}

    for answer in (
        client.post(f"{TASKS}/submit", json={**task, "payer": name, "max_cost": "5"}),
        client.post(f"{ECONOMIC}/transfers", json=transfer),
        client.post(f"{ECONOMIC}/agents/{name}/register", json={"amount": "5"}),
        client.post(f"{ECONOMIC}/agents/{name}/stake", json={"amount": "5"}),
    ):
        assert (answer.status_code, is_problem(answer)["code"]) == (403, "subject_has_no_wallet")
    batch = {"tasks": [{**task, "payer": name, "max_cost": "5"}, task]}
    items = client.post(f"{TASKS}/submit-batch", json=batch).json()["items"]
    codes = [item.get("problem", {}).get("code") for item in items]
    assert codes == ["subject_has_no_wallet", None]
    assert client.post(f"{TASKS}/submit", json=task).status_code == 201
    other = client.post(f"{TASKS}/submit", json={**task, "payer": unique, "max_cost": "5"})
    assert is_problem(other)["code"] == "permission_denied"


@pytest.fixture
def firm(acting: Acting, unique: str) -> Firm:
    return Firm(acting, unique)


def test_a_paid_task_from_its_submission_to_the_agent_s_wallet(firm: Firm, unique: str) -> None:
    of_client = firm.budget()["budget_id"]
    of_tag = firm.budget(scope="tag", match=unique, amount="1000", period="once")["budget_id"]

    task = firm.submit("20", cost_tags=[unique])
    assert firm.purse() == ("100", "20")
    assert firm.current(of_client) == ("20", "0", "30")
    shown = firm.client.get(f"{TASKS}/{task['task_id']}").json()
    assert (shown["payer"], shown["cost_tags"]) == (firm.name, [unique])

    firm.deliver("12.5")
    eventually(firm.purse, ("87.5", "0"))
    assert purse(firm.agent, firm.worker) == ("12.5", "0")
    eventually(lambda: firm.current(of_client), ("0", "12.5", "37.5"))
    eventually(lambda: firm.current(of_tag), ("0", "12.5", "987.5"))
    details = firm.client.get(f"{BUDGETS}/{of_client}").json()
    assert details["burn_rate"] != "0"
    assert details["runway_seconds"] > 0
    assert [each["tasks"] for each in details["periods"]] == [1]
    moved = firm.client.get(
        f"{ECONOMIC}/transactions", params={"transfer_id": f"task:{task['task_id']}"}
    ).json()["items"]
    assert [(each["reason"], each["status"]) for each in moved] == [("task", "posted")]


def test_an_exhausted_budget_and_an_empty_wallet_refuse_by_name(firm: Firm) -> None:
    budget_id = firm.budget(period="day", amount="50")["budget_id"]
    firm.submit("40")

    told = firm.refused("10.000000000000000001")
    assert (told["http"], told["code"], told["budget_id"]) == (402, "budget_exhausted", budget_id)
    assert (told["amount"], told["held"], told["spent"]) == ("50", "40", "0")
    assert told["resets_at"].endswith("T00:00:00Z")
    assert firm.purse() == ("100", "40")
    firm.treasurer.delete(f"{BUDGETS}/{budget_id}")
    told = firm.refused("60.1")
    assert (told["http"], told["code"]) == (402, "insufficient_funds")
    assert firm.purse() == ("100", "40")


def test_a_batch_is_held_item_by_item_or_all_or_nothing(firm: Firm) -> None:
    budget_id = firm.budget()["budget_id"]
    tasks = [firm.body("20"), firm.body("40"), firm.body("30")]

    whole = firm.client.post(f"{TASKS}/submit-batch", json={"tasks": tasks, "atomic": True})
    assert (whole.status_code, whole.json()["code"]) == (402, "budget_exhausted")
    assert whole.json()["index"] == 1
    assert firm.purse() == ("100", "0")

    single = firm.client.post(f"{TASKS}/submit-batch", json={"tasks": tasks}).json()
    assert [item["status"] for item in single["items"]] == [201, 402, 201]
    assert firm.purse() == ("100", "50")
    assert firm.current(budget_id) == ("50", "0", "0")


def test_what_is_held_is_free_again_after_a_cancellation_and_held_anew_by_a_retry(
    firm: Firm,
) -> None:
    budget_id = firm.budget()["budget_id"]
    task = firm.submit("40")
    path = f"{TASKS}/{task['task_id']}"

    firm.client.post(f"{path}/cancel")
    eventually(firm.purse, ("100", "0"))
    eventually(lambda: firm.current(budget_id), ("0", "0", "50"))

    assert firm.client.post(f"{path}/retry").status_code == 200
    assert firm.purse() == ("100", "40")
    firm.client.post(f"{path}/cancel")
    eventually(firm.purse, ("100", "0"))
    other = firm.submit("30")
    again = firm.client.post(f"{path}/retry")
    assert (again.status_code, again.json()["code"]) == (402, "budget_exhausted")
    assert firm.client.get(path).json()["status"] == "cancelled"
    mine = {"filter": {"owner": firm.name}}
    told = firm.client.post(f"{TASKS}/bulk/retry", json=mine).json()
    assert "budget_exhausted" in str(told)
    firm.client.post(f"{TASKS}/{other['task_id']}/cancel")
    eventually(firm.purse, ("100", "0"))
    firm.client.post(f"{TASKS}/bulk/retry", json=mine)
    assert firm.purse() == ("100", "40")


def test_only_who_may_spend_names_a_payer(firm: Firm, acting: Acting) -> None:
    body = firm.body("1")
    for stranger in (
        acting("another", "client"),
        acting("another", "agent"),
        acting("ops", "operator"),
        acting(firm.name, "operator"),
    ):
        answer = stranger.post(f"{TASKS}/submit", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert firm.purse() == ("100", "0")
    itself = {**body, "payer": firm.worker}
    assert firm.agent.post(f"{TASKS}/submit", json=itself).json()["code"] == "insufficient_funds"


def test_the_hold_of_a_task_is_nobody_s_to_post_or_void(firm: Firm) -> None:
    task = firm.submit("20")
    for action in ("post", "void", "reverse"):
        for client in (firm.client, firm.treasurer):
            answer = client.post(f"{ECONOMIC}/transfers/task:{task['task_id']}/{action}", json={})
            assert answer.status_code in {403, 409}, answer.text
    assert firm.purse() == ("100", "20")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"max_cost": None}, 422, "invalid_value"),
        ({"payer": "not an id"}, 422, "invalid_id"),
        ({"max_cost": "1.0000000000000000001"}, 422, "invalid_amount"),
        ({"max_cost": "-1"}, 422, "negative_amount"),
        ({"max_cost": "1e40"}, 422, "invalid_amount"),
        ({"cost_tags": ["a", "a"]}, 422, "invalid_value"),
        ({"cost_tags": ["x" * 129]}, 422, "invalid_text"),
        ({"cost_tags": [str(number) for number in range(5_000)]}, 422, "invalid_value"),
        ({"cost_tags": "a"}, 422, "invalid_type"),
    ],
)
def test_bad_payments_have_their_codes_and_change_nothing(
    firm: Firm, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = firm.client.post(f"{TASKS}/submit", json={**firm.body("1"), **changes})

    assert (answer.status_code, is_problem(answer)["code"]) == (status, code)
    assert firm.purse() == ("100", "0")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": "0"}, "invalid_budget"),
        ({"amount": "-5"}, "negative_amount"),
        ({"amount": "1e40"}, "invalid_amount"),
        ({"amount": "0.0000000000000000001"}, "invalid_amount"),
        ({"scope": "galaxy"}, "invalid_value"),
        ({"period": "year"}, "invalid_value"),
        ({"match": ""}, "invalid_text"),
        ({"warn_percent": 0}, "invalid_budget"),
        ({"warn_percent": 100.1}, "invalid_budget"),
        ({"budget_id": "a b"}, "invalid_id"),
        ({"budget_id": "summary"}, "reserved_id"),
        ({"unheard": 1}, "unknown_field"),
    ],
)
def test_bad_budgets_have_their_codes(firm: Firm, changes: dict[str, Any], code: str) -> None:
    body = {"scope": "client", "match": firm.name, "amount": "1", "period": "day", **changes}

    answer = firm.treasurer.post(f"{BUDGETS}/", json=body)

    assert (answer.status_code, is_problem(answer)["code"]) == (422, code)


def test_budgets_are_set_listed_changed_and_removed(firm: Firm, acting: Acting) -> None:
    said = {"scope": "client", "match": firm.name, "amount": "50", "period": "day"}
    path = f"{BUDGETS}/{firm.name}"
    for stranger in (firm.client, firm.agent, acting("ops", "operator")):
        assert stranger.put(path, json=said).json()["code"] == "permission_denied"

    made = firm.treasurer.put(path, json=said, headers={"if-none-match": "*"})
    assert (made.status_code, made.json()["warn_percent"]) == (200, 80.0)
    again = firm.treasurer.put(path, json=said, headers={"if-none-match": "*"})
    assert again.json()["code"] == "precondition_failed"
    taken = firm.treasurer.post(f"{BUDGETS}/", json={**said, "budget_id": firm.name})
    assert (taken.status_code, taken.json()["code"]) == (409, "budget_exists")
    other = firm.treasurer.put(path, json={**said, "period": "week"})
    assert (other.status_code, other.json()["code"]) == (409, "budget_fixed")
    more = {**said, "amount": 75, "warn_percent": 50, "hard_stop": False}
    stale = firm.treasurer.put(path, json=more, headers={"if-match": '"rev-7"'})
    assert stale.status_code == 412
    changed = firm.treasurer.put(path, json=more, headers={"if-match": '"rev-1"'})
    assert changed.headers["etag"] == '"rev-2"'
    shown = firm.client.get(path)
    assert shown.headers["etag"] == '"rev-2"'
    told = shown.json()
    assert (told["amount"], told["warn_percent"], told["hard_stop"]) == ("75", 50.0, False)
    mine = {"scope": "client", "match": firm.name, "total": True}
    listed = firm.client.get(f"{BUDGETS}/", params=mine).json()
    assert (listed["total"], [each["budget_id"] for each in listed["items"]]) == (1, [firm.name])
    for name in ("b", "c"):
        firm.budget(budget_id=f"{firm.name}-{name}", amount="5" if name == "b" else "500")
    first = firm.client.get(f"{BUDGETS}/", params={**mine, "sort": "-amount", "limit": 2}).json()
    rest = {**mine, "sort": "-amount", "limit": 2, "cursor": first["next_cursor"]}
    second = firm.client.get(f"{BUDGETS}/", params=rest).json()
    names = [each["budget_id"] for page in (first, second) for each in page["items"]]
    assert names == [f"{firm.name}-c", firm.name, f"{firm.name}-b"]
    assert firm.treasurer.delete(path, headers={"if-match": '"rev-1"'}).status_code == 412
    assert firm.treasurer.delete(path).status_code == 204
    assert firm.treasurer.delete(path).json()["code"] == "budget_not_found"
    assert firm.client.get(path).json()["code"] == "budget_not_found"


def test_a_soft_budget_warns_and_tells_and_lets_pass(firm: Firm, acting: Acting) -> None:
    budget_id = firm.budget(hard_stop=False, amount="30")["budget_id"]

    for _ in range(3):
        firm.submit("20")

    auditor = acting("audrey", "auditor")
    events = auditor.get(f"{API}/audit/streams/budget/{budget_id}").json()["items"]
    topics = [each["topic"].removesuffix(".v1") for each in events]
    assert topics.count("budget.held") == 3
    assert (topics.count("budget.warned"), topics.count("budget.exceeded")) == (1, 1)
    now = firm.client.get(f"{BUDGETS}/{budget_id}").json()["current"]
    assert (now["held"], now["left"], now["tasks"]) == ("60", "0", 3)
    assert now["warned_at"] and now["exceeded_at"]


def test_a_warning_is_told_as_it_happens(firm: Firm) -> None:
    budget_id = firm.budget(amount="30")["budget_id"]
    wanted = {"topic": "budgets", "event": ["budget.warned", "budget.spent"]}

    with firm.client.stream("GET", f"{API}/stream", params=wanted) as stream:
        lines = stream.iter_lines()
        next(line for line in lines if line == "event: subscribed")
        firm.submit("24")
        told = [
            json.loads(line.removeprefix("data: "))["data"]
            for line in itertools.islice(
                (line for line in lines if line.startswith("data: ") and budget_id in line), 1
            )
        ]

    assert [(each["event"], each["status"], each["used"], each["amount"]) for each in told] == [
        ("budget.warned", "warned", "24", "30")
    ]
    assert told[0]["match"] == firm.name


def test_many_at_once_never_take_more_than_a_budget_has(firm: Firm) -> None:
    budget_id = firm.budget(amount="30")["budget_id"]

    def one(_: int) -> int:
        return firm.client.post(f"{TASKS}/submit", json=firm.body("4")).status_code

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(one, range(24)))

    assert sorted(set(statuses)) == [201, 402]
    assert statuses.count(201) == 7
    assert firm.current(budget_id) == ("28", "0", "2")
    assert firm.purse() == ("100", "28")


def test_the_same_key_holds_once(firm: Firm) -> None:
    key = {"idempotency-key": f"once-{firm.name}"}
    answers = [
        firm.client.post(f"{TASKS}/submit", json=firm.body("20"), headers=key) for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert firm.purse() == ("100", "20")


def test_money_is_settled_by_whoever_leads_after_a_restart(
    start_node: Callable[..., Any], unique: str
) -> None:
    node = start_node(**QUIET)
    client = node.client
    register(client, unique, skills={unique: 1.0}, cost_per_task=5)
    funding = {"amount": "10", "agent_id": "payer"}
    assert client.post(f"{ECONOMIC}/treasury/fund", json=funding).status_code == 200
    task = submit(client, unique, payer="payer", max_cost="8")
    dead = submit(client, "nobody", payer="payer", max_cost="2")
    assert purse(client, "payer") == ("10", "10")
    settings = node.system.settings
    node.stop()

    other = type(node)(settings)
    try:
        work = work_for(other.client, unique)
        assert work["task_id"] == task["task_id"]
        proof = {"agent_id": unique, "lease": work["lease"]}
        done = other.client.post(f"{TASKS}/{task['task_id']}/complete", json=proof)
        assert done.status_code == 200, done.text
        other.client.post(f"{TASKS}/{dead['task_id']}/cancel")
        eventually(lambda: purse(other.client, "payer"), ("5", "0"))
        assert purse(other.client, unique) == ("5", "0")
    finally:
        other.stop()
