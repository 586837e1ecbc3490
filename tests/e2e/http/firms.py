"""What tests of payers share: a client with money, an agent that works for it, and its budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from .problems import API, is_problem
from .purses import ECONOMIC, fund, purse
from .test_task_lives import register, submit, work_for

TASKS = f"{API}/agents/tasks"
BUDGETS = f"{ECONOMIC}/budgets"
Acting = Callable[..., httpx.Client]


class Firm:
    """A client with 100 tokens, an agent that works for it, and a treasurer."""

    def __init__(self, acting: Acting, unique: str) -> None:
        self.name, self.worker = f"firm-{unique}", unique
        self.client = acting(self.name, "client")
        self.treasurer = acting("tess", "treasurer")
        self.agent = acting(unique, "agent")
        register(self.agent, unique, skills={unique: 1.0}, cost_per_task=5, max_concurrent_tasks=50)
        fund(self.treasurer, self.name, "100")

    def budget(self, **said: Any) -> dict[str, Any]:
        body = {"scope": "client", "match": self.name, "amount": "50", "period": "month", **said}
        answer = self.treasurer.post(f"{BUDGETS}/", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        assert answer.headers["location"].endswith(f"/economic/budgets/{made['budget_id']}")
        assert answer.headers["etag"] == '"rev-1"'
        return made

    def submit(self, max_cost: str = "20", **fields: Any) -> dict[str, Any]:
        return submit(self.client, self.worker, payer=self.name, max_cost=max_cost, **fields)

    def body(self, max_cost: str, **fields: Any) -> dict[str, Any]:
        skills = {"requirements": {"skills": [self.worker]}}
        return {
            "task_type": "work",
            "payer": self.name,
            "max_cost": max_cost,
            **skills,
            **fields,
        }

    def refused(self, max_cost: str, **fields: Any) -> dict[str, Any]:
        answer = self.client.post(f"{TASKS}/submit", json=self.body(max_cost, **fields))
        problem = is_problem(answer)
        problem["http"] = answer.status_code
        return problem

    def deliver(self, cost: str | None = None) -> None:
        work = work_for(self.agent, self.worker)
        proof = {"agent_id": self.worker, "lease": work["lease"]}
        usage = {} if cost is None else {"usage": {"cost": cost}}
        path = f"{TASKS}/{work['task_id']}/complete"
        answer = self.agent.post(path, json={**proof, **usage})
        assert answer.status_code == 200, answer.text

    def current(self, budget_id: str) -> tuple[str, str, str]:
        now = self.client.get(f"{BUDGETS}/{budget_id}").json()["current"]
        return now["held"], now["spent"], now["left"]

    def purse(self) -> tuple[str, str]:
        return purse(self.client, self.name)
