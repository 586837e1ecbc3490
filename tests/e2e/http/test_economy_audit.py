"""The audit of the economy: right where nothing was forged, and naming what was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from aia_mas.interfaces.economy_audit import Report, audit

from .nodes import assigned
from .purses import ECONOMIC, eventually

API = "/mas/api/v1"
TABLES = (
    "ledger_v1", "ledger_v1_entries", "ledger_v1_transfers", "stakes_v1", "budgets_v1_uses",
    "incentives_v1", "governance_v1_votes", "governance_v1", "events",
)  # fmt: skip


@pytest.fixture(scope="module")
def played(start_for_module: Any) -> Any:
    """A node on which a little of everything has happened to money."""
    node = start_for_module(rating_window_seconds=0)
    play(node.client)
    head = node.run(_settled(node))
    for name in ("ledger", "stakes", "budgets", "incentives", "governance"):
        assert node.run(node.system.projections.wait_for(name, head, 30))
    return node


async def _settled(node: Any) -> int:
    position: int = node.system.log.feed.position
    return position


def play(client: httpx.Client) -> None:
    def post(path: str, **body: Any) -> dict[str, Any]:
        answer = client.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    for owner in ("alice", "bob"):
        post(f"{ECONOMIC}/agents/{owner}/register", amount="1000")
    post(f"{ECONOMIC}/agents/alice/stake", amount="300")
    post(f"{ECONOMIC}/transfers", **{"from": "alice", "to": "bob", "amount": "12.5"})
    moved = {"from": "bob", "to": "alice", "amount": "1"}
    post(f"{ECONOMIC}/transfers", transfer_id="t1", **moved)
    post(f"{ECONOMIC}/transfers/t1/reverse")
    post(f"{ECONOMIC}/transfers", transfer_id="h1", pending=True, **moved)
    post(f"{ECONOMIC}/transfers/h1/post", amount="0.5")
    post(f"{ECONOMIC}/transfers", transfer_id="h2", pending=True, **moved)

    client.put(f"{API}/agents/alice", json={"skills": {"sums": 1.0}, "cost_per_task": "2"})
    terms = {"scope": "tag", "match": "books", "amount": "50", "period": "month"}
    post(f"{ECONOMIC}/budgets", budget_id="books", **terms)
    for number in range(2):
        spec = {"task_type": "sum", "requirements": {"skills": ["sums"]}, "max_cost": "4"}
        submitted = post(f"{API}/agents/tasks/submit", payer="bob", cost_tags=["books"], **spec)
        task = assigned(client, submitted["task_id"])
        path = f"{API}/agents/tasks/{task['task_id']}"
        if number:
            post(f"{path}/cancel", reason="no need")
        else:
            usage = {"cost": "1.5"}
            post(f"{path}/complete", agent_id="alice", lease=task["lease"], usage=usage)
    post(f"{ECONOMIC}/agents/alice/delegate", to="carol", amount="50")
    post(f"{ECONOMIC}/agents/alice/slash", evidence_id="case-1", fraction=0.1, reporter="bob")
    client.put(f"{ECONOMIC}/governance/delegations/alice", json={"to": "bob"})
    proposals = f"{ECONOMIC}/governance/proposals"
    post(proposals, proposal_id="p1", title="More tea", proposer="alice", kind="text")
    post(f"{proposals}/p1/votes", voter="bob", choice="no")
    post(f"{proposals}/p1/votes", voter="alice", choice="yes")

    def earned() -> Any:
        earnings = client.get(f"{ECONOMIC}/agents/alice").json()["earnings"]["all"]["by_kind"]
        held = client.get(f"{ECONOMIC}/agents/bob").json()["balances"]["AIA"]["held"]
        status = client.get(f"{proposals}/p1").json()["status"]
        return earnings.keys(), held, status

    kinds = {"tasks": 0, "payments": 0, "governance": 0}.keys()
    eventually(earned, (kinds, "1", "succeeded"))


def audited(node: Any) -> Report:
    report: Report = node.run(audit(node.system.settings.database_url))
    return report


def test_what_happened_is_what_the_log_says(played: Any) -> None:
    report = audited(played)

    assert report.named == []
    assert report.right
    areas = {"ledger", "stakes", "rewards", "budgets", "elections", "accruals"}
    assert {area for area, count in report.checked.items() if count > 1} >= areas


@contextmanager
def forged(node: Any, *statements: str) -> Iterator[None]:
    """Change the database behind everybody's back, and take that back."""

    def execute(*statements: str) -> None:
        with psycopg.connect(node.system.settings.database_url) as connection:
            connection.execute("set session_replication_role = replica")  # no triggers
            for statement in statements:
                connection.execute(statement.encode())

    execute(*(f"create table kept_{name} as table {name}" for name in TABLES), *statements)
    try:
        yield
    finally:
        for name in TABLES:
            back = f"insert into {name} table kept_{name}"
            execute(f"delete from {name}", back, f"drop table kept_{name}")


@pytest.mark.parametrize(
    ("sql", "area", "subject"),
    [
        (
            """update ledger_v1 set balance = balance + 1, credits = credits + 1
            where account_id = 'wallet:AIA:bob'""",
            "ledger",
            "wallet:AIA:bob",
        ),
        ("delete from ledger_v1 where account_id = 'wallet:AIA:bob'", "ledger", "ledger_v1"),
        ("update ledger_v1_entries set reason = 'x'", "ledger", "wallet:AIA:bob"),
        (
            """update ledger_v1_transfers set legs = '[]', status = 'voided'
            where transfer_id = 't1'""",
            "ledger",
            "t1",
        ),
        ("update ledger_v1_transfers set reversed_by = null", "ledger", "t1"),
        ("update stakes_v1 set bonded_gov = 1 where agent_id = 'alice'", "stakes", "alice"),
        ("update budgets_v1_uses set spent = spent + 1", "budgets", "books"),
        ("update governance_v1_votes set choice = 'no'", "elections", "p1: alice"),
        ("update governance_v1 set snapshot = snapshot + 1", "elections", "p1"),
    ],
)
def test_a_read_model_that_was_changed_is_named(
    played: Any, sql: str, area: str, subject: str
) -> None:
    with forged(played, sql):
        report = audited(played)

    assert subject in {each.subject for each in report.named if each.area == area}, report.named
    assert set(report.differences) == {area}


EVENT = """update events set state = decode('01', 'hex') || convert_to(jsonb_set(
    convert_from(substring(state from 2), 'UTF8')::jsonb, '{path}', '{value}')::text, 'UTF8')
where topic = '{topic}'"""


@pytest.mark.parametrize(
    ("topic", "path", "value", "area"),
    [
        ("account.changed.v1", "{held}", "1", "ledger"),
        ("transfer.reversed.v1", "{reversal_id}", '"h1"', "ledger"),
        ("rewards.settled.v1", "{items,0,reward}", "10000000000000000001", "rewards"),
        ("rewards.settled.v1", "{items,0,factor_ppm}", "999999", "rewards"),
        ("rewards.block_reserved.v1", "{amount}", "1", "rewards"),
        ("stake.slashed.v1", "{effective}", "5", "stakes"),
        ("stake.slashed.v1", "{matured}", "5", "stakes"),
        ("proposal.succeeded.v1", "{result,tally,yes}", "1", "elections"),
        ("vote.cast.v1", "{own}", "7", "elections"),
        ("budget.spent.v1", "{cost}", "1", "budgets"),
        ("budget.held.v1", "{amount}", "1", "budgets"),
    ],
)
def test_an_event_that_does_not_follow_from_the_others_is_named(
    played: Any, topic: str, path: str, value: str, area: str
) -> None:
    with forged(played, EVENT.format(topic=topic, path=path, value=value)):
        report = audited(played)

    assert area in report.differences, report.named


def test_an_event_that_is_missing_is_named(played: Any) -> None:
    with forged(played, "delete from events where topic = 'transfer.hold_posted.v1'"):
        report = audited(played)

    assert "h1" in {each.subject for each in report.named}


def test_a_read_model_that_is_missing_is_named(played: Any) -> None:
    name = "projection_checkpoints where projection = 'stakes_v1'"
    with psycopg.connect(played.system.settings.database_url) as connection:
        connection.execute(f"create table kept as select * from {name}".encode())
        connection.execute(f"delete from {name}".encode())
        connection.commit()
        try:
            report = audited(played)
        finally:
            connection.execute("insert into projection_checkpoints table kept")
            connection.execute("drop table kept")

    assert [each.subject for each in report.named] == ["stakes_v1"]
