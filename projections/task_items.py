"""Tasks as a snapshot tells of them: as lists do, without what only agent and client share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import fields
from psycopg.rows import TupleRow

from aia_mas.projections.economy.task_rewards import TASK_REWARDS
from aia_mas.projections.listing import Conditions
from aia_mas.projections.snapshot_reading import SnapshotSource, Wanted, add_choice
from aia_mas.projections.task_board_fold import TASK_BOARD
from aia_mas.projections.task_view import COLUMNS, Task, task_of
from aia_mas.projections.told_task import ToldInput, ToldProgress, ToldTask

_STATE, _SPECS = TASK_BOARD.table_names()
_REWARDS = TASK_REWARDS.table_names()[0]

_OF_TASK, _OF_PROGRESS, _OF_INPUT = (
    tuple(field.name for field in fields(struct)) for struct in (ToldTask, ToldProgress, ToldInput)
)
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
    if wanted.proposal_ids is not None:
        conditions.add("false")  # as with their events: no task carries these
    for column, choice in (
        ("t.task_id", wanted.task_ids),
        ("t.agent_id", wanted.agent_ids),
        ("s.task_type", wanted.task_types),
        ("t.status", wanted.statuses),
    ):
        add_choice(conditions, column, choice)
    return conditions


def told_task(task: Task) -> ToldTask:
    """Return what everybody is told of a task who watches."""
    values = _told(task, _OF_TASK)
    if task.progress is not None:
        values["progress"] = ToldProgress(**_told(task.progress, _OF_PROGRESS))
    values["inputs"] = tuple(ToldInput(**_told(asked, _OF_INPUT)) for asked in task.inputs)
    return ToldTask(**values)


def _item(row: TupleRow) -> ToldTask:
    return told_task(task_of(row))


def _told(of: Struct, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(of, name) for name in names}


TASK_ITEMS = SnapshotSource(
    TASK_BOARD,
    f"select {_columns()} from {_STATE} t join {_SPECS} s on s.task_id = t.task_id"  # noqa: S608
    f" left join {_REWARDS} r on r.task_id = t.task_id",
    "t.submitted_position desc",
    _conditions,
    _item,
)
"""All tasks, those submitted last first."""
