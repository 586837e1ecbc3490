"""The agent directory: what the API shows of agents, one by one and in lists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.listing import Conditions, Listing, Page, SortKey, check_texts, like


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as the directory shows it.

    Attributes:
        agent_id: Its id.
        status: active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        active_tasks: Tasks that it holds.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        labels: Key to value, for placement.
        resources: What it has, by name.
        data_sources: What it can read; none declared: everything.
        metadata: Any JSON of its client.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Its price, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        assigned: Attempts it was given, ever.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        revision: Grows with every change of the editable fields; the ETag.
        version: The version of its stream.
        registered_at: When it registered last, UTC.
        updated_at: When anything about it (but its tasks) changed last, UTC.
        last_seen: Its last heartbeat before it went offline last, UTC.
        suspension: Why it is suspended.
        position: The last event in all this.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    active_tasks: int
    max_concurrent_tasks: int
    specializations: tuple[str, ...]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: tuple[str, ...]
    metadata: dict[str, Any]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    assigned: int
    completed: int
    failed: int
    released: int
    revision: int
    version: int
    registered_at: datetime
    updated_at: datetime
    last_seen: datetime | None
    suspension: str | None
    position: int


class AgentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which agents are listed; empty fields do not restrict.

    Attributes:
        status: These statuses. Empty: all but unregistered.
        online: Present or not.
        owner: Belonging to this subject.
        skill: Having this skill, at ``min_level`` at least (0..1).
        min_level: See ``skill``.
        specialization: Declaring it.
        label: Having this label, with ``label_value`` if that is given.
        label_value: See ``label``.
        text: Holding this text in id, specializations or skill names; ASCII letters in any case.
    """

    status: tuple[str, ...] = ()
    online: bool | None = None
    owner: str | None = None
    skill: str | None = None
    min_level: float | None = None
    specialization: str | None = None
    label: str | None = None
    label_value: str | None = None
    text: str | None = None


class AgentDirectory:
    """Reads the directory; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def get(self, agent_id: str) -> Agent | None:
        """Return an agent, unregistered ones included."""
        row = await _LISTING.one(self._pool, agent_id)
        return None if row is None else _agent(row)

    async def list(
        self,
        filters: AgentFilter = AgentFilter(),  # noqa: B008 - immutable
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Agent]:
        """Return one page of agents.

        Args:
            filters: Which ones.
            sort: agent_id, registered_at, updated_at, cost_per_task, active_tasks or load (share of
                its places in use); ``-`` before it: the largest first.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following = await _LISTING.page(
            self._pool, _conditions(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([_agent(row) for row in rows], following)

    async def count(self, filters: AgentFilter = AgentFilter()) -> int:  # noqa: B008 - immutable
        """Return how many agents there are."""
        return await _LISTING.count(self._pool, _conditions(filters))


_DECLARED, _WORK = AGENT_DIRECTORY.table_names()

_LISTING = Listing(
    select="""a.agent_id, a.status, a.online, coalesce(w.active_tasks, 0), a.max_concurrent_tasks,
        a.specializations, a.skills::text, a.labels::text, a.resources::text, a.data_sources,
        a.metadata::text, a.endpoint, a.wallet_address, a.cost_per_task::text,
        a.initial_stake::text, a.owner, coalesce(w.assigned, 0), coalesce(w.completed, 0),
        coalesce(w.failed, 0), coalesce(w.released, 0), a.revision, a.version, a.registered_at,
        a.updated_at, a.last_seen, a.suspension, greatest(a.position, w.position)""",
    source=f"{_DECLARED} a left join {_WORK} w on w.agent_id = a.agent_id",
    key="a.agent_id",
    sorts={
        "agent_id": SortKey("a.agent_id", "text"),
        "registered_at": SortKey("a.registered_position", "bigint"),
        "updated_at": SortKey("a.position", "bigint"),
        "cost_per_task": SortKey("a.cost_per_task", "numeric"),
        "active_tasks": SortKey("coalesce(w.active_tasks, 0)", "integer"),
        "load": SortKey("coalesce(w.active_tasks, 0)::numeric / a.max_concurrent_tasks", "numeric"),
    },
)


def _conditions(filters: AgentFilter) -> Conditions:
    check_texts(filters)
    conditions = Conditions()
    if filters.status:
        conditions.add("a.status = any(%s)", list(filters.status))
    else:
        conditions.add("a.status <> 'unregistered'")
    if filters.online is not None:
        conditions.add("a.online = %s", filters.online)
    if filters.owner is not None:
        conditions.add("a.owner = %s", filters.owner)
    if filters.skill is not None:
        conditions.add(
            "(a.skills ->> %s)::double precision >= %s", filters.skill, filters.min_level or 0.0
        )
    if filters.specialization is not None:
        conditions.add("%s = any(a.specializations)", filters.specialization)
    if filters.label is not None:
        if filters.label_value is None:
            conditions.add("a.labels ? %s", filters.label)
        else:
            conditions.add("a.labels ->> %s = %s", filters.label, filters.label_value)
    if filters.text is not None:
        conditions.add(
            """concat_ws(' ', a.agent_id, array_to_string(a.specializations, ' '),
                (select string_agg(skill, ' ') from jsonb_object_keys(a.skills) skill)) ilike %s""",
            like(filters.text),
        )
    return conditions


_levels = msgspec.json.Decoder(dict[str, float]).decode
_texts = msgspec.json.Decoder(dict[str, str]).decode
_any = msgspec.json.Decoder(dict[str, Any]).decode


def _agent(row: TupleRow) -> Agent:
    return Agent(
        agent_id=row[0],
        status=row[1],
        online=row[2],
        tier=None,
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
        revision=row[20],
        version=row[21],
        registered_at=row[22],
        updated_at=row[23],
        last_seen=row[24],
        suspension=row[25],
        position=row[26],
    )
