"""What tests of governance share: short kinds of proposals, who votes, and how a vote ends."""

from __future__ import annotations

import time
from typing import Any

import httpx

from .conftest import bearer
from .purses import ECONOMIC

PROPOSALS = f"{ECONOMIC}/governance/proposals"
DELEGATIONS = f"{ECONOMIC}/governance/delegations"
PATIENCE = 30.0
SHORT: dict[str, Any] = {
    "delay_seconds": 0,
    "period_seconds": 600,
    "quorum_ppm": 334_000,
    "threshold_ppm": 500_000,
    "veto_ppm": 334_000,
    "timelock_seconds": 0,
    "grace_seconds": 60,
    "deposit": "10",
}
KINDS = [
    {"name": "text", **SHORT},
    {"name": "treasury", "commands": ["fund"], **SHORT},
    {"name": "locked", "commands": ["fund"], **SHORT, "timelock_seconds": 600},
    {"name": "parameters", "commands": ["change_parameters"], **SHORT},
    {"name": "tiers", "commands": ["change_tiers"], **SHORT},
    {"name": "slash", "commands": ["slash"], **SHORT},
    {"name": "incentive", "commands": ["open_incentive", "cancel_incentive"], **SHORT},
    {"name": "later", **SHORT, "delay_seconds": 600},
    {"name": "brief", **SHORT, "period_seconds": 0.1},
]


def ok(answer: httpx.Response) -> Any:
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()


def endow(node: Any) -> None:
    """Have short proposals, and three agents with stakes."""
    with node.new_client(**bearer("tess", "treasurer")) as treasurer:
        ok(treasurer.post(f"{ECONOMIC}/treasury/mint", json={"amount": "100000"}))
        gov = {"amount": "1000", "token": "AIA_GOV"}
        ok(treasurer.post(f"{ECONOMIC}/treasury/mint", json=gov))
        ok(treasurer.post(f"{ECONOMIC}/treasury/fund", json={**gov, "account": "reward_pool"}))
        ok(treasurer.put(f"{ECONOMIC}/parameters", json={"proposal_kinds": KINDS}))
        for name, stake in (("ann", 300), ("bob", 400), ("eve", 300)):
            grant = {"amount": str(stake + 100), "agent_id": name}
            ok(treasurer.post(f"{ECONOMIC}/treasury/fund", json=grant))
            with node.new_client(**bearer(name, "agent")) as agent:
                ok(agent.post(f"{ECONOMIC}/agents/{name}/stake", json={"amount": str(stake)}))


def propose(client: httpx.Client, **changes: Any) -> str:
    answer = client.post(PROPOSALS, json={"title": "T", **changes})
    proposal = ok(answer)
    assert answer.headers["location"] == f"{PROPOSALS}/{proposal['proposal_id']}"
    return str(proposal["proposal_id"])


def until_it_is(client: httpx.Client, proposal_id: str, status: str) -> dict[str, Any]:
    ends = time.monotonic() + PATIENCE
    while True:
        proposal: dict[str, Any] = ok(client.get(f"{PROPOSALS}/{proposal_id}"))
        settled = proposal["deposit"] != "held" or status in {"active", "pending", "queued"}
        if proposal["status"] == status and settled:
            return proposal
        assert time.monotonic() < ends, proposal
        time.sleep(0.02)


def wallet_of(client: httpx.Client, owner: str, token: str = "AIA") -> dict[str, Any]:
    account: dict[str, Any] = ok(client.get(f"{ECONOMIC}/accounts/wallet:{token}:{owner}"))
    return account
