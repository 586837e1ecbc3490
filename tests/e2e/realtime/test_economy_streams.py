"""The economy and its proposals as they happen: latest figures, facts with votes, snapshots."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .conftest import Dashboard
from .economy_at_work import API, ECONOMIC, PROPOSALS, post, propose, staker

Watch = Callable[..., Dashboard]


def test_figures_of_the_economy_come_at_once_and_when_they_change(
    node: Any, watch: Watch, unique: str
) -> None:
    board = watch(node)
    answer = board.subscribe("economy")
    assert answer["data"]["topic"] == "economy"
    before = board.next("economic_update")
    assert before["id"] == "economy"
    assert "position" not in before

    position = post(node, f"{ECONOMIC}/agents/{unique}/register", amount="7.5")
    while (after := board.next("economic_update"))["as_of"] < position:
        pass

    def circulating(frame: dict[str, Any]) -> Decimal:
        return Decimal(frame["data"]["tokens"]["AIA"]["circulating"])

    assert circulating(after) >= circulating(before) + Decimal("7.5")
    assert after["data"]["as_of"] == after["as_of"]
    assert board.subscribe("economy", filter={"events": ["x.y"]})["type"] == "error"


def test_proposals_and_votes_are_facts_in_order(node: Any, watch: Watch, unique: str) -> None:
    voter = staker(node, unique)
    board = watch(node)
    board.subscribe("proposals", filter={"proposal_ids": [f"{unique}-p"]})

    propose(node, f"{unique}-other", voter)
    first = propose(node, f"{unique}-p", voter)
    post(node, f"{PROPOSALS}/{unique}-p/votes", voter=voter, choice="veto", reason="coffee")
    facts = [board.next("proposal_update") for _ in range(3)]

    told = [(fact["data"]["event"], fact["data"].get("status")) for fact in facts]
    assert told == [
        ("proposal.created", "pending"), ("proposal.activated", "active"), ("vote.cast", None),
    ]  # fmt: skip
    assert [fact["position"] for fact in facts] == sorted(fact["position"] for fact in facts)
    vote = facts[2]["data"]
    assert {key: vote[key] for key in ("voter", "choice", "own", "proposal_id", "reason")} == {
        "voter": voter, "choice": "veto", "own": "150", "proposal_id": f"{unique}-p",
        "reason": "coffee",
    }  # fmt: skip

    again = watch(node)
    resumed = again.subscribe(
        "proposals",
        after=first,
        epoch=node.run(_epoch(node)),
        filter={"proposal_ids": [f"{unique}-p"]},
    )
    assert resumed["recovered"]
    assert again.next("proposal_update")["data"]["event"] == "vote.cast"


async def _epoch(node: Any) -> str:
    return str(node.system.hub.epoch)


def test_a_snapshot_of_proposals_is_followed_by_their_facts(
    node: Any, watch: Watch, unique: str
) -> None:
    voter = staker(node, unique)
    for name in ("a", "b"):
        propose(node, f"{unique}-{name}", voter)
    # A snapshot may be of a moment ago: not of one before these.
    position = node.client.get(f"{API}/audit/head").json()["position"]
    listed = node.client.get(PROPOSALS, params={"min_position": position})
    assert listed.status_code == 200
    board = watch(node)

    board.subscribe("proposals", snapshot=True, filter={"agent_ids": [unique]})
    page = board.next("snapshot")
    post(node, f"{PROPOSALS}/{unique}-a/votes", voter=voter, choice="yes")
    vote = board.next("proposal_update")

    items = page["data"]["items"]
    assert (page["data"]["first"], page["data"]["done"]) == (True, True)
    assert [item["proposal_id"] for item in items] == [f"{unique}-b", f"{unique}-a"]
    assert {item["status"] for item in items} == {"active"}
    assert items[0]["version"] == 2
    assert vote["position"] > page["position"]
    assert vote["data"]["event"] == "vote.cast"


def test_a_snapshot_of_budgets_is_followed_by_their_facts(
    node: Any, watch: Watch, unique: str
) -> None:
    staker(node, unique)
    terms = {"scope": "owner", "match": unique, "amount": "5", "period": "once"}
    position = post(node, f"{ECONOMIC}/budgets", budget_id=unique, **terms)
    assert node.client.get(f"{ECONOMIC}/budgets/{unique}", params={"min_position": position})
    board = watch(node)

    answer = board.subscribe("budgets", snapshot=True)
    page = board.next("snapshot")
    post(
        node, f"{API}/agents/tasks/submit",
        task_type=unique, description="x", payer=unique, max_cost="4",
        requirements={"skills": [f"{unique}-none"]},
    )  # fmt: skip
    facts: list[dict[str, Any]] = []
    while len(facts) < 2:
        fact = board.next("budget_update")
        # The budgets of other tests go on.
        facts += [fact] if fact["data"]["budget_id"] == unique else []

    assert (answer["snapshot"], answer["position"]) == (True, None)
    assert (page["data"]["first"], page["data"]["done"]) == (True, True)
    (item,) = (item for item in page["data"]["items"] if item["budget_id"] == unique)
    told = ("status", "amount", "lasts", "period", "held", "revision")
    assert [item[name] for name in told] == ["active", "5", "once", None, "0", 1]
    assert all(fact["position"] > page["position"] for fact in facts)
    assert [(fact["data"]["event"], fact["data"]["used"]) for fact in facts] == [
        ("budget.held", "4"), ("budget.warned", "4"),
    ]  # fmt: skip


def test_other_topics_have_no_proposals(node: Any, watch: Watch, unique: str) -> None:
    board = watch(node)
    board.subscribe("agents", snapshot=True, filter={"proposal_ids": [unique]})

    assert board.next("snapshot")["data"]["items"] == []
    board.subscribe("budgets", snapshot=True, filter={"proposal_ids": [unique]})
    assert board.next("snapshot")["data"]["items"] == []


def test_event_streams_tell_both(node: Any, unique: str) -> None:
    voter = staker(node, unique)
    query = {"topic": ["economy", "proposals"], "proposal_id": unique}
    with node.new_client() as client, client.stream("GET", f"{API}/stream", params=query) as stream:
        assert stream.status_code == 200
        propose(node, unique, voter)
        kinds: list[str] = []
        for line in stream.iter_lines():
            if line.startswith("event: "):
                kinds.append(line.removeprefix("event: "))
            elif line.startswith("data: ") and kinds and kinds[-1] == "proposal_update":
                told = json.loads(line.removeprefix("data: "))
                break
    assert told["data"]["proposal_id"] == unique
    assert "economic_update" in kinds
    assert kinds.count("subscribed") == 2
