"""Agents enter the economy in development: the faucet pays, and the answer waits until it did."""

import time
from typing import Any

import httpx
import pytest

from .problems import API, is_problem

ECONOMIC = f"{API}/economic"


def aia(client: httpx.Client) -> dict[str, Any]:
    treasury = client.get(f"{ECONOMIC}/treasury").json()
    assert treasury["faucet"] is True
    supply: dict[str, Any] = treasury["tokens"][0]
    return supply


def test_there_is_a_treasury_and_a_pool_from_the_beginning(client: httpx.Client):
    supply = aia(client)
    assert supply["token"] == "AIA"
    assert int(float(supply["issued"])) >= 100_000_000

    # As it stood then: other tests have moved tokens since.
    genesis = client.get(f"{ECONOMIC}/transfers/genesis:AIA").json()
    at = {"as_of_position": genesis["position"]}
    begun = {
        account: client.get(f"{ECONOMIC}/accounts/{account}", params=at).json()["balance"]
        for account in ("treasury:AIA", "reward_pool:AIA")
    }
    assert begun == {"treasury:AIA": "90000000", "reward_pool:AIA": "10000000"}


@pytest.mark.parametrize("how", ["register", "put"])
def test_an_initial_stake_is_there_when_the_registration_is_answered(client, unique, how):
    body = {"agent_id": unique, "initial_stake": 500.0}
    if how == "register":
        answer = client.post(f"{API}/agents/register", json=body)
    else:
        answer = client.put(f"{API}/agents/{unique}", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["tier"] == "silver"
    position = int(answer.headers["x-event-position"])

    events = client.get(
        f"{API}/audit/streams/stake/{unique}", params={"min_position": position}
    ).json()["items"]

    assert [(e["topic"], e["data"]["bonded"]) for e in events] == [
        ("stake.bonded.v1", 500 * 10**18)
    ]
    assert events[0]["position"] <= position
    again = client.put(f"{API}/agents/{unique}", json={"initial_stake": 2000})
    assert again.status_code == 200
    assert len(client.get(f"{API}/audit/streams/stake/{unique}").json()["items"]) == 1


def test_a_repeated_registration_stakes_once(client: httpx.Client, unique: str):
    body = {"agent_id": unique, "initial_stake": "100"}
    key = {"idempotency-key": unique}

    first = client.post(f"{API}/agents/register", json=body, headers=key)
    again = client.post(f"{API}/agents/register", json=body, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["stake"] == "100"
    stream = client.get(f"{API}/audit/streams/stake/{unique}").json()["items"]
    assert len(stream) == 1


def test_who_leaves_has_its_stake_in_the_wallet_and_who_comes_back_staked_again(
    client: httpx.Client, unique: str
):
    wallet, faucet = f"{ECONOMIC}/accounts/wallet:AIA:{unique}", f"{ECONOMIC}/agents/{unique}"
    body = {"agent_id": unique, "initial_stake": "500"}
    client.post(f"{API}/agents/register", json=body)
    client.post(f"{faucet}/register", json={"amount": 7})

    client.delete(f"{API}/agents/{unique}")
    until = time.monotonic() + 60.0
    while (left := client.get(wallet).json()["balance"]) == "7" and time.monotonic() < until:
        # Answered when something has happened, or after a while.
        behind = int(client.get(wallet).headers["x-event-position"]) + 1
        client.get(wallet, params={"min_position": behind})
    back = client.post(f"{API}/agents/register", json=body)

    assert left == "507"
    assert (back.json()["tier"], back.json()["stake"]) == ("silver", "500")
    position = {"min_position": back.headers["x-event-position"]}
    assert client.get(wallet, params=position).json()["balance"] == "7"


def test_the_faucet_fills_the_wallet_of_whom_nobody_has_heard(client: httpx.Client, unique: str):
    path = f"{ECONOMIC}/agents/{unique}/register"

    entered = client.post(path, json={"amount": "500.25"})
    again = client.post(path, json={"amount": 1, "token": "AIA_GOV"})

    assert entered.status_code == 200, entered.text
    assert entered.json()["balance"] == "500.25"
    assert entered.json()["order"]["status"] == "executed"
    assert again.json()["account_id"] == f"wallet:AIA_GOV:{unique}"
    assert client.get(f"{API}/agents/{unique}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"amount": 0}, 422, "zero_amount"),
        ({"amount": -1}, 422, "negative_amount"),
        ({"amount": "0.0000000000000000001"}, 422, "invalid_amount"),
        ({"amount": 10**15}, 409, "supply_cap_reached"),
        ({"amount": 10**40}, 422, "amount_too_large"),
        ({"amount": 1, "token": "GOLD"}, 422, "unknown_token"),
        ({}, 422, "missing_field"),
        ({"amount": 1, "more": 1}, 422, "unknown_field"),
    ],
)
def test_what_the_faucet_does_not_give(client, unique, body, status, code):
    answer = client.post(f"{ECONOMIC}/agents/{unique}/register", json=body)
    assert (answer.status_code, is_problem(answer)["code"]) == (status, code)
    assert client.get(f"{API}/audit/streams/account/wallet:AIA:{unique}").status_code == 404


@pytest.mark.parametrize("agent_id", ["..", "a b", "register"])
def test_nobody_of_such_an_id_enters(client: httpx.Client, agent_id: str):
    answer = client.post(f"{ECONOMIC}/agents/{agent_id}/register", json={"amount": 1})
    assert answer.status_code in {404, 422}


def test_wallet_addresses_are_checked_and_shown(client: httpx.Client, unique: str):
    good = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    body = {"agent_id": unique, "wallet_address": good}
    registered = client.post(f"{API}/agents/register", json=body).json()
    assert registered["wallet_address"] == good

    for bad, code in ((good.replace("B", "b"), "wrong_checksum"), ("0x1", "invalid_address")):
        answer = client.patch(f"{API}/agents/{unique}", json={"wallet_address": bad})
        assert is_problem(answer)["code"] == code
        assert answer.json()["errors"][0]["field"] == "wallet_address"
    assert client.get(f"{API}/agents/{unique}").json()["wallet_address"] == good
