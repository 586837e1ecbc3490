"""Tasks as a snapshot tells of them: as lists do, without what only agent and client share."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict
from psycopg.rows import TupleRow

from aia_mas.projections.listing import Conditions
from aia_mas.projections.snapshot_reading import SnapshotSource, Wanted, add_choice
from aia_mas.projections.task_board_fold import TASK_BOARD
from aia_mas.projections.task_view import COLUMNS, task_of

_STATE, _SPECS = TASK_BOARD.table_names()

# What is never told is not read either: it may be large.
_LEFT_OUT = {
    "s.payload::text": "null",
    "t.result::text": "null",
    "t.lease,": "null,",
    "t.progress::text": """case when t.progress is not null then json_build_object(
        'percent', t.progress -> 'percent', 'message', t.progress -> 'message',
        'at', t.progress -> 'at', 'partial', null, 'log', '[]'::json)::text end""",
    "t.inputs::text": """(select json_agg(json_build_object(
        'number', i -> 'number', 'attempt', i -> 'attempt', 'question', i -> 'question',
        'asked_at', i -> 'asked_at', 'answered_by', i -> 'answered_by',
        'answered_at', i -> 'answered_at', 'answer', null, 'schema', null, 'choices', '[]'::json
        ))::text from json_array_elements(t.inputs) i)""",
}


def _columns() -> str:
    columns = COLUMNS
    for column, instead in _LEFT_OUT.items():
        assert columns.count(column) == 1, column
        columns = columns.replace(column, instead)
    return columns


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    for column, choice in (
        ("t.task_id", wanted.task_ids),
        ("t.agent_id", wanted.agent_ids),
        ("s.task_type", wanted.task_types),
        ("t.status", wanted.statuses),
    ):
        add_choice(conditions, column, choice)
    return conditions


def _item(row: TupleRow) -> dict[str, Any]:
    task = task_of(row)
    item = asdict(task)
    for name in ("payload", "result", "lease"):
        del item[name]
    if task.progress is not None:
        told = asdict(task.progress)
        del told["partial"], told["log"]
        item["progress"] = told
    item["inputs"] = [
        {
            "number": asked.number,
            "attempt": asked.attempt,
            "question": asked.question,
            "asked_at": asked.asked_at,
            "answered_by": asked.answered_by,
            "answered_at": asked.answered_at,
        }
        for asked in task.inputs
    ]
    return item


TASK_ITEMS = SnapshotSource(
    TASK_BOARD,
    f"select {_columns()} from {_STATE} t join {_SPECS} s on s.task_id = t.task_id",  # noqa: S608
    "t.submitted_position desc",
    _conditions,
    _item,
)
"""All tasks, those submitted last first."""
