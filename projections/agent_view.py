"""An agent as the agent directory shows it, and how it is read from the rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY


class ToldAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as everybody is told of it who watches.

    Attributes:
        agent_id: Its id.
        status: active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        stake: What makes its tier: its stake that counts, tokens.
        active_tasks: Tasks that it holds.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        labels: Key to value, for placement.
        resources: What it has, by name.
        data_sources: What it can read; none declared: everything.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Its price, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        assigned: Attempts it was given, ever.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        success_rate: Those completed among those that it completed, gave up or lost, 0..1.
        revision: Grows with every change of the editable fields; the ETag.
        version: The version of its stream.
        registered_at: When it registered last, UTC.
        updated_at: When anything about it (but its tasks) changed last, UTC.
        suspension: Why it is suspended.
        endpoint_disabled: Why nothing is sent to its endpoint, and it gets no work: `failing` or
            `gone`; null: that is not so.
        position: The last event in all this.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    stake: str
    active_tasks: int
    max_concurrent_tasks: int
    specializations: tuple[str, ...]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: tuple[str, ...]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    success_rate: float | None
    revision: int
    version: int
    registered_at: datetime
    updated_at: datetime
    suspension: str | None
    endpoint_disabled: str | None
    position: int


class Agent(ToldAgent, frozen=True, kw_only=True):
    """An agent as the directory shows it.

    Attributes:
        metadata: Any JSON of its client.
        last_seen: Its last sign of life that is known, UTC.
    """

    metadata: dict[str, Any]
    last_seen: datetime | None


_DECLARED, _WORK, _STAKE = AGENT_DIRECTORY.table_names()
SOURCE = f"""{_DECLARED} a left join {_WORK} w on w.agent_id = a.agent_id
    left join {_STAKE} s on s.agent_id = a.agent_id"""
"""The tables of the directory: as agents declared themselves, their work, and their stakes."""
SUCCESS_RATE = "round(w.completed::numeric / nullif(w.completed + w.failed + w.lost, 0), 6)"
COLUMNS = f"""a.agent_id, a.status, a.online, coalesce(w.active_tasks, 0), a.max_concurrent_tasks,
    a.specializations, a.skills::text, a.labels::text, a.resources::text, a.data_sources,
    a.metadata::text, a.endpoint, a.wallet_address, a.cost_per_task::text,
    a.initial_stake::text, a.owner, coalesce(w.assigned, 0), coalesce(w.completed, 0),
    coalesce(w.failed, 0), coalesce(w.released, 0), a.revision, a.version, a.registered_at,
    a.updated_at, a.last_seen, a.suspension, greatest(a.position, w.position, s.position),
    {SUCCESS_RATE}, coalesce(w.lost, 0), a.endpoint_disabled, coalesce(s.effective, 0)::text"""
"""The columns of ``SOURCE`` that make an agent."""
LARGE = (
    "a.specializations", "a.skills", "a.labels", "a.resources", "a.data_sources", "a.metadata",
    "a.endpoint", "a.suspension",
)  # fmt: skip
"""Those of them that may be of any length."""

_levels = msgspec.json.Decoder(dict[str, float]).decode
_texts = msgspec.json.Decoder(dict[str, str]).decode
_any = msgspec.json.Decoder(dict[str, Any]).decode


def agent_of(row: TupleRow, tiers: Tiers) -> Agent:
    """Return the agent of a row of ``COLUMNS`` (``tiers``: which stake makes which tier)."""
    return Agent(
        agent_id=row[0],
        status=row[1],
        online=row[2],
        tier=tiers.of(int(row[30])),
        stake=to_text(int(row[30])),
        active_tasks=row[3],
        max_concurrent_tasks=row[4],
        specializations=tuple(row[5]),
        skills=_levels(row[6]),
        labels=_texts(row[7]),
        resources=_levels(row[8]),
        data_sources=tuple(row[9]),
        metadata=_any(row[10]),
        endpoint=row[11],
        wallet_address=row[12],
        cost_per_task=to_text(int(row[13])),
        initial_stake=to_text(int(row[14])),
        owner=row[15],
        assigned=row[16],
        completed=row[17],
        failed=row[18],
        released=row[19],
        lost=row[28],
        success_rate=None if row[27] is None else float(row[27]),
        revision=row[20],
        version=row[21],
        registered_at=row[22],
        updated_at=row[23],
        last_seen=row[24],
        suspension=row[25],
        endpoint_disabled=row[29],
        position=row[26],
    )
