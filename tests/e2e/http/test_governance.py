"""Governance over real HTTP: proposals from the beginning to the end, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .conftest import KEY, bearer
from .problems import refused
from .voting import (
    DELEGATIONS,
    ECONOMIC,
    KINDS,
    PATIENCE,
    PROPOSALS,
    SHORT,
    endow,
    ok,
    propose,
    until_it_is,
    wallet_of,
)


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys, whose proposals do not take long, and three agents with stakes."""
    node = start_for_module(jwt_secret=KEY)
    endow(node)
    return node


@pytest.fixture(scope="module")
def people(secured: Any) -> Iterator[dict[str, httpx.Client]]:
    """Clients by name."""
    roles = dict.fromkeys(("ann", "bob", "eve", "dan"), "agent")
    roles |= {"tess": "treasurer", "otto": "operator", "vera": "viewer", "adam": "admin"}
    clients = {name: secured.new_client(**bearer(name, role)) for name, role in roles.items()}
    yield clients
    for client in clients.values():
        client.close()


def test_a_payment_is_proposed_voted_on_and_made(people: dict[str, httpx.Client]):
    ann, bob, vera = people["ann"], people["bob"], people["vera"]
    proposal_id = propose(
        ann,
        kind="treasury",
        commands=[{"kind": "fund", "agent_id": "zoe", "amount": "12.5"}],
    )
    assert wallet_of(vera, "ann")["held"] == "10"
    shown = ok(vera.get(f"{PROPOSALS}/{proposal_id}", params={"voter": "bob"}))
    assert shown["status"] == "active"
    assert shown["proposer"] == "ann"
    assert shown["commands"][0]["amount"] == "12.5"
    assert shown["voting_power"] == {"voter": "bob", "own": "400", "delegated": "0"}
    assert shown["tally"]["total"] == "1000"

    voted = ann.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes", "reason": "so"})
    assert voted.status_code == 200
    tally = ok(vera.get(f"{PROPOSALS}/{proposal_id}/tally"))
    assert (tally["tally"]["yes"], tally["quorum"], tally["tally"]["final"]) == (
        "300",
        "334",
        False,
    )
    ok(bob.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))

    done = until_it_is(vera, proposal_id, "executed")
    assert (done["deposit"], done["decided_early"]) == ("refunded", True)
    assert done["tally"]["final"] is True
    assert done["tally"]["yes"] == "700"
    assert done["orders"] == [f"proposal:{proposal_id}:0"]
    assert ok(vera.get(f"{ECONOMIC}/orders/{done['orders'][0]}"))["status"] == "executed"
    assert wallet_of(vera, "zoe")["balance"] == "12.5"
    assert wallet_of(vera, "ann")["held"] == "0"
    votes = ok(vera.get(f"{PROPOSALS}/{proposal_id}/votes", params={"total": True}))
    assert [(each["voter"], each["own"]) for each in votes["items"]] == [
        ("ann", "300"),
        ("bob", "400"),
    ]
    assert votes["total"] == 2
    listed = ok(vera.get(PROPOSALS, params={"status": "executed", "kind": "treasury"}))
    assert proposal_id in [each["proposal_id"] for each in listed["items"]]


def test_voters_earn_gov_for_their_power_once_in_a_round(people: dict[str, httpx.Client]):
    # Given votes that bob takes part in, one after the other, all with a quorum
    for _ in range(3):
        proposal_id = propose(people["ann"])
        for name in ("ann", "bob"):
            ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no"}))
        until_it_is(people["vera"], proposal_id, "defeated")
    # Then one of them is paid: 1 for each full 100 tokens of its power, in the round of a week
    ends = time.monotonic() + PATIENCE
    while (earned := wallet_of(people["vera"], "bob", "AIA_GOV")["balance"]) != "4":
        assert earned == "0" and time.monotonic() < ends
        time.sleep(0.02)
    terms = ok(people["vera"].get(f"{ECONOMIC}/parameters"))
    assert (terms["gov_per_vote"], terms["vote_reward_interval_seconds"]) == ("1", 7 * 86_400)


def test_somebody_has_so_many_proposals_open_and_no_more(
    secured: Any, people: dict[str, httpx.Client]
):
    tess = people["tess"]
    ok(tess.post(f"{ECONOMIC}/treasury/fund", json={"amount": "100", "agent_id": "pam"}))
    with secured.new_client(**bearer("pam", "agent")) as pam:
        made = [propose(pam, kind="later") for _ in range(5)]
        answer = pam.post(PROPOSALS, json={"title": "T", "kind": "later"})
        problem = refused(answer, 409, "too_many_proposals")
        assert (problem["open"], problem["most"]) == (made, 5)
        assert wallet_of(pam, "pam")["held"] == "50"
        # Who makes it for somebody else has no more room for it.
        for_pam = {"title": "T", "kind": "later", "proposer": "pam"}
        refused(tess.post(PROPOSALS, json=for_pam), 409, "too_many_proposals")

        ok(pam.post(f"{PROPOSALS}/{made[2]}/cancel"))
        made[2] = propose(pam, kind="later")

        for proposal_id in made:
            ok(pam.post(f"{PROPOSALS}/{proposal_id}/cancel"))


NEVER = {"name": "never", "commands": ["change_parameters"], **SHORT, "quorum_ppm": 1_000_000}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"proposal_kinds": []}, "governance_lockout", "proposal_kinds"),
        ({"proposal_kinds": KINDS[:3]}, "governance_lockout", "proposal_kinds"),
        ({"proposal_kinds": [NEVER]}, "governance_lockout", "proposal_kinds"),
        ({"open_proposals_per_proposer": 0}, "invalid_value", "open_proposals_per_proposer"),
        ({"vote_reward_interval_seconds": 0}, "invalid_value", "vote_reward_interval_seconds"),
        ({"min_delegation": "-1"}, "negative_amount", "min_delegation"),
    ],
)
def test_parameters_that_lock_governance_out_are_refused(
    people: dict[str, httpx.Client], changes: dict[str, Any], code: str, field: str
):
    before = ok(people["vera"].get(f"{ECONOMIC}/parameters"))
    problem = refused(people["tess"].put(f"{ECONOMIC}/parameters", json=changes), 422, code)
    assert [each["field"] for each in problem["errors"]] == [field]
    command = {"kind": "change_parameters", **changes}
    body = {"title": "T", "kind": "parameters", "commands": [command]}
    problem = refused(people["ann"].post(PROPOSALS, json=body), 422, code)
    assert [each["field"] for each in problem["errors"]] == [f"commands.0.{field}"]
    assert ok(people["vera"].get(f"{ECONOMIC}/parameters")) == before


def test_parameters_and_tiers_are_changed_by_vote(people: dict[str, httpx.Client]):
    ann = people["ann"]
    tiers = ok(ann.get(f"{ECONOMIC}/parameters"))["tiers"]
    tiers[0]["multiplier"] = "1.1"
    for kind, command in (
        ("parameters", {"kind": "change_parameters", "base_task_reward": "11"}),
        ("tiers", {"kind": "change_tiers", "tiers": tiers}),
    ):
        proposal_id = propose(ann, kind=kind, commands=[command])
        for name in ("ann", "bob"):
            ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
        until_it_is(ann, proposal_id, "executed")
    parameters = ok(ann.get(f"{ECONOMIC}/parameters"))
    assert (parameters["base_task_reward"], parameters["tiers"][0]["multiplier"]) == ("11", "1.1")
    answer = ann.post(
        PROPOSALS,
        json={
            "title": "T",
            "kind": "parameters",
            "commands": [{"kind": "change_parameters", "tiers": tiers}],
        },
    )
    refused(answer, 422, "command_not_allowed")


def test_an_agent_is_slashed_by_vote(secured: Any, people: dict[str, httpx.Client]):
    tess, ann = people["tess"], people["ann"]
    ok(tess.post(f"{ECONOMIC}/treasury/fund", json={"amount": "50", "agent_id": "mal"}))
    with secured.new_client(**bearer("mal", "agent")) as mal:
        ok(mal.post(f"{ECONOMIC}/agents/mal/stake", json={"amount": "50"}))
    command = {"kind": "slash", "agent_id": "mal", "evidence_id": "ev1", "fraction": 0.5}
    proposal_id = propose(ann, kind="slash", commands=[command])
    for name in ("ann", "bob"):
        ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
    until_it_is(ann, proposal_id, "executed")
    assert ok(ann.get(f"{ECONOMIC}/agents/mal/stake"))["bonded"] == "25"


def test_an_incentive_program_is_opened_and_called_off_by_vote(people: dict[str, httpx.Client]):
    ann = people["ann"]
    opened = {
        "kind": "open_incentive",
        "program_id": "summer",
        "title": "Summer",
        "budget": "100",
        "ends_at": "2100-01-01T00:00:00Z",
        "criterion": "count",
        "payout": "fixed",
        "amount": "1",
    }
    for command in (opened, {"kind": "cancel_incentive", "program_id": "summer"}):
        proposal_id = propose(ann, kind="incentive", commands=[command])
        for name in ("ann", "bob"):
            ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
        done = until_it_is(ann, proposal_id, "executed")
        if command is opened:
            assert done["commands"][0]["terms"]["budget"] == "100"
            assert ok(ann.get(f"{ECONOMIC}/incentives/summer"))["budget"] == "100"
    missing = {"kind": "cancel_incentive", "program_id": "winter"}
    answer = ann.post(PROPOSALS, json={"title": "T", "kind": "incentive", "commands": [missing]})
    refused(answer, 404, "incentive_not_found")


def test_bad_votes_have_their_codes_and_change_nothing(people: dict[str, httpx.Client]):
    ann, bob, dan = people["ann"], people["bob"], people["dan"]
    active, later = propose(ann), propose(ann, kind="later")
    locked = propose(
        ann, kind="locked", commands=[{"kind": "fund", "agent_id": "zoe", "amount": 1}]
    )
    for client in (ann, bob):
        ok(client.post(f"{PROPOSALS}/{locked}/votes", json={"choice": "yes"}))
    until_it_is(ann, locked, "queued")
    ok(ann.post(f"{PROPOSALS}/{active}/votes", json={"choice": "yes"}))

    def vote(client: httpx.Client, proposal_id: str, **body: Any) -> httpx.Response:
        return client.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no", **body})

    refused(vote(ann, active), 409, "already_voted")
    refused(vote(bob, later), 409, "voting_not_begun")
    refused(vote(people["eve"], locked), 409, "voting_ended")
    refused(vote(dan, active), 409, "no_voting_power")
    refused(vote(bob, "nowhere"), 404, "proposal_not_found")
    refused(vote(ann, active, voter="bob"), 403, "permission_denied")
    refused(vote(people["otto"], active, voter="bob"), 403, "permission_denied")
    refused(vote(people["vera"], active), 403, "permission_denied")
    refused(vote(bob, active, choice="maybe"), 422, "invalid_value")
    refused(ann.post(f"{PROPOSALS}/{locked}/execute"), 409, "timelock_not_over")
    refused(ann.post(f"{PROPOSALS}/{active}/execute"), 409, "proposal_not_queued")
    refused(ann.post(f"{PROPOSALS}/{active}/cancel"), 409, "proposal_not_pending")
    refused(bob.post(f"{PROPOSALS}/{later}/cancel"), 403, "permission_denied")
    refused(ann.post(f"{PROPOSALS}/{active}/veto", json={"reason": "no"}), 403, "permission_denied")
    tally = ok(ann.get(f"{PROPOSALS}/{active}/tally"))["tally"]
    assert (tally["yes"], tally["cast"], tally["voters"]) == ("300", "300", 1)
    assert ok(ann.post(f"{PROPOSALS}/{later}/cancel"))["status"] == "cancelled"
    stopped = people["tess"].post(f"{PROPOSALS}/{locked}/veto", json={"reason": "too much"})
    assert ok(stopped)["status"] == "vetoed"
    assert until_it_is(ann, locked, "vetoed")["deposit"] == "burned"
    cancelled = people["adam"].post(f"{PROPOSALS}/{active}/cancel", json={"reason": "test"})
    assert ok(cancelled)["status"] == "cancelled"
    assert until_it_is(ann, active, "cancelled")["deposit"] == "refunded"


def test_without_a_quorum_the_deposit_burns(people: dict[str, httpx.Client]):
    before = wallet_of(people["vera"], "eve")["balance"]
    proposal_id = propose(people["eve"], kind="brief")
    done = until_it_is(people["vera"], proposal_id, "defeated")
    assert (done["deposit"], done["tally"]["outcome"]) == ("burned", "no_quorum")
    assert float(wallet_of(people["vera"], "eve")["balance"]) == float(before) - 10


def test_delegated_votes_count_for_the_delegate_until_taken_back(people: dict[str, httpx.Client]):
    ann, bob, eve, vera = (people[name] for name in ("ann", "bob", "eve", "vera"))
    ok(eve.put(f"{DELEGATIONS}/eve", json={"to": "ann"}))
    refused(ann.put(f"{DELEGATIONS}/ann", json={"to": "ann"}), 422, "self_delegation")
    circle = refused(ann.put(f"{DELEGATIONS}/ann", json={"to": "eve"}), 409, "delegation_cycle")
    assert circle["path"] == ["ann", "eve", "ann"]
    refused(bob.put(f"{DELEGATIONS}/eve", json={"to": "bob"}), 403, "permission_denied")
    assert ok(vera.get(f"{DELEGATIONS}/eve"))["to"] == "ann"
    listed = ok(vera.get(DELEGATIONS, params={"to": "ann", "total": True}))
    assert [each["agent_id"] for each in listed["items"]] == ["eve"]
    assert listed["total"] == 1

    proposal_id = propose(bob)
    assert ok(eve.delete(f"{DELEGATIONS}/eve"))["to"] is None
    refused(eve.delete(f"{DELEGATIONS}/eve"), 404, "votes_not_delegated")
    refused(vera.get(f"{DELEGATIONS}/eve"), 404, "votes_not_delegated")
    vote = ok(ann.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no"}))
    assert (vote["own"], vote["delegated"]) == ("300", "300")
    ok(eve.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "abstain"}))
    tally = ok(vera.get(f"{PROPOSALS}/{proposal_id}/tally"))["tally"]
    assert (tally["no"], tally["abstain"]) == ("300", "300")
    ok(people["tess"].post(f"{PROPOSALS}/{proposal_id}/cancel", json={"reason": "enough"}))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": ""}, 422, "invalid_text"),
        ({"title": "T", "kind": "war"}, 422, "unknown_proposal_kind"),
        ({"title": "T", "kind": "treasury"}, 422, "missing_command"),
        ({"title": "T", "proposal_id": "a b"}, 422, "invalid_id"),
        ({"title": "T", "proposer": "bob"}, 403, "permission_denied"),
        ({"title": "T", "more": 1}, 422, "unknown_field"),
        (
            {"title": "T", "commands": [{"kind": "fund", "agent_id": "z", "amount": 1}]},
            422,
            "command_not_allowed",
        ),
        (
            {"title": "T", "kind": "treasury", "commands": [{"kind": "explode"}]},
            422,
            "invalid_type",
        ),
        *[
            (
                {
                    "title": "T",
                    "kind": "treasury",
                    "commands": [{"kind": "fund", "agent_id": "zoe", "amount": amount}],
                },
                422,
                code,
            )
            for amount, code in (
                (0, "zero_amount"),
                (-1, "negative_amount"),
                ("0.1234567890123456789", "invalid_amount"),
                ("1e40", "invalid_amount"),
                (10**40, "amount_too_large"),
            )
        ],
    ],
)
def test_bad_proposals(
    people: dict[str, httpx.Client], body: dict[str, Any], status: int, code: str
):
    held = wallet_of(people["vera"], "ann")["held"]
    refused(people["ann"].post(PROPOSALS, json=body), status, code)
    assert wallet_of(people["vera"], "ann")["held"] == held


def test_a_proposal_without_money_for_its_deposit_is_refused(people: dict[str, httpx.Client]):
    refused(people["dan"].post(PROPOSALS, json={"title": "T"}), 402, "insufficient_funds")


def test_the_same_proposal_again_changes_nothing_another_one_is_refused(
    people: dict[str, httpx.Client],
):
    body = {"title": "T", "proposal_id": "once", "kind": "later"}
    first = ok(people["ann"].post(PROPOSALS, json=body))
    again = ok(people["ann"].post(PROPOSALS, json=body))
    assert again == first
    other = people["ann"].post(PROPOSALS, json={**body, "title": "U"})
    refused(other, 409, "proposal_exists")
    ok(people["ann"].post(f"{PROPOSALS}/once/cancel"))
