"""Staking over HTTP: what moves, what counts, what is refused with which code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.accounts import reward_pool
from aia_mas.domain.economy.staking.rewards import NotifyStakingRewards
from aia_mas.domain.kernel import Principal, Role
from aia_mas.domain.kernel.money import ONE

from .problems import API
from .purses import ECONOMIC
from .stakers import Of, give, rich, set_terms, until_it_is


@pytest.fixture(scope="module")
def bank(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: its parameters and pools are changed."""
    node = start_for_module()
    give(node, reward_pool(), 10_000)
    return node


def test_the_tiers_are_data(client: httpx.Client) -> None:
    tiers = client.get(f"{ECONOMIC}/tiers").json()["items"]

    assert [(tier["name"], tier["min_stake"], tier["multiplier"]) for tier in tiers] == [
        ("bronze", "100", "1"),
        ("silver", "500", "1.2"),
        ("gold", "2000", "1.5"),
        ("platinum", "5000", "1.75"),
        ("diamond", "10000", "2"),
    ]


def test_stake_makes_the_tier_of_an_agent(node: Any, client: httpx.Client) -> None:
    me = Of(client, rich(node))
    agent = {"agent_id": me.agent_id, "skills": {me.agent_id: 1}}
    assert client.post(f"{API}/agents/register", json=agent).json()["tier"] is None

    staked = me.post("stake", amount="600")

    assert (staked["bonded"], staked["effective"]) == ("600", "600")
    shown = me.stake()
    assert (shown["tier"], shown["multiplier"]) == ("silver", "1.2")
    reached = {"min_position": me.position}
    listed = client.get(f"{API}/agents/{me.agent_id}", params=reached).json()
    assert (listed["tier"], listed["stake"]) == ("silver", "600")
    found = client.get(f"{API}/agents", params={"tier": "silver", "limit": 500}).json()["items"]
    assert me.agent_id in {each["agent_id"] for each in found}
    changed = client.patch(f"{API}/agents/{me.agent_id}", json={"cost_per_task": "1"}).json()
    assert (changed["tier"], changed["stake"]) == ("silver", "600")

    me.post("unstake", amount="150.5")

    assert (me.stake()["tier"], me.stake()["bonded"]) == ("bronze", "449.5")
    me.post("unstake")
    assert (me.stake()["tier"], me.stake()["bonded"]) == (None, "0")


def test_work_that_asks_for_a_tier_comes_to_whoever_has_it_by_now(
    node: Any, client: httpx.Client
) -> None:
    me = Of(client, rich(node))
    skill = me.agent_id
    client.post(f"{API}/agents/register", json={"agent_id": skill, "skills": {skill: 1}})
    wanted = {"skills": [skill], "min_tier": "bronze"}
    task = client.post(
        f"{API}/agents/tasks/submit", json={"task_type": "t", "requirements": wanted}
    ).json()
    assert task["agent_id"] is None

    me.post("stake", amount="100")

    claimed = client.post(f"{API}/agents/{skill}/claim", json={"wait": 30}).json()["items"]
    assert [each["task_id"] for each in claimed] == [task["task_id"]]


@pytest.mark.parametrize(
    ("action", "body", "status", "code"),
    [
        ("stake", {"amount": "1000.000000000000000001"}, 402, "insufficient_funds"),
        ("stake", {"amount": "0.0000000000000000001"}, 422, "invalid_amount"),
        ("stake", {"amount": "0"}, 422, "zero_amount"),
        ("stake", {"amount": "-1"}, 422, "negative_amount"),
        ("stake", {"amount": 1e40}, 422, "amount_too_large"),
        ("stake", {"amount": "NaN"}, 422, "invalid_amount"),
        ("stake", {"amount": 1, "token": "EUR"}, 422, "unknown_token"),
        ("stake", {}, 422, "missing_field"),
        ("unstake", {"amount": "0.1"}, 409, "insufficient_stake"),
        ("unstake", {"amount": "1", "token": "AIA_GOV"}, 409, "insufficient_stake"),
        ("unstake/cancel", {"unbonding_id": "none"}, 404, "unbonding_not_found"),
        ("delegate", {"to": "x", "amount": "1"}, 409, "insufficient_stake"),
        ("delegate", {"to": "a b", "amount": "1"}, 422, "invalid_id"),
        ("undelegate", {"to": "x"}, 404, "delegation_not_found"),
        ("undelegate", {}, 422, "invalid_value"),
        ("slash", {"evidence_id": "e", "fraction": 0}, 422, "invalid_fraction"),
        ("slash", {"evidence_id": "e", "fraction": 0.0000001}, 422, "invalid_fraction"),
        ("slash", {"evidence_id": "e", "fraction": 1.5}, 422, "invalid_fraction"),
        ("slash", {"evidence_id": "e"}, 422, "invalid_value"),
        ("slash", {"evidence_id": "e", "amount": "1"}, 409, "nothing_to_slash"),
        ("unjail", {}, 409, "not_jailed"),
        ("claim-rewards", {}, 409, "nothing_to_claim"),
    ],
)
def test_bad_input_has_its_code_and_changes_nothing(
    node: Any, client: httpx.Client, action: str, body: dict[str, Any], status: int, code: str
) -> None:
    assert Of(client, rich(node)).refused(action, **body) == (status, code)


def test_nobody_delegates_to_itself(node: Any, client: httpx.Client) -> None:
    me = Of(client, rich(node))
    me.post("stake", amount="100")

    assert me.refused("delegate", to=me.agent_id, amount="1") == (422, "self_delegation")


def test_dust_is_not_delegated(bank: Any) -> None:
    set_terms(bank, unbonding_seconds=3_600)
    me = Of(bank.client, rich(bank))
    me.post("stake", amount="100")
    parameters = bank.client.get(f"{ECONOMIC}/parameters").json()
    assert parameters["min_delegation"] == "10"

    assert me.refused("delegate", to="x", amount="9.99") == (422, "delegation_too_small")
    me.post("delegate", to="x", amount="25")
    me.post("delegate", to="x", amount="0.5")
    assert me.refused("undelegate", to="x", amount="9") == (422, "delegation_too_small")
    assert me.refused("undelegate", to="x", amount="16") == (422, "delegation_too_small")

    me.post("undelegate", to="x", amount="15.5")
    assert me.stake()["delegated"] == "25.5"
    set_terms(bank)


def test_a_repeated_request_is_carried_out_once(node: Any, client: httpx.Client) -> None:
    me = Of(client, rich(node))
    key = {"idempotency-key": f"stake-{me.agent_id}"}
    path = f"{ECONOMIC}/agents/{me.agent_id}/stake"

    answers = [client.post(path, json={"amount": "100"}, headers=key) for _ in range(3)]

    assert {answer.text for answer in answers} == {answers[0].text}
    written = int(answers[0].headers["x-event-position"])
    assert me.stake(written)["bonded"] == "100"


def test_stake_unbonds_over_a_period_in_which_it_can_be_kept(
    bank: Any,
) -> None:
    set_terms(bank, unbonding_seconds=3_600)
    me, other = Of(bank.client, rich(bank)), Of(bank.client, rich(bank))
    me.post("stake", amount="500")

    out = me.post("unstake", amount="200")

    (unbonding,) = out["unbondings"]
    assert (out["bonded"], out["unbonding"], unbonding["amount"]) == ("300", "200", "200")
    back = me.post("unstake/cancel", unbonding_id=unbonding["unbonding_id"])
    assert (back["bonded"], back["unbonding"], back["unbondings"]) == ("500", "0", [])
    me.post("delegate", to=other.agent_id, amount="100")
    assert (me.stake()["effective"], other.stake()["effective"]) == ("400", "100")
    me.post("undelegate", to=other.agent_id, amount="40")
    assert (me.stake()["effective"], other.stake()["effective"]) == ("400", "60")
    other.post("undelegate", from_agent=me.agent_id)
    assert (me.stake()["effective"], other.stake()["effective"]) == ("400", "0")
    set_terms(bank, unbonding_seconds=1)
    me.post("unstake", amount="10")
    released = until_it_is(me, lambda stake: stake["unbonding"] == "0")
    assert released["bonded"] == "490"


def test_an_agent_that_goes_missing_is_jailed_until_it_asks_to_be_out(bank: Any) -> None:
    set_terms(bank, jail_lost_tasks=1, jail_seconds=0)
    client, me = bank.client, Of(bank.client, rich(bank))
    name = me.agent_id
    client.post(f"{API}/agents/register", json={"agent_id": name, "skills": {name: 1}})
    me.post("stake", amount="500")
    wanted = {"task_type": "t", "requirements": {"skills": [name]}, "lease_seconds": 1}
    once = {"retry": {"max_attempts": 1}}
    client.post(f"{API}/agents/tasks/submit", json={**wanted, **once})
    (task,) = client.post(f"{API}/agents/{name}/claim", json={"wait": 30}).json()["items"]
    report = {"agent_id": name, "lease": task["lease"]}
    client.post(f"{API}/agents/tasks/{task['task_id']}/start", json=report)

    jailed = until_it_is(me, lambda stake: stake["jailed_until"] is not None)

    assert (jailed["bonded"], jailed["effective"], jailed["tier"]) == ("500", "0", None)
    assert me.refused("delegate", to="x", amount="100") == (409, "stake_jailed")
    reached = {"min_position": me.position}
    assert client.get(f"{API}/agents/{name}", params=reached).json()["tier"] is None
    assert me.post("unjail")["jailed_until"] is None
    assert me.stake()["tier"] == "silver"
    assert me.refused("unjail") == (409, "not_jailed")
    set_terms(bank)


def test_slashing_takes_the_same_share_of_everything_once_for_each_evidence(bank: Any) -> None:
    set_terms(bank, unbonding_seconds=3_600)
    me, friend = Of(bank.client, rich(bank)), Of(bank.client, rich(bank))
    reporter = f"reporter-{uuid4().hex[:8]}"
    me.post("stake", amount="500")
    friend.post("stake", amount="500")
    friend.post("delegate", to=me.agent_id, amount="300")
    me.post("unstake", amount="200")
    evidence = f"case-{uuid4()}"

    order = me.post("slash", evidence_id=evidence, fraction=0.1, reporter=reporter)

    assert order["status"] == "executed"
    assert order["result"]["slashed"] == "80"
    assert order["result"]["from_delegators"] == "30"
    assert order["result"]["reporter_share"] == "8"
    mine, theirs = me.stake(), friend.stake()
    assert (mine["bonded"], mine["unbonding"], mine["received"]) == ("270", "180", "270")
    assert (theirs["bonded"], theirs["delegated"]) == ("470", "270")
    again = me.refused("slash", evidence_id=evidence, amount="1")
    assert again == (409, "evidence_already_used")
    set_terms(bank)


def test_rewards_are_earned_by_stake_and_paid_once(bank: Any) -> None:
    me, other = Of(bank.client, rich(bank, 500)), Of(bank.client, rich(bank, 100))
    for each, amount in ((me, "500"), (other, "100")):
        each.post("stake", amount=amount)
    assert other.stake()["claimable"] == "0"  # the settlement knows of both
    earning = sum(
        share.earning * (12 if share.earning >= 500 * ONE else 10) // 10
        for share in bank.system.economy.earnings.index.shares.values()
        if share.earning >= 100 * ONE
    )
    treasurer = Origin(Principal("tess", frozenset({Role.TREASURER})))
    reward = NotifyStakingRewards(amount=700 * ONE)
    bank.run(bank.system.economy.orders.place(f"order-{uuid4()}", reward, treasurer))

    exact = 700 * ONE * 600 * ONE // earning
    claimable = me.stake()["claimable"]
    assert abs(float(claimable) - exact / ONE) < 1e-6
    paid = me.post("claim-rewards")
    assert paid["result"]["amount"] == claimable
    assert (me.stake()["claimable"], me.stake()["claimed"]) == ("0", claimable)
    assert me.refused("claim-rewards") == (409, "nothing_to_claim")


def test_an_agent_that_leaves_gets_its_stake_back(node: Any, client: httpx.Client) -> None:
    me = Of(client, rich(node))
    client.post(f"{API}/agents/register", json={"agent_id": me.agent_id})
    me.post("stake", amount="400")

    client.delete(f"{API}/agents/{me.agent_id}")

    assert until_it_is(me, lambda stake: stake["bonded"] == "0")["unbonding"] == "0"
    client.post(f"{API}/agents/register", json={"agent_id": me.agent_id})
    assert me.post("stake", amount="1000")["bonded"] == "1000"


def test_everybody_disposes_of_its_own_stake_only(
    secured: Any, acting: Callable[..., httpx.Client]
) -> None:
    ann, bob = rich(secured), rich(secured)
    path = f"{ECONOMIC}/agents/{ann}/stake"

    def status(client: httpx.Client, action: str = "stake", **body: Any) -> tuple[int, str]:
        body = {"amount": "10"} if action == "stake" else body
        answer = client.post(f"{ECONOMIC}/agents/{ann}/{action}", json=body)
        return answer.status_code, answer.json().get("code", "")

    assert status(acting(ann, "agent")) == (200, "")
    assert status(acting(ann, "client")) == (200, "")
    assert status(acting("tess", "treasurer")) == (200, "")
    denied = (403, "permission_denied")
    assert status(acting(bob, "agent")) == denied
    assert status(acting(bob, "client")) == denied
    assert status(acting("ops", "operator")) == denied
    assert status(acting("vic", "viewer")) == denied
    slash = {"evidence_id": "e", "amount": "1"}
    assert status(acting(bob, "agent"), "slash", **slash) == denied
    assert status(acting("ops", "operator"), "slash", **slash) == denied
    assert status(acting(bob, "agent"), "claim-rewards") == denied
    assert acting("vic", "viewer").get(path).json()["bonded"] == "30"
