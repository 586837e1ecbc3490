"""The supply on a node that has keys: a treasurer mints, burns and grants; nobody else does."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .conftest import KEY, bearer
from .problems import API, head, refused
from .purses import ECONOMIC, TREASURY, executed, fund

EVM = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
ONE_TOKEN = 10**18
MAS = [sys.executable, "-m", "aia_mas.interfaces.cli.main"]
SYSTEM = (
    "treasury",
    "reward_pool",
    "rewards_reserved",
    "staking_rewards",
    "deposits",
    "slashed",
    "burn",
)

Acting = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys and a third token; of one of them there is little."""
    return start_for_module(
        jwt_secret=KEY,
        treasury_address=EVM,
        tokens=("AIA", "AIA_GOV", "GOLD"),
        supply_caps={"GOLD": 10 * ONE_TOKEN},
    )


@pytest.fixture
def treasurer(secured: Any) -> Any:
    with secured.new_client(**bearer("tess", "treasurer")) as client:
        yield client


def of(client: httpx.Client, token: str) -> dict[str, Any]:
    treasury = client.get(TREASURY).json()
    return next(each for each in treasury["tokens"] if each["token"] == token)


def test_nothing_is_there_in_the_beginning_and_addresses_are_shown(secured, acting: Acting):
    viewer = acting("vera", "viewer")

    shown = viewer.get(TREASURY).json()

    assert (shown["treasury_address"], shown["gov_token_address"]) == (EVM, None)
    assert shown["faucet"] is False
    assert of(viewer, "AIA_GOV") == {
        "token": "AIA_GOV",
        "cap": "1000000000",
        "supply": "0",
        "issued": "0",
        "balances": dict.fromkeys(SYSTEM, "0"),
    }


def test_what_is_minted_burnt_and_given_away_adds_up(treasurer: httpx.Client):
    minted = executed(
        treasurer.post(f"{TREASURY}/mint", json={"amount": 9, "token": "GOLD", "note": "first"})
    )
    executed(treasurer.post(f"{TREASURY}/burn", json={"amount": "0.5", "token": "GOLD"}))
    pool = {"amount": "2", "account": "reward_pool", "token": "GOLD"}
    executed(treasurer.post(f"{TREASURY}/fund", json=pool))
    wallet = {"amount": "1.5", "account": "wallet:GOLD:somebody"}
    funded = executed(treasurer.post(f"{TREASURY}/fund", json=wallet))

    assert minted["order"] == {"token": "GOLD", "amount": "9", "note": "first"}
    assert minted["by"] == "tess"
    assert minted["result"]["supply"] == "9"
    assert (funded["result"]["balance"], funded["result"]["treasury"]) == ("1.5", "5")
    gold = of(treasurer, "GOLD")
    assert (gold["cap"], gold["issued"], gold["supply"]) == ("10", "9", "8.5")
    assert gold["balances"]["treasury"] == "5"
    assert (gold["balances"]["reward_pool"], gold["balances"]["burn"]) == ("2", "0.5")
    told = refused(
        treasurer.post(f"{TREASURY}/mint", json={"amount": "1.6", "token": "GOLD"}),
        409,
        "supply_cap_reached",
    )
    assert (told["cap"], told["supply"]) == ("10", "8.5")
    for path, body in (("burn", {"amount": 6}), ("fund", {"amount": 6, "agent_id": "a"})):
        answer = treasurer.post(f"{TREASURY}/{path}", json={**body, "token": "GOLD"})
        refused(answer, 402, "insufficient_funds")


def test_an_order_is_looked_at_where_it_is_said_to_be(treasurer, acting: Acting):
    answer = treasurer.post(f"{TREASURY}/mint", json={"amount": "3"})
    order = answer.json()
    where = answer.headers["location"]

    assert where == f"{ECONOMIC}/orders/{order['order_id']}"
    assert treasurer.get(where).json() == order
    refusal = treasurer.post(f"{TREASURY}/burn", json={"amount": "1000000000"})
    refused(refusal, 402, "insufficient_funds")
    listed = treasurer.get(f"{ECONOMIC}/orders", params={"by": "tess", "limit": 2}).json()
    latest, before = listed["items"]
    assert (latest["kind"], latest["status"]) == ("burn", "refused")
    assert latest["refusal"] == "insufficient_funds"
    assert before == order
    more = treasurer.get(
        f"{ECONOMIC}/orders", params={"by": "tess", "limit": 2, "cursor": listed["next_cursor"]}
    )
    assert order["order_id"] not in more.text
    refused(treasurer.get(f"{ECONOMIC}/orders/nothing"), 404, "order_not_found")
    for no_id in ("%00", "o%C3%B6", "x" * 301):
        refused(treasurer.get(f"{ECONOMIC}/orders/{no_id}"), 422, "invalid_id")
    refused(acting("carl", "client").get(f"{ECONOMIC}/orders"), 403, "permission_denied")


def test_an_order_under_a_key_is_placed_once(treasurer: httpx.Client, unique: str):
    before = of(treasurer, "AIA")["issued"]
    key = {"idempotency-key": unique}

    first = treasurer.post(f"{TREASURY}/mint", json={"amount": 7}, headers=key)
    again = treasurer.post(f"{TREASURY}/mint", json={"amount": 7}, headers=key)

    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert int(of(treasurer, "AIA")["issued"]) == int(before) + 7
    other = treasurer.post(f"{TREASURY}/mint", json={"amount": 8}, headers=key)
    refused(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("path", "body", "code", "field"),
    [
        ("mint", {"amount": 0}, "zero_amount", "amount"),
        ("mint", {"amount": "-1"}, "negative_amount", "amount"),
        ("mint", {"amount": "0.0000000000000000001"}, "invalid_amount", "amount"),
        ("mint", {"amount": "1e3"}, "invalid_amount", "amount"),
        ("mint", {"amount": "1" + "0" * 40}, "amount_too_large", "amount"),
        ("mint", {"amount": "NaN"}, "invalid_amount", "amount"),
        ("mint", {}, "missing_field", "amount"),
        ("mint", {"amount": 1, "token": "SILVER"}, "unknown_token", None),
        ("mint", {"amount": 1, "note": "x" * 257}, "invalid_text", "note"),
        ("burn", {"amount": None}, "invalid_amount", "amount"),
        ("fund", {"amount": 1}, "invalid_value", "agent_id"),
        ("fund", {"amount": 1, "agent_id": "a", "account": "wallet:AIA:a"}, "invalid_value", None),
        ("fund", {"amount": 1, "agent_id": ".."}, "invalid_id", "agent_id"),
        ("fund", {"amount": 1, "account": "purse:AIA:a"}, "unknown_account", None),
        ("fund", {"amount": 1, "account": "treasury"}, "unknown_account", None),
        ("fund", {"amount": 1, "account": "treasury:AIA"}, "account_not_fundable", "account"),
        ("fund", {"amount": 1, "account": "staked:AIA:a"}, "account_not_fundable", "account"),
        (
            "fund",
            {"amount": 1, "account": "wallet:AIA:a", "token": "GOLD"},
            "account_not_fundable",
            "account",
        ),
    ],
)
def test_bad_orders_are_refused_and_change_nothing(treasurer, path, body, code, field):
    before = [of(treasurer, token)["balances"] for token in ("AIA", "GOLD")]

    problem = refused(treasurer.post(f"{TREASURY}/{path}", json=body), 422, code)

    if field is not None:
        assert problem["errors"][0]["field"] == field
    assert [of(treasurer, token)["balances"] for token in ("AIA", "GOLD")] == before


@pytest.mark.parametrize("role", ["operator", "agent", "client", "auditor", "viewer"])
def test_only_treasurers_and_admins_dispose_of_the_treasury(secured, acting: Acting, role: str):
    client, root = acting("somebody", role), acting("root", "admin")
    before = head(root)
    for path, body in (
        ("treasury/mint", {"amount": 1}),
        ("treasury/burn", {"amount": 1}),
        ("treasury/fund", {"amount": 1, "agent_id": "somebody"}),
    ):
        refused(client.post(f"{ECONOMIC}/{path}", json=body), 403, "permission_denied")
    refused(
        client.put(f"{ECONOMIC}/parameters", json={"base_task_reward": 1}), 403, "permission_denied"
    )
    assert head(root) == before
    executed(root.post(f"{TREASURY}/mint", json={"amount": 1}))


# Agents


def test_a_registration_stakes_a_grant_or_nothing_is_registered(treasurer, acting, unique: str):
    agent = acting(unique, "agent")
    body = {"agent_id": unique, "initial_stake": "100"}
    put = f"{API}/agents/{unique}"

    poor = refused(agent.post(f"{API}/agents/register", json=body), 402, "insufficient_funds")
    refused(agent.put(put, json={"initial_stake": "100"}), 402, "insufficient_funds")
    assert poor["available"] == "0"
    assert agent.get(put).status_code == 404
    fund(treasurer, unique, "120")
    registered = agent.post(f"{API}/agents/register", json=body)

    assert registered.status_code == 201, registered.text
    assert registered.json()["tier"] == "bronze"
    enrolled = agent.post(f"{ECONOMIC}/agents/{unique}/register", json={"amount": 20}).json()
    assert (enrolled["account_id"], enrolled["balance"]) == (f"wallet:AIA:{unique}", "20")
    assert enrolled["order"] is None


def test_a_fleet_that_stakes_what_nobody_granted_is_not_applied(
    secured, treasurer, unique: str, tmp_path
):
    """`mas apply` says why, and leaves everything as it was."""
    fund(treasurer, f"{unique}-rich", "100")
    token = bearer("root", "admin")["authorization"].removeprefix("Bearer ")
    file = tmp_path / "fleet.yaml"
    file.write_text(
        f"kind: agents\nspec:\n"
        f"  {unique}-poor: {{initial_stake: 100}}\n  {unique}-rich: {{initial_stake: 100}}\n"
    )

    ended = subprocess.run(
        [*MAS, "apply", "-f", str(file), "--json"],
        env=os.environ | {"MAS_URL": secured.url, "MAS_TOKEN": token},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert ended.returncode == 7, ended.stderr
    assert "insufficient_funds" in ended.stdout + ended.stderr
    assert treasurer.get(f"{API}/agents/{unique}-poor").status_code == 404


def test_nobody_stakes_what_is_anothers(treasurer, acting: Acting, unique: str):
    fund(treasurer, unique, "100")
    body = {"agent_id": unique, "initial_stake": "100"}

    operator = acting("olga", "operator").post(f"{API}/agents/register", json=body)

    refused(operator, 403, "permission_denied")
    assert treasurer.get(f"{API}/agents/{unique}").status_code == 404
    other = acting(f"{unique}b", "agent")
    asked = other.post(f"{ECONOMIC}/agents/{unique}/register", json={"amount": 1})
    refused(asked, 403, "permission_denied")


def test_who_enters_the_economy_without_a_treasurer_needs_what_is_there(
    treasurer, acting, unique: str
):
    path = f"{ECONOMIC}/agents/{unique}/register"
    agent = acting(unique, "agent")

    refused(agent.post(path, json={"amount": "50"}), 402, "insufficient_funds")
    executed(treasurer.post(f"{TREASURY}/mint", json={"amount": "50"}))
    entered = treasurer.post(path, json={"amount": "50"}).json()

    assert entered["balance"] == "50"
    assert entered["order"]["kind"] == "fund"
    assert agent.post(path, json={"amount": "50"}).json()["balance"] == "50"
    refused(agent.post(path, json={"amount": "50.1"}), 402, "insufficient_funds")
    refused(agent.post(path, json={"amount": 0}), 422, "zero_amount")
    refused(agent.post(path, json={"amount": 1, "token": "SILVER"}), 422, "unknown_token")


# Parameters


def test_parameters_are_changed_in_the_revision_named(treasurer: httpx.Client):
    path = f"{ECONOMIC}/parameters"
    shown = treasurer.get(path)
    tag = shown.headers["etag"]
    assert shown.json()["tiers"][1] == {"name": "silver", "min_stake": "500", "multiplier": "1.2"}
    change = {
        "base_task_reward": "12.5",
        "jail_seconds": 60,
        "tiers": [
            {"name": "wood", "min_stake": 10, "multiplier": 1},
            {"name": "iron", "min_stake": "50.5", "multiplier": "1.25"},
        ],
        "reason": "more to do",
    }

    changed = executed(treasurer.put(path, json=change, headers={"if-match": tag}))

    assert changed["kind"] == "change_parameters"
    assert changed["order"]["changes"]["base_task_reward"] == "12.5"
    assert changed["order"]["changes"]["tiers"][1]["min_stake"] == "50.5"
    now = treasurer.get(path)
    assert now.headers["etag"] == f'"rev-{now.json()["revision"]}"'
    assert now.json()["revision"] == shown.json()["revision"] + 1
    assert (now.json()["base_task_reward"], now.json()["jail_seconds"]) == ("12.5", 60)
    assert now.json()["tiers"] == [
        {"name": "wood", "min_stake": "10", "multiplier": "1"},
        {"name": "iron", "min_stake": "50.5", "multiplier": "1.25"},
    ]
    late = treasurer.put(path, json={"jail_seconds": 1}, headers={"if-match": tag})
    refused(late, 412, "precondition_failed")
    assert treasurer.get(path).json() == now.json()
    same = executed(treasurer.put(path, json={"jail_seconds": 60}))
    assert same["result"] == {"revision": now.json()["revision"]}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"supply": {}}, "unknown_field", "supply"),
        ({"base_task_reward": -1}, "negative_amount", "base_task_reward"),
        ({"base_task_reward": "x"}, "invalid_amount", "base_task_reward"),
        ({"stake_per_task": 0}, "invalid_value", "stake_per_task"),
        ({"jail_seconds": -1}, "invalid_value", "jail_seconds"),
        ({"jail_seconds": 1.5}, "invalid_type", "jail_seconds"),
        ({"reporter_share_ppm": 1_000_001}, "invalid_value", "reporter_share_ppm"),
        ({"tiers": []}, "invalid_value", "tiers"),
        (
            {"tiers": [{"name": "a", "min_stake": 1, "multiplier": "0"}]},
            "invalid_value",
            "tiers.0.multiplier",
        ),
        (
            {"tiers": [{"name": "a", "min_stake": 1, "multiplier": "1.0000001"}]},
            "invalid_value",
            "tiers.0.multiplier",
        ),
        (
            {"tiers": [{"name": "A", "min_stake": "x", "multiplier": 1}]},
            "invalid_amount",
            "tiers.0.min_stake",
        ),
        ({"reason": "x" * 257}, "invalid_text", "reason"),
    ],
)
def test_bad_parameters_are_refused_and_change_nothing(treasurer, body, code, field):
    path = f"{ECONOMIC}/parameters"
    before = treasurer.get(path).json()

    problem = refused(treasurer.put(path, json=body), 422, code)

    assert problem["errors"][0]["field"] == field
    assert treasurer.get(path).json() == before
