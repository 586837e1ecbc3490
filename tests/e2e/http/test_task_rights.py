"""Whose tasks one may answer for, rate and move, on a node that has keys."""

from collections.abc import Callable

import httpx
import pytest

from .test_task_lives import register, submit, work_for

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"
DENIED = (403, "permission_denied")


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


class Life:
    """A task of alice's, run by an agent, and everybody who may want something of it."""

    def __init__(self, acting: Callable[..., httpx.Client], unique: str) -> None:
        self.agent = acting(unique, "agent")
        self.alice, self.bob = acting("alice", "client"), acting("bob", "client")
        self.operator, self.other = acting("ops", "operator"), acting("another", "agent")
        register(self.agent, unique, skills={unique: 1.0})
        task = submit(self.alice, unique)
        work = work_for(self.agent, unique)
        self.path = f"{TASKS}/{task['task_id']}"
        self.proof = {"agent_id": unique, "lease": work["lease"]}

    def ask(self, question: str) -> None:
        answer = self.agent.post(f"{self.path}/ask", json={**self.proof, "question": question})
        assert answer.status_code == 200, answer.text


@pytest.fixture
def life(acting: Callable[..., httpx.Client], unique: str) -> Life:
    return Life(acting, unique)


def test_who_may_answer(life: Life) -> None:
    answer = {"answer": 1}
    asking = life.bob.post(f"{life.path}/ask", json={**life.proof, "question": "?"})
    assert code(asking) == DENIED
    life.ask("by whom?")
    assert code(life.bob.post(f"{life.path}/input", json=answer)) == DENIED
    assert code(life.agent.post(f"{life.path}/input", json=answer)) == DENIED
    for one in (life.alice, life.operator, life.other):
        # The first time this question is open already.
        life.ask("by whom?")
        assert one.post(f"{life.path}/input", json=answer).status_code == 200
    shown = life.alice.get(life.path).json()["inputs"]
    assert [each["answered_by"] for each in shown] == ["alice", "ops", "another"]


def test_who_may_rate(life: Life) -> None:
    rating = {"rating": 1}
    assert life.agent.post(f"{life.path}/complete", json=life.proof).status_code == 200
    assert code(life.bob.post(f"{life.path}/rate", json=rating)) == DENIED
    assert code(life.agent.post(f"{life.path}/rate", json=rating)) == DENIED
    assert life.alice.post(f"{life.path}/rate", json=rating).status_code == 200
    assert code(life.operator.post(f"{life.path}/rate", json=rating)) == (409, "already_rated")
    assert life.alice.get(life.path).json()["rating"]["by"] == "alice"


def test_who_may_move(life: Life) -> None:
    low = {"priority": "low"}
    for denied in (life.bob, life.agent):
        assert code(denied.post(f"{life.path}/reprioritise", json=low)) == DENIED
        assert code(denied.post(f"{life.path}/reassign")) == DENIED
    assert life.alice.post(f"{life.path}/reprioritise", json=low).status_code == 200
    assert life.operator.post(f"{life.path}/reassign").status_code == 200


def test_a_client_orders_about_its_own_tasks_only(life: Life, unique: str) -> None:
    submit(life.bob, unique, task_type=unique)
    mine = submit(life.alice, unique, task_type=unique)["task_id"]
    everything = {"filter": {"task_type": unique}}

    told = life.alice.post(f"{TASKS}/bulk/cancel", json=everything).json()
    assert (told["matched"], told["changed"], told["examples"]) == (1, 1, [{"id": mine}])
    his = {"filter": {"task_type": unique, "owner": "bob"}}
    assert life.alice.post(f"{TASKS}/bulk/cancel", json=his).json()["matched"] == 0
    theirs = life.bob.post(f"{TASKS}/bulk/retry", json={"ids": [mine]}).json()
    assert (theirs["changed"], theirs["refused"]) == (0, {"permission_denied": 1})
    assert life.operator.post(f"{TASKS}/bulk/cancel", json=his).json()["changed"] == 1
    assert code(life.agent.post(f"{TASKS}/bulk/cancel", json=everything)) == DENIED
    assert code(life.alice.post(f"{API}/agents/bulk/drain", json={"filter": {}})) == DENIED


def test_a_dedup_key_is_its_owner_s(life: Life, unique: str) -> None:
    keyed = {"dedup_key": unique}
    hers, his = (submit(one, unique, **keyed)["task_id"] for one in (life.alice, life.bob))
    assert hers != his


def test_only_known_and_active_agents_claim(
    life: Life, acting: Callable[..., httpx.Client], unique: str
) -> None:
    stranger = acting(f"{unique}-x", "agent")
    assert code(stranger.post(f"{API}/agents/{unique}-x/claim")) == (404, "agent_not_found")
    assert code(stranger.post(f"{API}/agents/{unique}/claim")) == DENIED
    life.operator.post(f"{API}/agents/{unique}/suspend")
    assert code(life.agent.post(f"{API}/agents/{unique}/claim")) == (409, "agent_suspended")
    life.operator.post(f"{API}/agents/{unique}/activate")
    assert life.agent.post(f"{API}/agents/{unique}/claim").status_code == 200
