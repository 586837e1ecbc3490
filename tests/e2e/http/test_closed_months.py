"""Months of accounts are closed over HTTP: once, by who may, and they say the same for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from aia.testing import InMemoryMas
from aia_mas.domain.economy.accounts import wallet

from .funding import entered, funded
from .moving import TRANSFERS
from .problems import refused
from .purses import ECONOMIC
from .statements import account, give, hashed


def test_a_month_is_closed_once_and_says_the_same_for_ever(
    node: Any, client: httpx.Client, unique: str
) -> None:
    """The lines are made older in the read model: nobody can wait for the end of a month."""
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    give(client, ann, bob, "2", transfer_id=f"{unique}-1")
    give(client, ann, bob, "1", pending=True)
    account(client, ann)
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=1)
    older = "update ledger_v1_entries set at = at - %s::interval where account_id = %s"
    days = datetime.now(UTC) - last_month
    with psycopg.connect(node.system.settings.database_url, autocommit=True) as connection:
        connection.execute(older, (days, wallet(ann)))
    give(client, ann, bob, "3")
    path = f"{ECONOMIC}/accounts/{wallet(ann)}/statements/{last_month:%Y-%m}"
    before = client.get(path).json()
    assert (before["closing"], before["lines"], before["over"]) == ("8", 3, True)

    def close(_number: int) -> httpx.Response:
        with node.new_client() as own:
            return own.post(f"{path}/close")

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(close, range(3)))

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    closed = answers[0].json()
    assert all(answer.json() == closed for answer in answers)
    stream = f"/mas/api/v1/audit/streams/statement/{wallet(ann)}:{last_month:%Y-%m}"
    assert len(client.get(stream).json()["items"]) == 1
    after = client.get(path).json()
    assert after == before | {
        "closed": {"hash": closed["hash"], "by": closed["by"], "at": closed["at"]}
    }
    assert closed["hash"] == hashed(after, after["items"])
    figures = ("opening", "closing", "credits", "debits", "lines")
    assert [closed[name] for name in figures] == [after[name] for name in figures]
    # Whatever the read model makes of the lines later, the statement stays as it was closed.
    with psycopg.connect(node.system.settings.database_url, autocommit=True) as connection:
        connection.execute(older, (-days, wallet(ann)))
    give(client, ann, bob, "1")
    for_ever = client.get(path).json()
    assert [line["line"] for line in for_ever.pop("items")] == [1, 2, 3]
    assert for_ever == {name: value for name, value in after.items() if name != "items"}
    assert client.get(f"{path}/csv").text.count("\n") == 4


def test_who_may_close(secured: Any, acting: Any, unique: str) -> None:
    ann = funded(secured, f"{unique}-ann", 10)
    entered(secured, f"fee:{unique}", (wallet(ann), -1), ("treasury:AIA", 1))
    for subject, role, name, status in (
        (f"{unique}-bob", "agent", wallet(ann), 403),
        ("eve", "auditor", wallet(ann), 403),
        (ann, "agent", "treasury:AIA", 403),
        (ann, "agent", wallet(ann), 200),
        ("till", "treasurer", "treasury:AIA", 200),
    ):
        client = acting(subject, role)
        answer = client.post(f"{ECONOMIC}/accounts/{name}/statements/2020-01/close")
        assert answer.status_code == status, (subject, answer.text)
        assert client.get(f"{ECONOMIC}/accounts/{name}/statements/2020-01").status_code == 200


def test_closed_months_are_listed(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob = wallet(funded(node, f"{unique}-ann", 10)), wallet(funded(node, f"{unique}-bob", 1))
    path = f"{ECONOMIC}/accounts/{ann}/statements"
    assert client.get(path, params={"total": True}).json() == {
        "items": [], "next_cursor": None, "total": 0,
    }  # fmt: skip
    months = ["2019-12", "2020-01", "2020-02", "2021-01"]
    closed = {month: client.post(f"{path}/{month}/close").json() for month in reversed(months)}
    client.post(f"{ECONOMIC}/accounts/{bob}/statements/2020-01/close")

    def listed(**parameters: Any) -> list[str]:
        answer = client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert all(item == closed[item["month"]] for item in said["items"])
        assert said.get("total", len(said["items"])) == len(said["items"])
        return [item["month"] for item in said["items"]]

    assert listed(total=True) == months[::-1]
    assert listed(sort="month") == months
    assert listed(sort="month", since="2020-01", until="2021-01") == ["2020-01", "2020-02"]
    assert listed(until="2019-12") == []
    page = client.get(path, params={"limit": 3, "total": True}).json()
    assert ([item["month"] for item in page["items"]], page["total"]) == (months[:0:-1], 4)
    assert listed(limit=3, cursor=page["next_cursor"]) == months[:1]
    other = f"{ECONOMIC}/accounts/{bob}/statements"
    foreign = client.get(other, params={"limit": 3, "cursor": page["next_cursor"]})
    refused(foreign, 400, "invalid_cursor")


def test_bad_questions_about_closed_months(node: Any, client: httpx.Client, unique: str) -> None:
    path = f"{ECONOMIC}/accounts/{wallet(funded(node, f'{unique}-ann', 1))}/statements"
    for parameters, code in (
        ({"since": "2020-13"}, "invalid_parameter"),
        ({"until": "2020"}, "invalid_parameter"),
        ({"sort": "hash"}, "invalid_parameter"),
        ({"limit": 0}, "invalid_parameter"),
        ({"cursor": "x"}, "invalid_cursor"),
        ({"month": "2020-01"}, "unknown_parameter"),
    ):
        refused(client.get(path, params=parameters), 400, code)
    nobody = wallet(f"{unique}-nobody")
    refused(client.get(f"{ECONOMIC}/accounts/{nobody}/statements"), 404, "account_not_found")
    refused(client.get(f"{ECONOMIC}/accounts/purse:AIA:ann/statements"), 422, "unknown_account")


@pytest.mark.anyio
async def test_the_next_month_opens_with_what_the_closed_one_ended_with() -> None:
    async with InMemoryMas(start="2026-01-31T23:57:00Z", seed=1) as mas:
        url = await mas.serve()
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            ann, give = wallet("ann"), {"from": "ann", "to": "bob", "amount": "1"}
            january, february = (f"{ECONOMIC}/accounts/{ann}/statements/2026-0{n}" for n in (1, 2))
            funding = await client.post(f"{ECONOMIC}/agents/ann/register", json={"amount": "10"})
            assert funding.status_code in {200, 201}, funding.text
            assert (await client.post(TRANSFERS, json=give)).status_code == 201
            refused(await client.post(f"{january}/close"), 409, "month_not_over")
            await mas.advance(minutes=3, seconds=59)
            assert (await client.post(TRANSFERS, json=give)).status_code == 201
            refused(await client.post(f"{january}/close"), 409, "month_not_over")
            await mas.advance(seconds=1)

            closed = await client.post(f"{january}/close")

            assert closed.status_code == 200, closed.text
            said = (await client.get(january)).json()
            assert said["closed"]["hash"] == closed.json()["hash"] == hashed(said, said["items"])
            assert (said["opening"], said["closing"], said["lines"]) == ("0", "9", 2)
            following = (await client.get(february)).json()
            assert (following["opening"], following["closing"]) == ("9", "8")
            assert [line["line"] for line in following["items"]] == [3]
            stood = await client.get(
                f"{ECONOMIC}/accounts/{ann}", params={"as_of": "2026-02-01T00:00:00Z"}
            )
            assert stood.json()["balance"] == "9"
            assert (await client.get(january)).json() == said
