"""Stakes and proposals, made over HTTP, for tests of what is told of them."""

from typing import Any

API = "/mas/api/v1"
ECONOMIC = f"{API}/economic"
PROPOSALS = f"{ECONOMIC}/governance/proposals"


def post(node: Any, path: str, **body: Any) -> int:
    answer = node.client.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return int(answer.headers["x-event-position"])


def staker(node: Any, agent_id: str) -> str:
    """Give an agent a stake, and with it a vote."""
    post(node, f"{ECONOMIC}/agents/{agent_id}/register", amount="200")
    post(node, f"{ECONOMIC}/agents/{agent_id}/stake", amount="150")
    return agent_id


def propose(node: Any, proposal_id: str, proposer: str) -> int:
    body = {"proposal_id": proposal_id, "title": "More tea", "kind": "text", "proposer": proposer}
    return post(node, PROPOSALS, **body)
