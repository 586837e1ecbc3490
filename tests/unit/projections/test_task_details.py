"""What a task row holds as JSON goes on from memory and from the database alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskStarted,
    TaskSubmitted,
    Usage,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.task_board_fold import TASK_BOARD
from aia_mas.projections.task_details import INPUTS_KEPT, LINES_KEPT
from aia_mas.projections.task_rows import TaskRow

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ANY_JSON: dict[str, Any] = {"b": [1, 2**70, 1.5e300, None], "a": "ü"}
OF_JSON = ("progress", "inputs", "result", "usage", "cost", "rating", "error")
HELD: dict[str, Any] = {"agent_id": "a1", "attempt": 1}


def question(number: int) -> TaskInputRequested:
    return TaskInputRequested(**HELD, number=number, question="q?", schema=ANY_JSON, at=AT)


def answer(number: int) -> TaskInputGiven:
    return TaskInputGiven(**HELD, number=number, answer=ANY_JSON, by="o", at=AT)


LIFE: tuple[Event, ...] = (
    TaskSubmitted(spec=TaskSpecification(task_type="t"), submitted_at=AT, owner="o"),
    TaskAssigned(**HELD, lease="L", lease_seconds=1.0, assigned_at=AT, price=7),
    TaskStarted(**HELD, lease="L", started_at=AT),
    TaskProgressed(**HELD, percent=0.1, message="m", partial=ANY_JSON, log=("x", "y"), at=AT),
    TaskProgressed(**HELD, log=("z",), at=AT),
    question(1),
    TaskProgressed(**HELD, message="n", waiting=True, at=AT),
    answer(1),
    question(2),
    answer(2),
    TaskCompleted(**HELD, lease="L", result=ANY_JSON, usage=Usage(cost=9), completed_at=AT),
    TaskRated(**HELD, rating=0.1, comment="c", by="o", at=AT),
)


def fold(row: TaskRow | None, number: int, event: Event) -> TaskRow:
    recorded = RecordedEvent(
        position=number,
        stream="task/t1",
        version=number,
        topic=event.topic,
        event=event,
        recorded_at=AT,
        command_id="c",
        actor="o",
        correlation_id=None,
        causation_id=None,
    )
    result: TaskRow = next(TASK_BOARD.steps(recorded)).fold(row, recorded)
    return result


def from_the_database(row: TaskRow) -> TaskRow:
    """Return a row as its writer reads it back: JSON columns are the text that they were."""
    columns = {name: getattr(row, name) for name in OF_JSON}
    texts = {
        name: None if value is None else msgspec.Raw(msgspec.json.encode(value))
        for name, value in columns.items()
    }
    return msgspec.structs.replace(row, **texts)


def test_a_row_is_the_same_wherever_it_came_from() -> None:
    kept: TaskRow | None = None
    read: TaskRow | None = None
    for number, event in enumerate(LIFE, 1):
        kept = fold(kept, number, event)
        read = fold(None if read is None else from_the_database(read), number, event)
        assert msgspec.json.encode(kept) == msgspec.json.encode(read)
    assert kept is not None
    assert [asked.answered_by for asked in kept.inputs] == ["o", "o"]
    assert (kept.progress.percent, kept.progress.message) == (0.1, "n")
    assert (kept.progress.partial, kept.progress.log) == (ANY_JSON, ["x", "y", "z"])
    assert (kept.cost.estimated, kept.cost.actual, kept.cost.excess) == ("7", "9", "2")


def test_only_the_last_questions_and_lines_are_kept() -> None:
    row: TaskRow | None = None
    events = [*LIFE[:3]]
    for number in range(1, INPUTS_KEPT + 3):
        lines = (f"{number}.1", f"{number}.2", f"{number}.3")
        events += [question(number), answer(number), TaskProgressed(**HELD, log=lines, at=AT)]
    for number, event in enumerate(events, 1):
        row = fold(row, number, event)
    assert row is not None
    assert [asked.number for asked in row.inputs] == list(range(3, INPUTS_KEPT + 3))
    assert len(row.progress.log) == LINES_KEPT
    assert row.progress.log[-1] == f"{INPUTS_KEPT + 2}.3"
