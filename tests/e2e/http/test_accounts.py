"""Accounts over HTTP: as they stand and stood, transactions, statements."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from aia_mas.domain.economy.accounts import wallet

from .funding import funded
from .moving import TRANSFERS
from .problems import refused
from .purses import ECONOMIC
from .statements import account, give


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
    path = f"{ECONOMIC}/accounts/{wallet(funded(node, f'{unique}-ann', 1))}"
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
    nobody = f"{ECONOMIC}/accounts/{wallet(f'{unique}-nobody')}"
    refused(client.get(nobody), 404, "account_not_found")
    refused(client.get(f"{ECONOMIC}/accounts/purse:AIA:ann"), 422, "unknown_account")
    refused(client.get(f"{ECONOMIC}/accounts/wallet:AIA:a b"), 422, "invalid_id")
    for month in ("2026-13", "2026", "x"):
        for end in ("", "/csv"):
            refused(client.get(f"{path}/statements/{month}{end}"), 422, "invalid_month")
        refused(client.post(f"{path}/statements/{month}/close"), 422, "invalid_month")
    nobody = f"{nobody}/statements/2026-01"
    refused(client.get(nobody), 404, "account_not_found")
    refused(client.get(f"{nobody}/csv"), 404, "account_not_found")
    refused(client.post(f"{nobody}/close"), 404, "account_not_found")
    month = f"{datetime.now(UTC):%Y-%m}"
    refused(client.post(f"{path}/statements/{month}/close"), 409, "month_not_over")
    refused(client.post(f"{path}/statements/2999-01/close"), 409, "month_not_over")
    for name, value in (("min_amount", "x"), ("max_amount", "-1"), ("since", "then")):
        answer = client.get(f"{ECONOMIC}/transactions", params={name: value})
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
        answer = client.get(f"{ECONOMIC}/transactions", params=parameters)
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
        page = client.get(f"{ECONOMIC}/transactions", params=parameters).json()
        found += [item["transfer_id"][-1] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["6", "5", "4", "3", "2", "1"]
    accounts = client.get(f"{ECONOMIC}/accounts", params={"owner": ann, "total": True}).json()
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
            answer = client.get(f"{ECONOMIC}/{path}", params={name: odd, "total": True})
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
    path = f"{ECONOMIC}/accounts/{wallet(ann)}/statements/{datetime.now(UTC):%Y-%m}"

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
    empty = client.get(f"{ECONOMIC}/accounts/{wallet(ann)}/statements/2020-01").json()
    assert (empty["lines"], empty["opening"], empty["closing"], empty["over"]) == (
        0,
        "0",
        "0",
        True,
    )
