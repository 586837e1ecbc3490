"""Of two submissions with the same key one is carried out, as long as its task is unfinished."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.kernel import Context, Decision
from aia_mas.domain.orchestration import task
from aia_mas.domain.orchestration.deduplication import (
    DedupKey,
    DedupKeyTaken,
    dedup_stream,
    submit_once,
)
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_events import TaskSubmitted

from .conftest import CALLER, NOW
from .task_stories import FINISHED, PLAIN, RUNNING, SUBMITTED

STREAM = dedup_stream("alice", "k")
SPEC = replace(PLAIN, dedup_key="k")


def state_of(*events: Any) -> Any:
    state = None
    for event in events:
        state = task.evolve(state, event)
    return state


def submit(
    key: DedupKey | None = None, holder: Any = None, *, named: str | None = None, **fields: Any
) -> Decision:
    command = SubmitTask(**{"task_id": "t2", "spec": SPEC, "owner": "alice", **fields})
    named = named or (None if key is None else key.task_id)
    ctx = Context(now=NOW, head=1, principal=CALLER)
    return submit_once(None, None, key, holder, replace(command, key_holder=named), ctx)


def is_taken(decision: Decision) -> None:
    submitted = TaskSubmitted(spec=SPEC, submitted_at=NOW, owner="alice")
    taken = DedupKeyTaken(task_id="t2")
    assert decision.refusal is None
    assert decision.events == (("task/t2", submitted), (STREAM, taken))
    assert decision.result == "queued"


def is_answered_with_the_first(decision: Decision) -> None:
    assert (decision.events, decision.refusal, decision.result) == ((), None, "deduplicated")
    assert decision.instead is not None
    stream, command = decision.instead
    assert stream == "task/t1"
    assert isinstance(command, SubmitTask)
    assert (command.task_id, command.deduplicated) == ("t1", True)


def test_the_first_submission_takes_the_key() -> None:
    is_taken(submit())


@pytest.mark.parametrize("events", [(SUBMITTED,), RUNNING])
def test_while_its_task_is_unfinished_another_is_answered_with_it(events: Any) -> None:
    is_answered_with_the_first(submit(DedupKey(task_id="t1"), state_of(*events)))


@pytest.mark.parametrize("ending", list(FINISHED))
def test_the_end_of_the_task_frees_the_key(ending: str) -> None:
    is_taken(submit(DedupKey(task_id="t1"), state_of(*FINISHED[ending])))


def test_a_holder_that_nobody_could_look_up_is_one_of_just_now() -> None:
    is_answered_with_the_first(submit(DedupKey(task_id="t1"), named="t0"))


def test_without_a_key_nothing_is_compared() -> None:
    decision = submit(spec=PLAIN)
    assert [stream for stream, _ in decision.events] == ["task/t2"]


def test_bad_submissions_are_refused_as_ever() -> None:
    refusal = submit(DedupKey(task_id="t1"), state_of(SUBMITTED), spec=replace(SPEC, tags=("",)))
    assert refusal.refusal is not None
    assert refusal.refusal.code == "invalid_text"
    ownerless = submit(owner="")
    assert ownerless.refusal is not None
    assert ownerless.refusal.code == "invalid_value"


def test_keys_of_different_owners_are_different() -> None:
    assert dedup_stream("ab", "c") != dedup_stream("a", "bc")
    assert dedup_stream("a", "k") != dedup_stream("b", "k")
