"""Profiles, leaderboards and the summary: what agents did to money is seen at once, and exactly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .nodes import assigned
from .purses import eventually

API = "/mas/api/v1"
ECONOMIC = f"{API}/economic"


class Earner:
    """An agent with a stake, whose tasks nobody else can do."""

    def __init__(self, client: httpx.Client, stake: int) -> None:
        self.client = client
        self.agent_id = f"earner-{uuid4().hex[:12]}"
        body = {"skills": {self.agent_id: 1.0}, "cost_per_task": "3", "initial_stake": str(stake)}
        answer = client.put(f"{API}/agents/{self.agent_id}", json=body)
        assert answer.status_code == 201, answer.text

    def work(self, rating: float, **more: Any) -> int:
        """Do a task that is rated; returns the position of the rating."""
        body = {"task_type": "work", "requirements": {"skills": [self.agent_id]}, **more}
        submitted = self.post(f"{API}/agents/tasks/submit", **body).json()
        # Mostly it has its agent already. Not while the dispatcher leads nowhere for a moment: on a
        # machine that stands still for seconds, its lease is lost and taken anew.
        task = assigned(self.client, submitted["task_id"])
        assert task["agent_id"] == self.agent_id, task
        path = f"{API}/agents/tasks/{task['task_id']}"
        self.post(f"{path}/complete", agent_id=self.agent_id, lease=task["lease"])
        rated = self.post(f"{path}/rate", rating=rating)
        return int(rated.headers["x-event-position"])

    def post(self, path: str, **body: Any) -> httpx.Response:
        answer = self.client.post(path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer

    def profile(self, **query: Any) -> dict[str, Any]:
        answer = self.client.get(f"{ECONOMIC}/agents/{self.agent_id}", params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert int(answer.headers["x-event-position"]) == found["as_of"]
        return found

    def paid(self, amount: str) -> dict[str, Any]:
        """Return the profile once so much was earned; the settlement is a process of its own."""
        eventually(lambda: self.profile()["earnings"]["all"]["total"]["AIA"], amount)
        return self.profile()


@pytest.fixture(scope="module")
def earner(node: Any) -> Earner:
    """A silver agent that has done two tasks, one of them for a payer."""
    earner = Earner(node.client, 600)
    payer = f"payer-{uuid4().hex[:12]}"
    earner.post(f"{ECONOMIC}/agents/{payer}/register", amount="100")
    earner.work(1.0)
    earner.work(0.5, payer=payer, max_cost="5")
    return earner


def test_a_profile_tells_what_was_earned_and_with_what(earner: Earner) -> None:
    # 10 x 1.2 x (1 + 0.8 x 0.5 + 0.1) and 10 x 1.2 x (1 + 0.1), and the price of one of them.
    found = earner.paid("34.2")

    assert found["earnings"]["1h"]["by_kind"] == {
        "payments": {"AIA": "3"},
        "tasks": {"AIA": "31.2", "AIA_GOV": "2"},
    }
    assert (found["tier"], found["multiplier"], found["rewarded_tasks"]) == ("silver", 1.2, 6)
    assert found["next_tier"] == {
        "name": "gold", "min_stake": "2000", "missing": "1400", "multiplier": 1.5,
    }  # fmt: skip
    balances = found["balances"]["AIA"]
    assert (balances["wallet"], balances["staked"], balances["held"]) == ("34.2", "600", "0")
    assert (found["staked"], found["unbonding"], found["registered"]) == ("600", "0", True)
    assert found["voting_power"] == "600"
    assert found["reputation"]["ratings"] == 2
    assert found["rank"]["stake"] <= found["rank"]["stakers"]
    assert found["earnings"]["7d"]["since"].endswith("T00:00:00Z")


def test_transactions_of_an_agent_are_those_that_touch_its_accounts(earner: Earner) -> None:
    earner.paid("34.2")
    path = f"{ECONOMIC}/agents/{earner.agent_id}/transactions"

    everything = earner.client.get(path, params={"total": True}).json()
    rewards = earner.client.get(path, params={"reason": "task_reward"}).json()["items"]
    page = earner.client.get(path, params={"limit": 1, "sort": "position"}).json()
    following = earner.client.get(
        path, params={"limit": 1, "sort": "position", "cursor": page["next_cursor"]}
    ).json()

    assert everything["total"] == len(everything["items"]) >= 4
    account = f"wallet:AIA:{earner.agent_id}"
    earned = [
        Decimal(leg["amount"])
        for item in rewards
        for leg in item["moved"]
        if leg["account"] == account
    ]
    assert sum(earned) == Decimal("31.2")
    assert page["items"][0]["position"] < following["items"][0]["position"]


def test_leaderboards_rank_agents(earner: Earner) -> None:
    last = Earner(earner.client, 200).work(0.1)
    earner.paid("34.2")

    def board(**query: Any) -> dict[str, dict[str, Any]]:
        answer = earner.client.get(
            f"{ECONOMIC}/leaderboard", params={"limit": 500, "min_position": last, **query}
        )
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert [item["rank"] for item in items] == sorted(item["rank"] for item in items)
        return {item["agent_id"]: item for item in items}

    mine = board(by="stake")[earner.agent_id]
    assert (mine["value"], mine["tier"], mine["stake"]) == ("600", "silver", "600")
    assert board(window="24h")[earner.agent_id]["value"] == "34.2"
    assert board(by="completed")[earner.agent_id]["value"] == "2"
    # (5 x 0.5 + 1 + 0.5) / 7
    assert board(by="reputation")[earner.agent_id]["value"] == "0.571428"
    assert board(token="AIA_GOV")[earner.agent_id]["value"] == "2"


def test_the_summary_adds_everybody_up(earner: Earner) -> None:
    earner.paid("34.2")

    answer = earner.client.get(f"{ECONOMIC}/summary")
    summary = answer.json()

    assert int(answer.headers["x-event-position"]) == summary["as_of"]
    aia = summary["tokens"]["AIA"]
    system = sum(Decimal(each) for each in aia["system"].values())
    assert Decimal(aia["supply"]) == Decimal(aia["circulating"]) + system
    tiers = {tier["name"]: tier for tier in summary["stake"]["tiers"]}
    assert tiers["silver"]["agents"] >= 1
    assert Decimal(tiers["silver"]["stake"]) >= 600
    assert 0 <= summary["stake"]["gini"] < 1
    pool = summary["pools"][0]
    assert (pool["name"], pool["token"]) == ("rewards", "AIA")
    assert Decimal(pool["spent"]["24h"]) >= Decimal("31.2")
    assert pool["runway_seconds"] > 0
    assert Decimal(summary["rewards"]["1h"]["by_kind"]["tasks"]["AIA"]) >= Decimal("31.2")
    assert summary["top_earners"]


def test_monitoring_systems_are_told(earner: Earner) -> None:
    earner.paid("34.2")

    lines = earner.client.get("/metrics").text.splitlines()
    told = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in lines}

    assert float(told['aia_mas_token_supply{token="AIA"}']) > 0
    assert float(told['aia_mas_tier_agents{tier="silver"}']) >= 1
    assert float(told['aia_mas_earned_tokens_total{kind="tasks",token="AIA"}']) >= 31.2
    assert float(told['aia_mas_pool_runway_seconds{pool="rewards",token="AIA"}']) > 0
    assert 'aia_mas_proposals{status="active"}' in told


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("agents/nobody-has-this-id", {}, 404, "agent_not_found"),
        ("agents/nobody-has-this-id/transactions", {}, 404, "agent_not_found"),
        ("agents/a%20b", {}, 422, "invalid_id"),
        ("leaderboard", {"by": "beauty"}, 400, "invalid_parameter"),
        ("leaderboard", {"window": "2h"}, 400, "invalid_parameter"),
        ("leaderboard", {"token": "DOGE"}, 400, "invalid_parameter"),
        ("leaderboard", {"limit": 0}, 400, "invalid_parameter"),
        ("summary", {"when": "now"}, 400, "unknown_parameter"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    client: httpx.Client, path: str, query: dict[str, Any], status: int, code: str
) -> None:
    answer = client.get(f"{ECONOMIC}/{path}", params=query)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
