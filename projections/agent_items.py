"""Agents as a snapshot tells of them: as lists do, without metadata and signs of life."""

from __future__ import annotations

from typing import Any

from msgspec.structs import fields
from psycopg.rows import TupleRow

from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.agent_view import COLUMNS, SOURCE, Agent, ToldAgent, agent_of
from aia_mas.projections.listing import Conditions
from aia_mas.projections.snapshot_reading import SnapshotSource, Wanted, add_choice

_TOLD = tuple(field.name for field in fields(ToldAgent))
_PRESENCE = {"online": "a.online", "offline": "not a.online"}


def agent_items(tiers: Tiers) -> SnapshotSource:
    """Return all agents in the order of their ids (``tiers``: which stake makes which tier)."""

    def item(row: TupleRow) -> ToldAgent:
        return told_agent(agent_of(row, tiers))

    columns = COLUMNS.replace("a.metadata::text", "'{}'")
    return SnapshotSource(
        AGENT_DIRECTORY,
        f"select {columns} from {SOURCE}",  # noqa: S608
        "a.agent_id",
        _conditions,
        item,
    )


def told_agent(agent: Agent) -> ToldAgent:
    """Return what everybody is told of an agent who watches."""
    return ToldAgent(**{name: getattr(agent, name) for name in _TOLD})


def _conditions(wanted: Wanted) -> Conditions:
    conditions = Conditions()
    if (wanted.task_ids, wanted.task_types, wanted.proposal_ids) != (None, None, None):
        conditions.add("false")  # as with their events: no agent carries these
    add_choice(conditions, "a.agent_id", wanted.agent_ids)
    if wanted.statuses is None:
        conditions.add("a.status <> 'unregistered'")
    else:
        conditions.add(_standing(wanted.statuses), sorted(wanted.statuses))
    return conditions


def _standing(statuses: Any) -> str:
    either = [condition for word, condition in _PRESENCE.items() if word in statuses]
    return f"({' or '.join(['a.status = any(%s)', *either])})"
