"""The agent directory: what the API shows of agents, one by one and in lists."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.orchestration.errors import InvalidLabelComparator
from aia_mas.domain.orchestration.labels import NUMBER, ORDERING, Comparator, label_number
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.agent_view import COLUMNS, LARGE, SOURCE, SUCCESS_RATE, Agent, agent_of
from aia_mas.projections.listing import Conditions, Found, Listing, Page, SortKey, check_texts, like

__all__ = ["Agent", "AgentDirectory", "AgentFilter"]


class AgentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which agents are listed; empty fields do not restrict.

    Attributes:
        status: These statuses. Empty: all but unregistered.
        online: Present or not.
        owner: Belonging to this subject.
        skill: Having this skill, at ``min_level`` at least (0..1).
        min_level: See ``skill``.
        specialization: Declaring it.
        label: Having this label, or when ``label_value`` is given, meeting the comparison with it.
        label_op: How the label's value stands to ``label_value``; see ``labels.meets``.
        label_value: One value; with ``in``, one of these.
        tier: Having one of these staking tiers, each of which there is.
        text: Holding this text in id, owner, specializations, skill names, or ``name`` of the
            metadata; ASCII letters in any case.
    """

    status: tuple[str, ...] = ()
    online: bool | None = None
    owner: str | None = None
    skill: str | None = None
    min_level: float | None = None
    specialization: str | None = None
    label: str | None = None
    label_op: Comparator = Comparator.EQUAL
    label_value: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    text: str | None = None


class AgentDirectory:
    """Reads the directory; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool, tiers: Tiers = DEFAULT_TIERS) -> None:
        """Read through a pool (``tiers``: which stake makes which tier)."""
        self._pool = pool
        self._tiers = tiers

    async def get(self, agent_id: str) -> Agent | None:
        """Return an agent, unregistered ones included."""
        return (await self.find(agent_id)).item

    async def find(self, agent_id: str) -> Found[Agent]:
        """Return the same, and the position at which it stood so."""
        row, position = await _LISTING.one(self._pool, agent_id)
        return Found(None if row is None else agent_of(row, self._tiers), position)

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
            sort: agent_id, registered_at, updated_at, cost_per_task, active_tasks, load (share of
                its places in use), completed or success_rate (who never ended an attempt comes
                below all others); ``-`` before it: the largest first.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _LISTING.page(
            self._pool, _conditions(filters, self._tiers), sort=sort, cursor=cursor, limit=limit
        )
        return Page([agent_of(row, self._tiers) for row in rows], following, position)

    async def ids(self, filters: AgentFilter, limit: int) -> Sequence[str]:
        """Return the ids of agents, in their order, at most ``limit``."""
        conditions = _conditions(filters, self._tiers)
        return await _LISTING.keys(self._pool, conditions, sort="agent_id", limit=limit)

    async def count(self, filters: AgentFilter = AgentFilter()) -> int:  # noqa: B008 - immutable
        """Return how many agents there are."""
        return await _LISTING.count(self._pool, _conditions(filters, self._tiers))


_LISTING = Listing(
    AGENT_DIRECTORY,
    select=COLUMNS,
    source=SOURCE,
    key="a.agent_id",
    sorts={
        "agent_id": SortKey("a.agent_id", "text"),
        "registered_at": SortKey("a.registered_position", "bigint"),
        "updated_at": SortKey("a.position", "bigint"),
        "cost_per_task": SortKey("a.cost_per_task", "numeric"),
        "active_tasks": SortKey("coalesce(w.active_tasks, 0)", "integer"),
        "load": SortKey("coalesce(w.active_tasks, 0)::numeric / a.max_concurrent_tasks", "numeric"),
        "completed": SortKey("coalesce(w.completed, 0)", "bigint"),
        "success_rate": SortKey(f"coalesce({SUCCESS_RATE}, -1)", "numeric"),
    },
    large=LARGE,
)


def _conditions(filters: AgentFilter, tiers: Tiers) -> Conditions:
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
        conditions.add("a.specializations @> array[%s::text]", filters.specialization)
    if filters.label is not None:
        _add_label(conditions, filters.label, filters.label_op, filters.label_value)
    if filters.tier:
        ranges = [_range(*tiers.stakes_of(tier)) for tier in filters.tier]
        conditions.add(f"({' or '.join(ranges)})")
    if filters.text is not None:
        conditions.add(
            """concat_ws(' ', a.agent_id, a.owner, array_to_string(a.specializations, ' '),
                a.metadata ->> 'name', (select string_agg(skill, ' ')
                from jsonb_object_keys(a.skills) skill)) ilike %s""",
            like(filters.text),
        )
    return conditions


def _range(stake: int, next_stake: int | None) -> str:
    below = "" if next_stake is None else f" and coalesce(s.effective, 0) < {next_stake}"
    return f"coalesce(s.effective, 0) >= {stake}{below}"


def check_operands(op: Comparator, values: tuple[str, ...], field: str = "label_value") -> None:
    """Refuse values that a comparison of labels cannot be made with.

    Raises:
        InvalidLabelComparator: Too many of them, or one that says no number.
    """
    if op is not Comparator.IN and len(values) > 1:
        raise InvalidLabelComparator(f"{op} takes one value", field=field)
    if op in ORDERING and any(label_number(value) is None for value in values):
        raise InvalidLabelComparator(f"{op} takes a number", field=field)


def _add_label(conditions: Conditions, label: str, op: Comparator, values: tuple[str, ...]) -> None:
    check_operands(op, values)
    if not values:
        conditions.add("a.labels ? %s", label)
    elif op is Comparator.IN:
        conditions.add("a.labels ->> %s = any(%s)", label, list(values))
    elif op is Comparator.EQUAL:
        conditions.add("a.labels @> jsonb_build_object(%s::text, %s::text)", label, values[0])
    elif op is Comparator.NOT_EQUAL:
        conditions.add("a.labels ->> %s is distinct from %s", label, values[0])
    else:
        # Only what says a number is read as one, whatever else the planner would like to do first.
        conditions.add(
            f"""case when a.labels ->> %s ~ '^{NUMBER}$'
                then (a.labels ->> %s)::double precision {op} %s else false end""",
            label,
            label,
            label_number(values[0]),
        )
