"""The examples of the economy in the documentation: each does what it says, in one story."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

AGENT = "data_analyst_001"
ECONOMIC = "/mas/api/v1/economic"
NOTHING_TO_SAY = {
    *("claim_rewards", "close_statement", "execute_proposal", "unjail_agent", "void_transfer"),
    "withdraw_votes",
}
"""Operations whose body is empty."""


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: the examples change parameters."""
    return start_for_module()


class Story:
    """Carries out examples as they stand, on what has come of those before.

    Attributes:
        told: The operations that were carried out.
    """

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.told: set[str] = set()
        self.examples: dict[str, tuple[str, str, Any]] = {}
        for path, item in client.get("/openapi.json").json()["paths"].items():
            for method, operation in item.items():
                content = operation.get("requestBody", {}).get("content", {})
                if path.startswith(ECONOMIC) and (body := content.get("application/json")):
                    example = body.get("example")
                    self.examples[operation["operationId"]] = method, path, example

    def do(self, name: str, body: Any = None, **places: str) -> dict[str, Any]:
        method, path, example = self.examples[name]
        path = path.format(**{"agent_id": AGENT, **places})
        answer = self.client.request(method, path, json=example if body is None else body)
        assert answer.status_code in {200, 201}, (name, answer.text)
        self.told.add(name)
        told: dict[str, Any] = answer.json()
        return told

    def proposal(self) -> str:
        """Propose what the example proposes; returns its id once it is voted on."""
        proposal_id = str(self.do("create_proposal")["proposal_id"])
        until = time.monotonic() + 60.0
        while time.monotonic() < until:
            path = f"{ECONOMIC}/governance/proposals/{proposal_id}"
            if self.client.get(path).json()["status"] == "active":
                return proposal_id
        raise AssertionError(self.client.get(path).text)


def test_every_example_can_be_sent_as_it_stands(node: Any) -> None:
    story = Story(node.client)
    without = {name for name, (_, _, example) in story.examples.items() if example is None}
    assert without == NOTHING_TO_SAY

    for name in ("mint_tokens", "burn_tokens", "register_agent_economically", "fund_account"):
        story.do(name)
    moved = story.do("make_transfer")["transfer_id"]
    story.do("make_transfers")
    story.do("reverse_transfer", transfer_id=moved)
    pending = {**story.examples["make_transfer"][2], "pending": True, "timeout": 600}
    held = story.do("make_transfer", pending)["transfer_id"]
    story.do("post_transfer", transfer_id=held)
    budget = story.do("create_budget")["budget_id"]
    story.do("set_budget", budget_id="research")
    assert budget != "research"
    program = story.do("open_incentive")["result"]["program_id"]
    story.do("cancel_incentive", program_id=program)

    story.do("stake")
    story.do("change_economic_parameters")
    terms = {"unbonding_seconds": 3_600, "reason": "so that there is something to be cancelled"}
    story.do("change_economic_parameters", terms)
    unbonding = story.do("unstake")["unbondings"][-1]["unbonding_id"]
    story.do("cancel_unstake", {"unbonding_id": unbonding})
    for name in ("delegate_stake", "undelegate_stake", "slash_agent", "delegate_votes"):
        story.do(name)
    # Its votes are its own again, for it votes itself.
    node.client.delete(f"{ECONOMIC}/governance/delegations/{AGENT}")
    story.do("cast_vote", proposal_id=story.proposal())
    story.do("cancel_proposal", proposal_id=story.proposal())
    story.do("veto_proposal", proposal_id=story.proposal())

    assert story.told == story.examples.keys() - without
