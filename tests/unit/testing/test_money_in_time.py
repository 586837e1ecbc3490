"""Budgets and incentive programs in memory, around midnight: what begins anew, and what ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from aia.testing import InMemoryMas
from aia_mas.domain.economy.incentives.events import ProgramClosed
from aia_mas.domain.kernel import DomainError, Principal, Role
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_specification import TaskSpecification

ECONOMIC = "/mas/api/v1/economic"
TASKS = "/mas/api/v1/agents/tasks"


@pytest.fixture
async def mas(logs_as_they_were: None) -> AsyncIterator[InMemoryMas]:
    async with InMemoryMas(start="2026-01-01T23:59:00Z", seed=1) as system:
        yield system


@pytest.fixture
async def http(mas: InMemoryMas) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url="http://localhost", transport=mas.transport()) as client:
        funding = {"amount": "1000", "agent_id": "payer"}
        answer = await client.post(f"{ECONOMIC}/treasury/fund", json=funding)
        assert answer.status_code == 200, answer.text
        yield client


async def submit(http: httpx.AsyncClient, cost: str, task_type: str = "sum") -> httpx.Response:
    body = {"task_type": task_type, "payer": "payer", "max_cost": cost}
    return await http.post(f"{TASKS}/submit", json=body)


async def balance(http: httpx.AsyncClient, owner: str) -> str:
    shown = (await http.get(f"{ECONOMIC}/accounts/wallet:AIA:{owner}")).json()
    return str(shown["balance"])


async def answer(_ctx: Any, _payload: Any) -> int:
    return 42


async def test_a_budget_begins_anew_every_day(mas: InMemoryMas, http: httpx.AsyncClient) -> None:
    said = {"scope": "owner", "match": "payer", "amount": "100", "period": "day"}
    made = await http.put(f"{ECONOMIC}/budgets/daily", json=said)
    assert made.status_code == 200, made.text
    await mas.run_agent("adder", {"sum": answer}, cost_per_task=30)

    statuses = []
    for tasks in (4, 1):
        for _ in range(tasks):
            statuses.append((await submit(http, "30")).status_code)
            await mas.rest()
        await mas.advance(minutes=2)

    assert statuses == [201, 201, 201, 402, 201]
    assert await balance(http, "payer") == "880"
    shown = (await http.get(f"{ECONOMIC}/budgets/daily")).json()
    assert [(each["period"], each["spent"], each["held"]) for each in shown["periods"]] == [
        ("2026-01-02", "30", "0"),
        ("2026-01-01", "90", "0"),
    ]
    assert (shown["current"]["period"], shown["current"]["left"]) == ("2026-01-02", "70")
    # 120 in the first hour that there is a budget.
    assert shown["burn_rate"] == str(120 * 24)
    assert shown["runway_seconds"] == 70 * 3_600 // 120


async def test_what_is_spent_in_a_period_is_what_was_submitted_in_it(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    said = {"scope": "owner", "match": "payer", "amount": "100", "period": "day"}
    await http.put(f"{ECONOMIC}/budgets/daily", json=said)
    assert (await submit(http, "90", "later")).status_code == 201

    await mas.advance(minutes=2)
    await mas.run_agent("late", {"later": answer}, cost_per_task=80)
    await mas.rest()

    shown = (await http.get(f"{ECONOMIC}/budgets/daily")).json()
    assert [(each["period"], each["spent"]) for each in shown["periods"]] == [("2026-01-01", "80")]
    assert shown["current"]["left"] == "100"
    listed = (await http.get(f"{ECONOMIC}/budgets/", params={"scope": "owner"})).json()["items"]
    assert [(each["budget_id"], each["current"]["spent"]) for each in listed] == [("daily", "0")]


async def test_a_task_that_expires_frees_its_money(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    deadline = (mas.now() + timedelta(minutes=1)).isoformat()
    body = {"task_type": "x", "payer": "payer", "max_cost": "40", "deadline": deadline}
    assert (await http.post(f"{TASKS}/submit", json=body)).status_code == 201
    path = f"{ECONOMIC}/accounts/wallet:AIA:payer"
    assert (await http.get(path)).json()["held"] == "40"

    await mas.advance(minutes=2)

    assert (await http.get(path)).json()["held"] == "0"


async def test_shares_are_paid_when_a_program_ends(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    terms = {
        "program_id": "shares",
        "title": "By merit",
        "budget": "10",
        "starts_at": (mas.now() + timedelta(minutes=1)).isoformat(),
        "ends_at": (mas.now() + timedelta(minutes=3)).isoformat(),
        "criterion": "count",
        "payout": "pro_rata",
    }
    ordered = await http.post(f"{ECONOMIC}/incentives/", json=terms)
    assert ordered.status_code == 200, ordered.text
    program = f"{ECONOMIC}/incentives/shares"
    assert (await http.get(program)).json()["status"] == "scheduled"
    for agent in ("ann", "bob"):
        await mas.run_agent(agent, {"work": answer}, skills={agent: 1.0})
    await mas.submit_task("work", requirements={"skills": ["bob"]})  # too early
    await mas.advance(minutes=1)
    for agent in ("ann", "ann", "bob"):
        await mas.submit_task("work", requirements={"skills": [agent]})
        await mas.rest()
    shown = (await http.get(program)).json()
    assert shown["status"] == "running"
    assert [(each["agent_id"], each["awards"]) for each in shown["progress"]] == [
        ("ann", 2),
        ("bob", 1),
    ]

    await mas.advance(minutes=3)

    shown = (await http.get(program)).json()
    assert (shown["status"], shown["outcome"], shown["agents"]) == ("closed", "ended", 2)
    assert {each["agent_id"]: each["amount"] for each in shown["payouts"]} == {
        "ann": "6.666666666666666666",
        "bob": "3.333333333333333333",
    }
    assert shown["returned"] == "0.000000000000000001"
    assert [each["awards"] for each in shown["progress"]] == [2, 1]
    [closed] = [e for e in mas.events_of("incentive") if isinstance(e, ProgramClosed)]
    assert closed.at - mas.now() < timedelta(0)
    assert await balance(http, "ann") == "6.666666666666666666"
    pages = await http.get(f"{ECONOMIC}/incentives/", params={"status": "closed", "total": True})
    assert pages.json()["total"] == 1


async def test_a_task_of_an_id_that_was_used_is_refused_also_where_nobody_remembers_it(
    mas: InMemoryMas, http: httpx.AsyncClient
) -> None:
    """Nothing of a new id is looked up, unless the log knows better."""
    engine, admin = mas.system.engine, Principal("admin", frozenset({Role.ADMIN}))
    spec = TaskSpecification(task_type="x", payer="payer", max_cost=ONE)
    command = SubmitTask(task_id="the-one", spec=spec, owner="payer")
    await engine.execute(command, admin)
    await mas.rest()
    before = len(mas.records())
    for stream in ("task/the-one", "transfer/task:the-one"):
        engine._working_set.forget(stream)

    with pytest.raises(DomainError) as caught:
        await engine.execute(command, admin)

    assert caught.value.code == "task_already_submitted"
    assert len(mas.records()) == before
