"""Governance over real HTTP: proposals from the beginning to the end, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from .conftest import KEY, bearer
from .problems import API, is_problem

ECONOMIC = f"{API}/economic"
PROPOSALS = f"{ECONOMIC}/governance/proposals"
DELEGATIONS = f"{ECONOMIC}/governance/delegations"
PATIENCE = 30.0

Acting = Callable[..., httpx.Client]

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


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> Any:
    """A node with keys, whose proposals do not take long, and three agents with stakes."""
    node = start_for_module(jwt_secret=KEY)
    with node.new_client(**bearer("tess", "treasurer")) as treasurer:
        _ok(treasurer.post(f"{ECONOMIC}/treasury/mint", json={"amount": "100000"}))
        gov = {"amount": "1000", "token": "AIA_GOV"}
        _ok(treasurer.post(f"{ECONOMIC}/treasury/mint", json=gov))
        _ok(treasurer.post(f"{ECONOMIC}/treasury/fund", json={**gov, "account": "reward_pool"}))
        _ok(treasurer.put(f"{ECONOMIC}/parameters", json={"proposal_kinds": KINDS}))
        for name, stake in (("ann", 300), ("bob", 400), ("eve", 300)):
            grant = {"amount": str(stake + 100), "agent_id": name}
            _ok(treasurer.post(f"{ECONOMIC}/treasury/fund", json=grant))
            with node.new_client(**bearer(name, "agent")) as agent:
                _ok(agent.post(f"{ECONOMIC}/agents/{name}/stake", json={"amount": str(stake)}))
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


def _ok(answer: httpx.Response) -> Any:
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()


def _refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return problem


def _propose(client: httpx.Client, **changes: Any) -> str:
    answer = client.post(PROPOSALS, json={"title": "T", **changes})
    proposal = _ok(answer)
    assert answer.headers["location"] == f"{PROPOSALS}/{proposal['proposal_id']}"
    return str(proposal["proposal_id"])


def _until(client: httpx.Client, proposal_id: str, status: str) -> dict[str, Any]:
    ends = time.monotonic() + PATIENCE
    while True:
        proposal: dict[str, Any] = _ok(client.get(f"{PROPOSALS}/{proposal_id}"))
        settled = proposal["deposit"] != "held" or status in {"active", "pending", "queued"}
        if proposal["status"] == status and settled:
            return proposal
        assert time.monotonic() < ends, proposal
        time.sleep(0.02)


def _wallet(client: httpx.Client, owner: str, token: str = "AIA") -> dict[str, Any]:
    account: dict[str, Any] = _ok(client.get(f"{ECONOMIC}/accounts/wallet:{token}:{owner}"))
    return account


def test_a_payment_is_proposed_voted_on_and_made(people: dict[str, httpx.Client]):
    ann, bob, vera = people["ann"], people["bob"], people["vera"]
    proposal_id = _propose(
        ann,
        kind="treasury",
        commands=[{"kind": "fund", "agent_id": "zoe", "amount": "12.5"}],
    )
    assert _wallet(vera, "ann")["held"] == "10"
    shown = _ok(vera.get(f"{PROPOSALS}/{proposal_id}", params={"voter": "bob"}))
    assert shown["status"] == "active"
    assert shown["proposer"] == "ann"
    assert shown["commands"][0]["amount"] == "12.5"
    assert shown["voting_power"] == {"voter": "bob", "own": "400", "delegated": "0"}
    assert shown["tally"]["total"] == "1000"

    voted = ann.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes", "reason": "so"})
    assert voted.status_code == 200
    tally = _ok(vera.get(f"{PROPOSALS}/{proposal_id}/tally"))
    assert (tally["tally"]["yes"], tally["quorum"], tally["tally"]["final"]) == (
        "300",
        "334",
        False,
    )
    _ok(bob.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))

    done = _until(vera, proposal_id, "executed")
    assert (done["deposit"], done["decided_early"]) == ("refunded", True)
    assert done["tally"]["final"] is True
    assert done["tally"]["yes"] == "700"
    assert done["orders"] == [f"proposal:{proposal_id}:0"]
    assert _ok(vera.get(f"{ECONOMIC}/orders/{done['orders'][0]}"))["status"] == "executed"
    assert _wallet(vera, "zoe")["balance"] == "12.5"
    assert _wallet(vera, "ann")["held"] == "0"
    votes = _ok(vera.get(f"{PROPOSALS}/{proposal_id}/votes", params={"total": True}))
    assert [(each["voter"], each["own"]) for each in votes["items"]] == [
        ("ann", "300"),
        ("bob", "400"),
    ]
    assert votes["total"] == 2
    listed = _ok(vera.get(PROPOSALS, params={"status": "executed", "kind": "treasury"}))
    assert proposal_id in [each["proposal_id"] for each in listed["items"]]


def test_voters_earn_gov_for_their_power_once_in_a_round(people: dict[str, httpx.Client]):
    # Given votes that bob takes part in, one after the other, all with a quorum
    for _ in range(3):
        proposal_id = _propose(people["ann"])
        for name in ("ann", "bob"):
            _ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no"}))
        _until(people["vera"], proposal_id, "defeated")
    # Then one of them is paid: 1 for each full 100 tokens of its power, in the round of a week
    ends = time.monotonic() + PATIENCE
    while (earned := _wallet(people["vera"], "bob", "AIA_GOV")["balance"]) != "4":
        assert earned == "0" and time.monotonic() < ends
        time.sleep(0.02)
    terms = _ok(people["vera"].get(f"{ECONOMIC}/parameters"))
    assert (terms["gov_per_vote"], terms["vote_reward_interval_seconds"]) == ("1", 7 * 86_400)


def test_somebody_has_so_many_proposals_open_and_no_more(
    secured: Any, people: dict[str, httpx.Client]
):
    tess = people["tess"]
    _ok(tess.post(f"{ECONOMIC}/treasury/fund", json={"amount": "100", "agent_id": "pam"}))
    with secured.new_client(**bearer("pam", "agent")) as pam:
        made = [_propose(pam, kind="later") for _ in range(5)]
        answer = pam.post(PROPOSALS, json={"title": "T", "kind": "later"})
        problem = _refused(answer, 409, "too_many_proposals")
        assert (problem["open"], problem["most"]) == (made, 5)
        assert _wallet(pam, "pam")["held"] == "50"
        # Who makes it for somebody else has no more room for it.
        for_pam = {"title": "T", "kind": "later", "proposer": "pam"}
        _refused(tess.post(PROPOSALS, json=for_pam), 409, "too_many_proposals")

        _ok(pam.post(f"{PROPOSALS}/{made[2]}/cancel"))
        made[2] = _propose(pam, kind="later")

        for proposal_id in made:
            _ok(pam.post(f"{PROPOSALS}/{proposal_id}/cancel"))


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
    before = _ok(people["vera"].get(f"{ECONOMIC}/parameters"))
    problem = _refused(people["tess"].put(f"{ECONOMIC}/parameters", json=changes), 422, code)
    assert [each["field"] for each in problem["errors"]] == [field]
    command = {"kind": "change_parameters", **changes}
    body = {"title": "T", "kind": "parameters", "commands": [command]}
    problem = _refused(people["ann"].post(PROPOSALS, json=body), 422, code)
    assert [each["field"] for each in problem["errors"]] == [f"commands.0.{field}"]
    assert _ok(people["vera"].get(f"{ECONOMIC}/parameters")) == before


def test_parameters_and_tiers_are_changed_by_vote(people: dict[str, httpx.Client]):
    ann = people["ann"]
    tiers = _ok(ann.get(f"{ECONOMIC}/parameters"))["tiers"]
    tiers[0]["multiplier"] = "1.1"
    for kind, command in (
        ("parameters", {"kind": "change_parameters", "base_task_reward": "11"}),
        ("tiers", {"kind": "change_tiers", "tiers": tiers}),
    ):
        proposal_id = _propose(ann, kind=kind, commands=[command])
        for name in ("ann", "bob"):
            _ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
        _until(ann, proposal_id, "executed")
    parameters = _ok(ann.get(f"{ECONOMIC}/parameters"))
    assert (parameters["base_task_reward"], parameters["tiers"][0]["multiplier"]) == ("11", "1.1")
    refused = ann.post(
        PROPOSALS,
        json={
            "title": "T",
            "kind": "parameters",
            "commands": [{"kind": "change_parameters", "tiers": tiers}],
        },
    )
    _refused(refused, 422, "command_not_allowed")


def test_an_agent_is_slashed_by_vote(secured: Any, people: dict[str, httpx.Client]):
    tess, ann = people["tess"], people["ann"]
    _ok(tess.post(f"{ECONOMIC}/treasury/fund", json={"amount": "50", "agent_id": "mal"}))
    with secured.new_client(**bearer("mal", "agent")) as mal:
        _ok(mal.post(f"{ECONOMIC}/agents/mal/stake", json={"amount": "50"}))
    command = {"kind": "slash", "agent_id": "mal", "evidence_id": "ev1", "fraction": 0.5}
    proposal_id = _propose(ann, kind="slash", commands=[command])
    for name in ("ann", "bob"):
        _ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
    _until(ann, proposal_id, "executed")
    assert _ok(ann.get(f"{ECONOMIC}/agents/mal/stake"))["bonded"] == "25"


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
        proposal_id = _propose(ann, kind="incentive", commands=[command])
        for name in ("ann", "bob"):
            _ok(people[name].post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "yes"}))
        done = _until(ann, proposal_id, "executed")
        if command is opened:
            assert done["commands"][0]["terms"]["budget"] == "100"
            assert _ok(ann.get(f"{ECONOMIC}/incentives/summer"))["budget"] == "100"
    missing = {"kind": "cancel_incentive", "program_id": "winter"}
    answer = ann.post(PROPOSALS, json={"title": "T", "kind": "incentive", "commands": [missing]})
    _refused(answer, 404, "incentive_not_found")


def test_bad_votes_have_their_codes_and_change_nothing(people: dict[str, httpx.Client]):
    ann, bob, dan = people["ann"], people["bob"], people["dan"]
    active, later = _propose(ann), _propose(ann, kind="later")
    locked = _propose(
        ann, kind="locked", commands=[{"kind": "fund", "agent_id": "zoe", "amount": 1}]
    )
    for client in (ann, bob):
        _ok(client.post(f"{PROPOSALS}/{locked}/votes", json={"choice": "yes"}))
    _until(ann, locked, "queued")
    _ok(ann.post(f"{PROPOSALS}/{active}/votes", json={"choice": "yes"}))

    def vote(client: httpx.Client, proposal_id: str, **body: Any) -> httpx.Response:
        return client.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no", **body})

    _refused(vote(ann, active), 409, "already_voted")
    _refused(vote(bob, later), 409, "voting_not_begun")
    _refused(vote(people["eve"], locked), 409, "voting_ended")
    _refused(vote(dan, active), 409, "no_voting_power")
    _refused(vote(bob, "nowhere"), 404, "proposal_not_found")
    _refused(vote(ann, active, voter="bob"), 403, "permission_denied")
    _refused(vote(people["otto"], active, voter="bob"), 403, "permission_denied")
    _refused(vote(people["vera"], active), 403, "permission_denied")
    _refused(vote(bob, active, choice="maybe"), 422, "invalid_value")
    _refused(ann.post(f"{PROPOSALS}/{locked}/execute"), 409, "timelock_not_over")
    _refused(ann.post(f"{PROPOSALS}/{active}/execute"), 409, "proposal_not_queued")
    _refused(ann.post(f"{PROPOSALS}/{active}/cancel"), 409, "proposal_not_pending")
    _refused(bob.post(f"{PROPOSALS}/{later}/cancel"), 403, "permission_denied")
    _refused(
        ann.post(f"{PROPOSALS}/{active}/veto", json={"reason": "no"}), 403, "permission_denied"
    )
    tally = _ok(ann.get(f"{PROPOSALS}/{active}/tally"))["tally"]
    assert (tally["yes"], tally["cast"], tally["voters"]) == ("300", "300", 1)
    assert _ok(ann.post(f"{PROPOSALS}/{later}/cancel"))["status"] == "cancelled"
    stopped = people["tess"].post(f"{PROPOSALS}/{locked}/veto", json={"reason": "too much"})
    assert _ok(stopped)["status"] == "vetoed"
    assert _until(ann, locked, "vetoed")["deposit"] == "burned"
    cancelled = people["adam"].post(f"{PROPOSALS}/{active}/cancel", json={"reason": "test"})
    assert _ok(cancelled)["status"] == "cancelled"
    assert _until(ann, active, "cancelled")["deposit"] == "refunded"


def test_without_a_quorum_the_deposit_burns(people: dict[str, httpx.Client]):
    before = _wallet(people["vera"], "eve")["balance"]
    proposal_id = _propose(people["eve"], kind="brief")
    done = _until(people["vera"], proposal_id, "defeated")
    assert (done["deposit"], done["tally"]["outcome"]) == ("burned", "no_quorum")
    assert float(_wallet(people["vera"], "eve")["balance"]) == float(before) - 10


def test_delegated_votes_count_for_the_delegate_until_taken_back(people: dict[str, httpx.Client]):
    ann, bob, eve, vera = (people[name] for name in ("ann", "bob", "eve", "vera"))
    _ok(eve.put(f"{DELEGATIONS}/eve", json={"to": "ann"}))
    _refused(ann.put(f"{DELEGATIONS}/ann", json={"to": "ann"}), 422, "self_delegation")
    circle = _refused(ann.put(f"{DELEGATIONS}/ann", json={"to": "eve"}), 409, "delegation_cycle")
    assert circle["path"] == ["ann", "eve", "ann"]
    _refused(bob.put(f"{DELEGATIONS}/eve", json={"to": "bob"}), 403, "permission_denied")
    assert _ok(vera.get(f"{DELEGATIONS}/eve"))["to"] == "ann"
    listed = _ok(vera.get(DELEGATIONS, params={"to": "ann", "total": True}))
    assert [each["agent_id"] for each in listed["items"]] == ["eve"]
    assert listed["total"] == 1

    proposal_id = _propose(bob)
    assert _ok(eve.delete(f"{DELEGATIONS}/eve"))["to"] is None
    _refused(eve.delete(f"{DELEGATIONS}/eve"), 404, "votes_not_delegated")
    _refused(vera.get(f"{DELEGATIONS}/eve"), 404, "votes_not_delegated")
    vote = _ok(ann.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "no"}))
    assert (vote["own"], vote["delegated"]) == ("300", "300")
    _ok(eve.post(f"{PROPOSALS}/{proposal_id}/votes", json={"choice": "abstain"}))
    tally = _ok(vera.get(f"{PROPOSALS}/{proposal_id}/tally"))["tally"]
    assert (tally["no"], tally["abstain"]) == ("300", "300")
    _ok(people["tess"].post(f"{PROPOSALS}/{proposal_id}/cancel", json={"reason": "enough"}))


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
    held = _wallet(people["vera"], "ann")["held"]
    _refused(people["ann"].post(PROPOSALS, json=body), status, code)
    assert _wallet(people["vera"], "ann")["held"] == held


def test_a_proposal_without_money_for_its_deposit_is_refused(people: dict[str, httpx.Client]):
    _refused(people["dan"].post(PROPOSALS, json={"title": "T"}), 402, "insufficient_funds")


def test_the_same_proposal_again_changes_nothing_another_one_is_refused(
    people: dict[str, httpx.Client],
):
    body = {"title": "T", "proposal_id": "once", "kind": "later"}
    first = _ok(people["ann"].post(PROPOSALS, json=body))
    again = _ok(people["ann"].post(PROPOSALS, json=body))
    assert again == first
    other = people["ann"].post(PROPOSALS, json={**body, "title": "U"})
    _refused(other, 409, "proposal_exists")
    _ok(people["ann"].post(f"{PROPOSALS}/once/cancel"))
