"""What is told live of budgets: every event of theirs, with figures in tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.budgets import events
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.interfaces.realtime.budget_facts import BUDGETS
from aia_mas.interfaces.realtime.frames import payloads

AT = datetime(2026, 3, 4, tzinfo=UTC)
TERMS = BudgetTerms(scope=Scope.TAG, match="x", amount=9 * ONE, period=Period.DAY, warn_ppm=1)
USE: dict[str, Any] = {
    "task_id": "t1",
    "transfer_id": "task:t1",
    "period": "2026-03-04",
    "amount": 2 * ONE,
    "held": 3 * ONE,
    "spent": ONE // 2,
    "at": AT,
}
USED = {"period": "2026-03-04", "task_id": "t1", "held": "3", "spent": "0.5", "used": "3.5"}
SAID = {"scope": "tag", "match": "x", "amount": "9", "hard_stop": True}
OVER: dict[str, Any] = {"terms": TERMS, "period": "2026-03-04", "used": 8 * ONE, "at": AT}
TOLD = {**SAID, "period": "2026-03-04", "used": "8"}


@pytest.mark.parametrize(
    ("event", "name", "told"),
    [
        (
            events.BudgetSet(terms=TERMS, revision=1, by="b", at=AT),
            "budget.set",
            {"status": "active", **SAID},
        ),
        (events.BudgetRemoved(by="b", at=AT), "budget.removed", {"status": "removed"}),
        (events.BudgetHeld(**USE), "budget.held", USED),
        (events.BudgetSpent(**USE, cost=ONE), "budget.spent", {**USED, "cost": "1"}),
        (events.BudgetReleased(**USE), "budget.released", USED),
        (events.BudgetWarned(**OVER), "budget.warned", {"status": "warned", **TOLD}),
        (events.BudgetExceeded(**OVER), "budget.exceeded", {"status": "exceeded", **TOLD}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_an_event_tells(event: Event, name: str, told: dict[str, Any]) -> None:
    recorded = RecordedEvent(
        7, "budget/b1", 2, event.topic, event, AT, "c", "alice", None, None, 100
    )

    fact = BUDGETS.fact(recorded)

    assert fact is not None
    (payload,) = payloads(fact.frame)
    frame = msgspec.json.decode(payload)
    assert (frame["type"], frame["position"]) == ("budget_update", 7)
    data = {key: value for key, value in frame["data"].items() if key not in {"at", "version"}}
    assert data == {"event": name, "actor": "alice", "budget_id": "b1", **told}
    assert (fact.keys.task_id, fact.keys.status) == (told.get("task_id"), told.get("status"))


def test_every_event_of_a_budget_is_told() -> None:
    listed = {events.BudgetListed.topic, events.BudgetUnlisted.topic}

    assert {f"{name}.v1" for name in BUDGETS.events} | listed == {e.topic for e in events.EVENTS}
