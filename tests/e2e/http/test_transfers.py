"""Transfers over HTTP: made once, held, posted, voided, expired, by who may."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aia_mas.domain.economy.accounts import treasury, wallet

from .funding import entered, funded
from .moving import TRANSFERS, balances, moved
from .problems import is_problem, refused
from .purses import ECONOMIC


def test_a_transfer_happens_once_and_is_told_the_same_ever_after(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    body = {
        "transfer_id": unique, "from": ann, "to": bob, "amount": "2.5", "reason": "help",
        "metadata": {"invoice": "7"},
    }  # fmt: skip

    first = client.post(TRANSFERS, json=body)
    again = client.post(TRANSFERS, json=body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"] == f"{TRANSFERS}/{unique}"
    read = client.get(first.headers["location"]).json()
    assert read.pop("position") == int(first.headers["x-event-position"])
    assert read == first.json()
    assert {name: read[name] for name in ("from", "to", "token", "amount", "status")} == {
        "from": wallet(ann), "to": wallet(bob), "token": "AIA", "amount": "2.5", "status": "posted",
    }  # fmt: skip
    assert balances(client, ann, bob) == ["7.5", "2.5"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "2.6"}, "amount"),
        ({"to": "somebody"}, "to"),
        ({"token": "AIA_GOV"}, "token"),
        ({"reason": "other"}, "reason"),
        ({"metadata": {"a": "b"}}, "metadata"),
        ({"pending": True}, "pending"),
    ],
)
def test_another_one_under_the_same_id_is_told_by_what_differs(
    node: Any, client: httpx.Client, unique: str, change: dict[str, Any], field: str
) -> None:
    ann = funded(node, f"{unique}-ann", 10)
    body = {"transfer_id": unique, "from": ann, "to": f"{unique}-bob", "amount": "2.5"}
    assert client.post(TRANSFERS, json=body).status_code == 201

    answer = client.post(TRANSFERS, json=body | change)

    refused(answer, 409, f"exists_with_different_{field}")
    assert balances(client, ann) == ["7.5"]


def test_legs_move_several_tokens_at_once(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob, cal = (f"{unique}-{name}" for name in ("ann", "bob", "cal"))
    funded(node, ann, 10)
    gov = [wallet(owner, "AIA_GOV") for owner in (ann, bob)]
    entered(node, f"gov:{unique}", ("issuance:AIA_GOV", -4), (gov[0], 4))
    legs = [
        {"account": wallet(ann), "amount": "-3"},
        {"account": wallet(bob), "amount": 1},
        {"account": wallet(cal), "amount": "2"},
        {"account": gov[0], "amount": -4},
        {"account": gov[1], "amount": 4},
    ]

    answer = client.post(TRANSFERS, json={"legs": legs})

    assert answer.status_code == 201, answer.text
    assert (answer.json()["from"], answer.json()["token"]) == (None, None)
    assert balances(client, ann, bob, cal) == ["7", "1", "2"]
    assert client.get(f"{ECONOMIC}/accounts/{gov[1]}").json()["balance"] == "4"


def test_a_pending_one_is_posted_in_part_or_voided(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    one = moved(client, ann, bob, "6", pending=True)
    two = moved(client, ann, bob, "3", pending=True)
    assert (one["status"], one["moved"]) == ("pending", [])
    assert balances(client, ann, bob) == ["1 (9)", "0"]
    short = client.post(TRANSFERS, json={"from": ann, "to": bob, "amount": "1.1"})
    assert refused(short, 402, "insufficient_funds")["available"]

    posted = client.post(f"{TRANSFERS}/{one['transfer_id']}/post", json={"amount": "2"})
    voided = client.post(f"{TRANSFERS}/{two['transfer_id']}/void")

    assert (posted.json()["status"], posted.json()["amount"]) == ("posted", "2")
    assert (voided.json()["status"], voided.json()["moved"]) == ("voided", [])
    assert balances(client, ann, bob) == ["8", "2"]
    for transfer in (one, two):
        for act in ("post", "void"):
            late = client.post(f"{TRANSFERS}/{transfer['transfer_id']}/{act}")
            refused(late, 409, "transfer_not_pending")
    read = client.get(f"{TRANSFERS}/{one['transfer_id']}").json()
    assert read.pop("position")
    assert read == posted.json()


def test_a_pending_one_expires(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    made = moved(client, ann, bob, "6", pending=True, timeout=0.3)
    path, until = f"{TRANSFERS}/{made['transfer_id']}", time.monotonic() + 60

    position = 0
    while (read := client.get(path, params={"min_position": position})).status_code != 200 or (
        read.json()["status"] == "pending"
    ):
        assert time.monotonic() < until
        position = int(read.headers.get("x-event-position", position)) + 1

    assert read.json()["status"] == "expired"
    assert balances(client, ann, bob) == ["10", "0"]
    refused(client.post(f"{path}/post"), 409, "transfer_not_pending")


def test_a_batch_in_order_each_on_its_own_or_linked(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob, cal = funded(node, f"{unique}-ann", 10), f"{unique}-bob", f"{unique}-cal"
    one = {"from": ann, "to": bob, "amount": "6", "transfer_id": f"{unique}-1"}
    two = {"from": bob, "to": cal, "amount": "5"}
    much = {"from": ann, "to": cal, "amount": "5"}
    wrong = {"from": ann, "to": cal, "amount": "five"}
    batch = f"{TRANSFERS}/submit-batch"

    linked = client.post(batch, json={"transfers": [one, two, much], "atomic": True})
    assert refused(linked, 402, "insufficient_funds")["index"] == 2
    bad = client.post(batch, json={"transfers": [one, wrong], "atomic": True})
    assert refused(bad, 422, "invalid_amount")["index"] == 1
    assert balances(client, ann, bob) == ["10", "0"]

    key = {"idempotency-key": unique}
    items = [one, two, much, wrong, one]
    mixed = client.post(batch, json={"transfers": items}, headers=key)
    found = mixed.json()
    assert [item["status"] for item in found["items"]] == [201, 201, 402, 422, 200]
    assert (found["accepted"], found["refused"]) == (3, 2)
    assert found["items"][0]["transfer"] == found["items"][4]["transfer"]
    assert found["items"][2]["problem"]["code"] == "insufficient_funds"
    repeated = client.post(batch, json={"transfers": items}, headers=key)
    assert (repeated.json(), repeated.headers["idempotent-replayed"]) == (found, "true")
    assert balances(client, ann, bob, cal) == ["4", "1", "5"]
    for size in (0, 1001):
        many = client.post(batch, json={"transfers": [one] * size})
        refused(many, 422, "invalid_batch_size")


BAD = [
    ({"amount": "1.0000000000000000001"}, "invalid_amount", "amount"),
    ({"amount": "0"}, "zero_amount", "amount"),
    ({"amount": 0}, "zero_amount", "amount"),
    ({"amount": "-1"}, "negative_amount", "amount"),
    ({"amount": "NaN"}, "invalid_amount", "amount"),
    ({"amount": "1e3"}, "invalid_amount", "amount"),
    ({"amount": "1" + 40 * "0"}, "amount_too_large", "amount"),
    ({"amount": True}, "invalid_amount", "amount"),
    ({"amount": None}, "missing_field", "amount"),
    ({"to": None}, "missing_field", "to"),
    ({"token": "XYZ"}, "unknown_token", "token"),
    ({"token": ""}, "unknown_account", None),
    ({"to": "a b"}, "invalid_id", "to"),
    ({"to": "x" * 129}, "id_too_long", "to"),
    ({"reason": "Not a word"}, "invalid_value", "reason"),
    ({"metadata": {str(n): "" for n in range(17)}}, "invalid_value", "metadata"),
    ({"metadata": {"a": 1}}, "invalid_type", "metadata.a"),
    ({"transfer_id": "task:1"}, "reserved_id", "transfer_id"),
    ({"transfer_id": "a/b"}, "invalid_id", "transfer_id"),
    ({"timeout": 5}, "invalid_value", "timeout"),
    ({"pending": True, "timeout": 0}, "invalid_value", "timeout"),
    ({"pending": True, "timeout": 1e300}, "invalid_value", "timeout"),
    ({"legs": []}, "invalid_value", "legs"),
    ({"colour": "red"}, "unknown_field", "colour"),
]


def test_bad_input_has_its_code_and_changes_nothing(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = funded(node, f"{unique}-ann", 10), f"{unique}-bob"
    good = {"from": ann, "to": bob, "amount": "1"}
    for change, code, field in BAD:
        body = {name: value for name, value in (good | change).items() if value is not None}
        answer = client.post(TRANSFERS, json=body)
        problem = is_problem(answer)
        assert problem["code"] == code, (change, answer.text)
        assert answer.status_code in {400, 422}
        if field is not None:
            assert problem["errors"][0]["field"] == field, (change, problem)
    same = client.post(TRANSFERS, json=good | {"to": ann})
    refused(same, 422, "invalid_value")
    for legs, code in (
        ([(wallet(ann), "-1")], "unbalanced_entry"),
        ([(wallet(ann), "-1"), (wallet(bob), "2")], "unbalanced_entry"),
        ([(wallet(ann), "-1"), (wallet(bob, "AIA_GOV"), "1")], "unbalanced_entry"),
        ([(wallet(ann), "-1"), (wallet(bob), "0.5"), (wallet(bob), "0.5")], "unbalanced_entry"),
        ([(wallet(ann), "--1"), (wallet(bob), "1")], "negative_amount"),
        ([(wallet(ann), "-1"), ("purse:AIA:bob", "1")], "unknown_account"),
        ([(wallet(ann), "-1"), (f"wallet:AIA:{'x' * 200}", "1")], "id_too_long"),
        ([(wallet(ann), "-1")] * 2001, "unbalanced_entry"),
    ):
        body = {"legs": [{"account": name, "amount": amount} for name, amount in legs]}
        refused(client.post(TRANSFERS, json=body), 422, code)
    for name in (treasury(), f"staked:AIA:{ann}"):
        body = {"legs": [{"account": wallet(ann), "amount": "-1"}, {"account": name, "amount": 1}]}
        refused(client.post(TRANSFERS, json=body), 403, "system_account")
    for act in ("post", "void", "reverse"):
        refused(client.post(f"{TRANSFERS}/{unique}-none/{act}"), 404, "transfer_not_found")
        refused(client.post(f"{TRANSFERS}/a b/{act}"), 422, "invalid_id")
    refused(client.get(f"{TRANSFERS}/{unique}-none"), 404, "transfer_not_found")
    pending = moved(client, ann, bob, "5", pending=True)["transfer_id"]
    for body, code in (
        ({"amount": "6"}, "exceeds_pending_transfer"),
        ({"amount": "0"}, "zero_amount"),
        ({"amount": "1", "legs": []}, "invalid_value"),
        ({"legs": [{"account": wallet(ann), "amount": "-1"}]}, "unbalanced_entry"),
        ({"legs": [{"account": wallet(ann), "amount": "-1"},
                   {"account": wallet(f"{bob}-2"), "amount": "1"}]}, "exceeds_pending_transfer"),
    ):  # fmt: skip
        refused(client.post(f"{TRANSFERS}/{pending}/post", json=body), 422, code)
    assert balances(client, ann, bob) == ["5 (5)", "0"]


def test_everybody_spends_what_is_its_own(
    secured: Any, acting: Callable[..., httpx.Client], unique: str
) -> None:
    ann, bob = funded(secured, f"{unique}-ann", 10), f"{unique}-bob"
    body = {"from": ann, "to": bob, "amount": "1"}
    for subject, role, status in (
        (ann, "agent", 201),
        (ann, "client", 201),
        ("till", "treasurer", 201),
        ("root", "admin", 201),
        (bob, "agent", 403),
        (bob, "client", 403),
        (ann, "operator", 403),
        (ann, "viewer", 403),
        (ann, "auditor", 403),
    ):
        answer = acting(subject, role).post(TRANSFERS, json=body)
        assert answer.status_code == status, (subject, role, answer.text)
    agent, other = acting(ann, "agent"), acting(bob, "agent")
    held = moved(agent, ann, bob, "1", pending=True)["transfer_id"]
    for act in ("post", "void"):
        refused(other.post(f"{TRANSFERS}/{held}/{act}"), 403, "permission_denied")
    assert agent.post(f"{TRANSFERS}/{held}/post").status_code == 200
    refused(agent.post(f"{TRANSFERS}/{held}/reverse"), 403, "permission_denied")
    assert other.post(f"{TRANSFERS}/{held}/reverse").status_code == 201
    minted_one = f"mint:{ann}"
    for client in (agent, other):
        answer = client.post(f"{TRANSFERS}/{minted_one}/reverse")
        assert answer.status_code in {402, 403}, answer.text
    # Everybody may look.
    viewer = acting("eve", "viewer")
    assert balances(viewer, ann, bob) == ["6", "4"]
    assert viewer.get(f"{TRANSFERS}/{held}").status_code == 200
