"""The examples of the economy in the documentation: every command has one that can be sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"
ANALYST, OTHER = "data_analyst_001", "data_analyst_002"
NOTHING_TO_SAY = {
    *("claim_rewards", "close_statement", "execute_proposal", "unjail_agent", "void_transfer"),
    "withdraw_votes",
}
"""Operations whose body is empty."""
STORY = (
    *("mint_tokens", "fund_account", "register_agent_economically", "burn_tokens"),
    *("make_transfer", "make_transfers", "post_transfer", "reverse_transfer", "void_transfer"),
    *("close_statement", "stake", "delegate_stake", "undelegate_stake", "unstake"),
    *("slash_agent", "create_budget", "set_budget"),
    *("change_economic_parameters", "delegate_votes", "withdraw_votes"),
    *("open_incentive", "cancel_incentive", "create_proposal", "cast_vote", "veto_proposal"),
)
"""In this order each can be carried out."""
TOO_EARLY = {
    "claim_rewards": "nothing_to_claim",
    "cancel_unstake": "unbonding_not_found",
    "unjail_agent": "not_jailed",
    "execute_proposal": "proposal_not_queued",
    "cancel_proposal": "proposal_finished",
}
"""For these something else must have happened, or time passed: they are refused as they should."""


@pytest.fixture(scope="module")
def client(start_for_module: Callable[..., Any]) -> httpx.Client:
    """A client of a node of its own, where the analysts work."""
    client: httpx.Client = start_for_module().client
    for name in (ANALYST, OTHER, "auditor_001"):
        body = {"agent_id": name, "skills": {"python": 1.0}}
        assert client.post(f"{API}/agents/register", json=body).status_code == 201
    return client


def test_every_example_of_the_economy_can_be_sent_as_it_stands(client: httpx.Client) -> None:
    examples: dict[str, tuple[str, str, Any]] = {}
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body and "economy" in operation["tags"]:
                examples[operation["operationId"]] = (method, path, body.get("example"))
    missing = {name for name, (_, _, example) in examples.items() if example is None}
    assert missing == NOTHING_TO_SAY
    assert examples.keys() == {*STORY, *TOO_EARLY}
    places = {
        "agent_id": ANALYST, "month": "2020-01", "account_id": f"wallet:AIA:{ANALYST}",
        "budget_id": "research", "program_id": "", "proposal_id": "",
    }  # fmt: skip

    def sent(name: str) -> httpx.Response:
        method, path, example = examples[name]
        return client.request(method, path.format(**places), json=example)

    def pending() -> str:
        example = examples["make_transfer"][2] | {"pending": True}
        answer = client.post(f"{API}/economic/transfers", json=example)
        return str(answer.json()["transfer_id"])

    for name in STORY:
        if name in {"post_transfer", "void_transfer"}:
            places["transfer_id"] = pending()
        answer = sent(name)
        assert answer.status_code in {200, 201, 204}, (name, answer.status_code, answer.text)
        if made := re.search('"(proposal_id|program_id)":"([^"]+)"', answer.text):
            places[made[1]] = made[2]
    for name, code in TOO_EARLY.items():
        answer = sent(name)
        assert answer.json().get("code") == code, (name, answer.text)
