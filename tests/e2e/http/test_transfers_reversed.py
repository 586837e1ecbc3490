"""Transfers are taken back over HTTP: once, and only what may be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from aia_mas.domain.economy.accounts import treasury, wallet

from .funding import entered, funded
from .moving import TRANSFERS, balances, moved
from .problems import refused
from .purses import ECONOMIC

KINDS: dict[str, Callable[[Any, httpx.Client, str], str]] = {}
"""What makes a transfer to be reversed, and returns its id."""


def kind(make: Callable[[Any, httpx.Client, str], str]) -> Callable[[Any, httpx.Client, str], str]:
    KINDS[make.__name__] = make
    return make


@kind
def plain(_node: Any, client: httpx.Client, ann: str) -> str:
    return str(moved(client, ann, f"{ann}-2", "1")["transfer_id"])


@kind
def of_several_legs(_node: Any, client: httpx.Client, ann: str) -> str:
    legs = [(ann, "-2"), (f"{ann}-2", "1"), (f"{ann}-3", "1")]
    body = {"legs": [{"account": wallet(name), "amount": amount} for name, amount in legs]}
    return str(client.post(TRANSFERS, json=body).json()["transfer_id"])


@kind
def posted_in_part(_node: Any, client: httpx.Client, ann: str) -> str:
    transfer_id = str(moved(client, ann, f"{ann}-2", "4", pending=True)["transfer_id"])
    assert client.post(f"{TRANSFERS}/{transfer_id}/post", json={"amount": "1"}).status_code == 200
    return transfer_id


@kind
def minted(node: Any, _client: httpx.Client, ann: str) -> str:
    entered(node, f"more:{ann}", ("issuance:AIA", -3), (wallet(ann), 3))
    return f"more:{ann}"


@kind
def to_the_treasury(node: Any, _client: httpx.Client, ann: str) -> str:
    entered(node, f"fee:{ann}", (wallet(ann), -3), (treasury(), 3))
    return f"fee:{ann}"


@kind
def granted(node: Any, _client: httpx.Client, ann: str) -> str:
    entered(node, f"grant:{ann}", (treasury(), -3), (wallet(ann), 3))
    return f"grant:{ann}"


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_reversed_twice_at_once_exactly_one_succeeds(
    node: Any, client: httpx.Client, unique: str, make: Callable[[Any, httpx.Client, str], str]
) -> None:
    ann = funded(node, f"{unique}-ann", 10)
    before = balances(client, ann)
    transfer_id = make(node, client, ann)
    at_once = Barrier(2)

    def reverse(number: int) -> httpx.Response:
        with node.new_client() as own:
            at_once.wait()
            return own.post(
                f"{TRANSFERS}/{transfer_id}/reverse",
                json={"reversal_id": f"{unique}-r{number}", "reason": "mistake"},
            )

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(reverse, range(2)), key=lambda answer: answer.status_code)

    made, lost = answers
    assert made.status_code == 201, made.text
    refused(lost, 409, "already_reversed")
    reversal = made.json()
    assert (reversal["reverses"], reversal["reason"]) == (transfer_id, "mistake")
    assert balances(client, ann) == before
    told = client.get(f"{TRANSFERS}/{transfer_id}").json()
    assert told["reversed_by"] == reversal["transfer_id"]
    listed = client.get(f"{ECONOMIC}/transactions", params={"transfer_id": transfer_id}).json()[
        "items"
    ]
    assert [each["transfer_id"] for each in listed] == [reversal["transfer_id"], transfer_id]
    # The same reversal again changes nothing; a reversal is not reversed.
    same = {"reversal_id": reversal["transfer_id"], "reason": "mistake"}
    again = client.post(f"{TRANSFERS}/{transfer_id}/reverse", json=same)
    assert (again.status_code, again.json()) == (200, reversal)
    back = client.post(f"{TRANSFERS}/{reversal['transfer_id']}/reverse")
    refused(back, 409, "not_reversible")


def test_one_reversal_id_takes_one_transfer_back(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann = funded(node, f"{unique}-ann", 10)
    first, second = (granted(node, client, name) for name in (ann, f"{ann}-2"))
    body = {"reversal_id": f"{unique}-r", "reason": "mistake"}
    assert client.post(f"{TRANSFERS}/{first}/reverse", json=body).status_code == 201

    other = client.post(f"{TRANSFERS}/{second}/reverse", json=body)
    refused(other, 409, "exists_with_different_legs")
    # Said in other words it is still the reversal that there is.
    again = client.post(f"{TRANSFERS}/{first}/reverse", json={**body, "reason": "other"})
    assert (again.status_code, again.json()["reason"]) == (200, "mistake")

    moved(client, f"{ann}-2", f"{ann}-3", "1")
    spent = {"reversal_id": f"{unique}-s"}
    short = client.post(f"{TRANSFERS}/{second}/reverse", json=spent)
    assert refused(short, 402, "insufficient_funds")["available"] == "2"
    third = granted(node, client, f"{ann}-4")
    refused(client.post(f"{TRANSFERS}/{third}/reverse", json=spent), 409, "order_exists")
    refused(client.post(f"{TRANSFERS}/{second}/reverse", json=spent), 402, "insufficient_funds")
    assert balances(client, ann, f"{ann}-2", f"{ann}-4") == ["10", "2", "3"]


def test_what_belongs_to_a_process_is_left_to_it(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann = funded(node, f"{unique}-ann", 200)
    proposal = {
        "proposal_id": unique, "title": "t", "kind": "treasury", "proposer": ann,
        "commands": [{"kind": "fund", "amount": "1", "agent_id": ann}],
    }  # fmt: skip
    made = client.post(f"{ECONOMIC}/governance/proposals", json=proposal)
    assert made.status_code == 201, made.text
    deposit = f"deposit~{unique}"
    for act in ("post", "void"):
        refused(client.post(f"{TRANSFERS}/{deposit}/{act}"), 403, "system_account")
        refused(client.post(f"{TRANSFERS}/votes~{unique}~1/{act}"), 404, "transfer_not_found")
    refused(client.post(f"{TRANSFERS}/{deposit}/reverse"), 409, "not_reversible")
    refused(client.post(f"{TRANSFERS}/votes~{unique}~1/reverse"), 404, "transfer_not_found")
    taken = {"reversal_id": f"votes~{unique}~1"}
    refused(client.post(f"{TRANSFERS}/{deposit}/reverse", json=taken), 422, "invalid_id")


def test_what_was_burnt_is_not_taken_back(node: Any, client: httpx.Client, unique: str) -> None:
    ann = funded(node, f"{unique}-ann", 10)
    entered(node, f"away:{unique}", (wallet(ann), -3), ("burn:AIA", 3))

    answer = client.post(f"{TRANSFERS}/away:{unique}/reverse")

    refused(answer, 409, "not_reversible")
    assert balances(client, ann) == ["7"]


def test_what_was_spent_is_not_taken_back(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob, cal = funded(node, f"{unique}-ann", 10), f"{unique}-bob", f"{unique}-cal"
    gift = moved(client, ann, bob, "5")["transfer_id"]
    moved(client, bob, cal, "1")

    refused(client.post(f"{TRANSFERS}/{gift}/reverse"), 402, "insufficient_funds")

    assert balances(client, ann, bob, cal) == ["5", "4", "1"]
