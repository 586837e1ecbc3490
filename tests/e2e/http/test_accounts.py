"""Accounts over HTTP: as they stand and stood, transactions, statements, months that are closed."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from aia.testing import InMemoryMas
from aia_mas.domain.economy.accounts import wallet

from .funding import entered, funded
from .problems import is_problem

API = "/mas/api/v1/economic"
TRANSFERS = f"{API}/transfers"


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, is_problem(answer)["code"]) == (status, code), answer.text


def give(client: httpx.Client, source: str, target: str, amount: str, **said: Any) -> int:
    """Move tokens; returns the position in the log."""
    answer = client.post(TRANSFERS, json={"from": source, "to": target, "amount": amount, **said})
    assert answer.status_code == 201, answer.text
    return int(answer.headers["x-event-position"])


def account(client: httpx.Client, owner: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/accounts/{wallet(owner)}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_account_as_it_stood_at_a_position_and_at_a_time(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    positions = [give(client, ann, bob, "1"), give(client, ann, bob, "2", pending=True)]
    positions.append(give(client, ann, bob, "3"))
    stood = [account(client, ann, as_of_position=position) for position in positions]

    assert [(each["balance"], each["held"], each["available"]) for each in stood] == [
        ("9", "0", "9"), ("9", "2", "7"), ("6", "2", "4"),
    ]  # fmt: skip
    assert [each["lines"] for each in stood] == [2, 3, 4]
    assert account(client, ann) == stood[-1]
    for then in stood:
        assert account(client, ann, as_of=then["updated_at"]) == then
        before = datetime.fromisoformat(then["updated_at"]) - timedelta(microseconds=1)
        assert account(client, ann, as_of=before.isoformat())["lines"] < then["lines"]
    nothing = account(client, ann, as_of="2020-01-01T00:00:00Z")
    assert (nothing["balance"], nothing["lines"], nothing["updated_at"]) == ("0", 0, None)
    first = account(client, bob, as_of_position=positions[0])
    assert (first["balance"], first["owner"], first["purpose"]) == ("1", bob, "wallet")


def test_bad_questions_about_accounts(node: Any, client: httpx.Client, unique: str) -> None:
    path = f"{API}/accounts/{wallet(funded(node, f'{unique}-ann', 1))}"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for parameters, code in (
        ({"as_of": later}, "invalid_parameter"),
        ({"as_of": "2026-01-01T00:00:00"}, "invalid_parameter"),
        ({"as_of": "yesterday"}, "invalid_parameter"),
        ({"as_of_position": -1}, "invalid_parameter"),
        ({"as_of_position": 5, "as_of": "2026-01-01T00:00:00Z"}, "invalid_parameter"),
        ({"as_of_time": "2026-01-01T00:00:00Z"}, "unknown_parameter"),
    ):
        refused(client.get(path, params=parameters), 400, code)
    refused(client.get(f"{API}/accounts/{wallet(f'{unique}-nobody')}"), 404, "account_not_found")
    refused(client.get(f"{API}/accounts/purse:AIA:ann"), 422, "unknown_account")
    refused(client.get(f"{API}/accounts/wallet:AIA:a b"), 422, "invalid_id")
    for month in ("2026-13", "2026", "x"):
        for end in ("", "/csv"):
            refused(client.get(f"{path}/statements/{month}{end}"), 422, "invalid_month")
        refused(client.post(f"{path}/statements/{month}/close"), 422, "invalid_month")
    nobody = f"{API}/accounts/{wallet(f'{unique}-nobody')}/statements/2026-01"
    refused(client.get(nobody), 404, "account_not_found")
    refused(client.get(f"{nobody}/csv"), 404, "account_not_found")
    refused(client.post(f"{nobody}/close"), 404, "account_not_found")
    month = f"{datetime.now(UTC):%Y-%m}"
    refused(client.post(f"{path}/statements/{month}/close"), 409, "month_not_over")
    refused(client.post(f"{path}/statements/2999-01/close"), 409, "month_not_over")
    for name, value in (("min_amount", "x"), ("max_amount", "-1"), ("since", "then")):
        answer = client.get(f"{API}/transactions", params={name: value})
        refused(answer, 400, "invalid_parameter")


def test_transactions_by_filters_and_page_by_page(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob, cal = funded(node, f"{unique}-ann", 100), f"{unique}-bob", f"{unique}-cal"
    for number in range(1, 6):
        give(client, ann, bob, str(number), reason="help", transfer_id=f"{unique}-{number}")
    give(client, bob, cal, "1.5", transfer_id=f"{unique}-6", pending=True)
    between = client.get(f"{TRANSFERS}/{unique}-3").json()["at"]

    def listed(**parameters: Any) -> list[str]:
        answer = client.get(f"{API}/transactions", params=parameters)
        assert answer.status_code == 200, answer.text
        ids = [item["transfer_id"].rpartition("-")[2] for item in answer.json()["items"]]
        assert answer.json().get("total", len(ids)) == len(ids)
        return ids

    assert listed(owner=bob, total=True) == ["6", "5", "4", "3", "2", "1"]
    assert listed(account=wallet(cal)) == ["6"]
    assert listed(owner=bob, sort="position", reason="help") == ["1", "2", "3", "4", "5"]
    assert listed(owner=bob, status="pending") == ["6"]
    assert listed(owner=bob, min_amount="2", max_amount="4") == ["4", "3", "2"]
    assert listed(owner=bob, sort="-amount", max_amount="1.5") == ["6", "1"]
    assert listed(owner=bob, since=between) == ["6", "5", "4", "3"]
    assert listed(owner=bob, until=between) == ["2", "1"]
    assert listed(owner=bob, token="AIA_GOV") == []
    assert listed(transfer_id=f"{unique}-2") == ["2"]
    found, cursor = [], None
    while True:
        parameters = {"owner": bob, "limit": 4} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{API}/transactions", params=parameters).json()
        found += [item["transfer_id"][-1] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["6", "5", "4", "3", "2", "1"]
    accounts = client.get(f"{API}/accounts", params={"owner": ann, "total": True}).json()
    assert [each["account_id"] for each in accounts["items"]] == [wallet(ann)]
    assert accounts["total"] == 1


@pytest.mark.parametrize("odd", ["%", "100%", "%s", "%(x)s", "it's", "a\\'b", "{}", "ü"])
def test_filters_take_any_text(client: httpx.Client, odd: str) -> None:
    for path, names in (
        ("transactions", ("account", "owner", "token", "reason", "transfer_id")),
        ("accounts", ("owner", "token")),
        ("budgets", ("match",)),
        ("governance/proposals", ("proposer", "kind")),
        ("orders", ("by",)),
    ):
        for name in names:
            answer = client.get(f"{API}/{path}", params={name: odd, "total": True})
            assert (answer.status_code, answer.json().get("items")) == (200, []), answer.text


def statement_lines(client: httpx.Client, path: str, limit: int) -> list[dict[str, Any]]:
    """Return all lines of a statement, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        parameters = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=parameters).json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_a_statement_as_json_and_as_csv(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    for amount in ("1", "2", "0.000000000000000001"):
        give(client, ann, bob, amount, reason="help")
    path = f"{API}/accounts/{wallet(ann)}/statements/{datetime.now(UTC):%Y-%m}"

    said = client.get(path).json()

    assert {name: said[name] for name in ("opening", "credits", "debits", "closing", "lines")} == {
        "opening": "0", "credits": "10", "debits": "3.000000000000000001",
        "closing": "6.999999999999999999", "lines": 4,
    }  # fmt: skip
    assert (said["over"], said["closed"], said["next_cursor"]) == (False, None, None)
    assert [line["amount"] for line in said["items"]] == ["10", "-1", "-2", "-0.000000000000000001"]
    assert [line["line"] for line in said["items"]] == [1, 2, 3, 4]
    assert statement_lines(client, path, 3) == said["items"]
    answer = client.get(f"{path}/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f"{ann}_" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows == [{name: str(value) for name, value in line.items()} for line in said["items"]]
    head = client.head(f"{path}/csv")
    assert (head.status_code, head.content) == (200, b"")
    empty = client.get(f"{API}/accounts/{wallet(ann)}/statements/2020-01").json()
    assert (empty["lines"], empty["opening"], empty["closing"], empty["over"]) == (
        0,
        "0",
        "0",
        True,
    )


def hashed(statement: dict[str, Any], lines: list[dict[str, Any]]) -> str:
    """Work out the hash of a statement as the documentation says it is made."""

    def written(value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def units(amount: str) -> str:
        whole, _, fraction = amount.partition(".")
        sign = "-" if whole.startswith("-") else ""
        return sign + str(int(whole.lstrip("-") + fraction.ljust(18, "0")))

    first = lines[0]["line"] if lines else 1
    head = [statement["account_id"], statement["month"], units(statement["opening"]), first]
    digest = hashlib.sha256(written(head))
    for line in lines:
        amounts = [units(line[name]) for name in ("amount", "balance", "held")]
        parts = [line["line"], line["position"], line["transfer_id"], line["reason"]]
        digest.update(written([*parts, *amounts, line["at"]]))
    return digest.hexdigest()


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
    path = f"{API}/accounts/{wallet(ann)}/statements/{last_month:%Y-%m}"
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
        answer = client.post(f"{API}/accounts/{name}/statements/2020-01/close")
        assert answer.status_code == status, (subject, answer.text)
        assert client.get(f"{API}/accounts/{name}/statements/2020-01").status_code == 200


def test_closed_months_are_listed(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob = wallet(funded(node, f"{unique}-ann", 10)), wallet(funded(node, f"{unique}-bob", 1))
    path = f"{API}/accounts/{ann}/statements"
    assert client.get(path, params={"total": True}).json() == {
        "items": [], "next_cursor": None, "total": 0,
    }  # fmt: skip
    months = ["2019-12", "2020-01", "2020-02", "2021-01"]
    closed = {month: client.post(f"{path}/{month}/close").json() for month in reversed(months)}
    client.post(f"{API}/accounts/{bob}/statements/2020-01/close")

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
    other = f"{API}/accounts/{bob}/statements"
    foreign = client.get(other, params={"limit": 3, "cursor": page["next_cursor"]})
    refused(foreign, 400, "invalid_cursor")


def test_bad_questions_about_closed_months(node: Any, client: httpx.Client, unique: str) -> None:
    path = f"{API}/accounts/{wallet(funded(node, f'{unique}-ann', 1))}/statements"
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
    refused(client.get(f"{API}/accounts/{nobody}/statements"), 404, "account_not_found")
    refused(client.get(f"{API}/accounts/purse:AIA:ann/statements"), 422, "unknown_account")


@pytest.mark.anyio
async def test_the_next_month_opens_with_what_the_closed_one_ended_with() -> None:
    async with InMemoryMas(start="2026-01-31T23:57:00Z", seed=1) as mas:
        url = await mas.serve()
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            ann, give = wallet("ann"), {"from": "ann", "to": "bob", "amount": "1"}
            january, february = (f"{API}/accounts/{ann}/statements/2026-0{n}" for n in (1, 2))
            funding = await client.post(f"{API}/agents/ann/register", json={"amount": "10"})
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
                f"{API}/accounts/{ann}", params={"as_of": "2026-02-01T00:00:00Z"}
            )
            assert stood.json()["balance"] == "9"
            assert (await client.get(january)).json() == said
