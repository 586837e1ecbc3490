"""Incentive programs over HTTP: ordered by treasurers, followed by all, paid by the settlement."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from .problems import API, is_problem
from .purses import ECONOMIC, TREASURY, eventually, executed, mint, purse
from .test_task_lives import register, submit, work_for

TASKS = f"{API}/agents/tasks"
PROGRAMS = f"{ECONOMIC}/incentives"
Acting = Callable[..., httpx.Client]


class Team:
    """Two agents, a client that has work for them, and a treasurer with 1,000 tokens."""

    def __init__(self, acting: Acting, unique: str) -> None:
        self.unique = unique
        self.ann, self.bob = f"ann-{unique}", f"bob-{unique}"
        self.agents = {name: acting(name, "agent") for name in (self.ann, self.bob)}
        for name, agent in self.agents.items():
            register(agent, name, skills={name: 1.0}, max_concurrent_tasks=50)
        self.client = acting(f"client-{unique}", "client")
        self.treasurer = acting("tess", "treasurer")
        mint(self.treasurer, "1000")

    def terms(self, **said: Any) -> dict[str, Any]:
        ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        return {
            "program_id": f"p-{self.unique}",
            "title": "Two good ones",
            "budget": "100",
            "ends_at": ends_at,
            "eligibility": {"agents": [self.ann, self.bob]},
            "criterion": "count",
            "count": 2,
            "payout": "fixed",
            "amount": "25",
            **said,
        }

    def open(self, **said: Any) -> dict[str, Any]:
        order = executed(self.treasurer.post(f"{PROGRAMS}/", json=self.terms(**said)))
        return self.program(order["result"]["program_id"])

    def program(self, program_id: str | None = None) -> dict[str, Any]:
        answer = self.client.get(f"{PROGRAMS}/{program_id or f'p-{self.unique}'}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def done(self, name: str) -> str:
        """Have an agent complete a task of the client."""
        submit(self.client, name)
        work = work_for(self.agents[name], name)
        proof = {"agent_id": name, "lease": work["lease"]}
        task_id = str(work["task_id"])
        answer = self.agents[name].post(f"{TASKS}/{task_id}/complete", json=proof)
        assert answer.status_code == 200, answer.text
        return task_id

    def treasury(self) -> str:
        tokens = self.client.get(TREASURY).json()["tokens"]
        return str(next(each for each in tokens if each["token"] == "AIA")["balances"]["treasury"])

    def purses(self) -> tuple[str, str]:
        return purse(self.client, self.ann)[0], purse(self.client, self.bob)[0]


@pytest.fixture
def team(acting: Acting, unique: str) -> Team:
    return Team(acting, unique)


def test_a_program_from_its_order_to_its_end(team: Team) -> None:
    before = team.treasury()
    opened = team.open()
    assert (opened["status"], opened["budget"], opened["paid"]) == ("running", "100", "0")
    assert float(team.treasury()) == float(before) - 100

    for name in (team.ann, team.ann, team.bob, team.ann):
        team.done(name)
    eventually(team.purses, ("25", "0"))
    progress = {each["agent_id"]: each for each in team.program()["progress"]}
    assert progress[team.ann] == {
        "agent_id": team.ann,
        "counted": 3,
        "towards": 1,
        "awards": 1,
        "paid": 1,
    }
    assert (progress[team.bob]["counted"], progress[team.bob]["awards"]) == (1, 0)
    team.done(team.bob)
    eventually(team.purses, ("25", "25"))

    path = f"{PROGRAMS}/p-{team.unique}/cancel"
    executed(team.treasurer.post(path, json={"reason": "enough"}))
    eventually(lambda: team.program()["status"], "closed")
    closed = team.program()
    assert (closed["outcome"], closed["paid"], closed["returned"]) == ("cancelled", "50", "50")
    assert (closed["reason"], closed["cancelled_by"]) == ("enough", "tess")
    assert [(each["agent_id"], each["amount"]) for each in closed["payouts"]] == [
        (team.bob, "25"),
        (team.ann, "25"),
    ]
    assert float(team.treasury()) == float(before) - 50
    again = team.treasurer.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "incentive_closed")


def test_a_budget_pays_as_long_as_it_lasts_and_then_the_program_is_over(team: Team) -> None:
    team.open(count=1, budget="60")

    for _ in range(3):
        team.done(team.ann)

    eventually(lambda: team.program()["status"], "closed")
    closed = team.program()
    assert (closed["outcome"], closed["paid"], closed["returned"]) == ("exhausted", "50", "10")
    assert team.purses() == ("50", "0")


def test_ratings_earn_awards(team: Team) -> None:
    team.open(criterion="quality", count=1, min_rating=0.8)
    task_id = team.done(team.ann)
    assert team.purses() == ("0", "0")

    rated = team.client.post(f"{TASKS}/{task_id}/rate", json={"rating": 0.9})
    assert rated.status_code == 200

    eventually(team.purses, ("25", "0"))


def test_work_of_ones_own_and_work_of_others_types_count_for_nothing(team: Team) -> None:
    team.open(count=1, eligibility={"agents": [team.ann], "task_types": ["work"]})
    submit(team.agents[team.ann], team.ann)
    work = work_for(team.agents[team.ann], team.ann)
    proof = {"agent_id": team.ann, "lease": work["lease"]}
    team.agents[team.ann].post(f"{TASKS}/{work['task_id']}/complete", json=proof)
    team.done(team.bob)

    team.done(team.ann)

    eventually(team.purses, ("25", "0"))
    assert [each["counted"] for each in team.program()["progress"]] == [1]


def test_programs_are_listed(team: Team) -> None:
    team.open(program_id=f"{team.unique}-1")
    later = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    team.open(program_id=f"{team.unique}-2", starts_at=later, criterion="streak")

    def ids(**params: Any) -> list[str]:
        shown = team.client.get(f"{PROGRAMS}/", params={"limit": 500, **params}).json()["items"]
        return [each["program_id"] for each in shown if team.unique in each["program_id"]]

    assert ids() == [f"{team.unique}-2", f"{team.unique}-1"]
    assert ids(status="scheduled") == [f"{team.unique}-2"]
    assert ids(status=["scheduled", "running"], sort="opened_at") == [
        f"{team.unique}-1",
        f"{team.unique}-2",
    ]
    assert ids(criterion="streak") == [f"{team.unique}-2"]
    assert ids(status="closed") == []
    assert ids(token="AIA_GOV") == []
    page = team.client.get(f"{PROGRAMS}/", params={"limit": 1, "total": True}).json()
    assert page["total"] >= 2 and page["next_cursor"]


def test_who_may(team: Team, acting: Acting) -> None:
    for stranger in (team.client, team.agents[team.ann], acting("ops", "operator")):
        for answer in (
            stranger.post(f"{PROGRAMS}/", json=team.terms()),
            stranger.post(f"{PROGRAMS}/p-{team.unique}/cancel"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"budget": "0"}, 422, "invalid_incentive"),
        ({"budget": "1e40"}, 422, "invalid_amount"),
        ({"budget": "0.0000000000000000001"}, 422, "invalid_amount"),
        ({"amount": None}, 422, "invalid_incentive"),
        ({"amount": "100.1"}, 422, "invalid_incentive"),
        ({"criterion": "quality"}, 422, "invalid_incentive"),
        ({"criterion": "luck"}, 422, "invalid_value"),
        ({"count": 0}, 422, "invalid_incentive"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "invalid_incentive"),
        ({"ends_at": "2020-01-01T00:00:00"}, 422, "invalid_type"),
        ({"program_id": "incentives"}, 422, "reserved_id"),
        ({"token": "aia"}, 422, "unknown_token"),
        ({"token": "NEVER_HEARD_OF"}, 422, "unknown_token"),
        ({"budget": "999999999", "amount": "1"}, 402, "insufficient_funds"),
        ({"eligibility": {"agents": ["a b"]}}, 422, "invalid_id"),
    ],
)
def test_bad_programs_have_their_codes(
    team: Team, changes: dict[str, Any], status: int, code: str
) -> None:
    before = team.treasury()

    answer = team.treasurer.post(f"{PROGRAMS}/", json=team.terms(**changes))

    assert (answer.status_code, is_problem(answer)["code"]) == (status, code), answer.text
    assert team.treasury() == before
    shown = team.client.get(f"{PROGRAMS}/p-{team.unique}")
    assert (shown.status_code, shown.json()["code"]) == (404, "incentive_not_found")


def test_an_id_is_taken_once(team: Team) -> None:
    team.open()

    again = team.treasurer.post(f"{PROGRAMS}/", json=team.terms(title="Another one"))

    assert (again.status_code, again.json()["code"]) == (409, "incentive_exists")
    missing = team.treasurer.post(f"{PROGRAMS}/never-{team.unique}/cancel")
    assert (missing.status_code, missing.json()["code"]) == (404, "incentive_not_found")
