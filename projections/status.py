"""How far the read models have come, who leads them, and what they go on without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.projections.registry import ReadModel
from aia_mas.projections.table import Projection


class ReadModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One read model.

    Attributes:
        name: What people call it.
        version: The one that this program reads.
        kind: ``table``: in PostgreSQL, kept by one node. ``view``: in the memory of every node.
            ``process``: likewise, and what a process decides on.
        checkpoint: The last position in it; of a view that is not running here, in its snapshot.
        head: The last position of the log.
        lag: How far it is behind, in events.
        leader: The node that keeps a table up to date; None: nobody at the moment.
        parked: Streams that it goes on without; of a view, single events.
        stopped: Why it does not go on; None: it does.
    """

    name: str
    version: int
    kind: Literal["table", "view", "process"]
    checkpoint: int
    head: int
    lag: int
    leader: str | None = None
    parked: int = 0
    stopped: str | None = None


_HEAD = "select last_position from batches order by last_position desc limit 1"

_TABLES = """
select c.projection, c.position, l.holder, c.stopped,
       (select count(*) from projection_parked p where p.projection = c.projection)
from projection_checkpoints c
left join leases l
    on l.name = 'projection/' || c.projection and l.expires_at > clock_timestamp()"""

_VIEWS = """
select s.name, s.version, s.position,
       (select count(*) from fold_skips k where k.name = s.name and k.version = s.version)
from fold_snapshots s where s.store_id = (select store_id from store)"""


async def statuses(pool: Pool, models: Sequence[ReadModel]) -> list[ReadModelStatus]:
    """Return the status of read models, in their order."""
    async with pool.connection() as connection:
        # The head last: nothing is ahead of it then.
        tables = await (await connection.execute(_TABLES)).fetchall()
        views = await (await connection.execute(_VIEWS)).fetchall()
        row = await (await connection.execute(_HEAD)).fetchone()
    assert row is not None
    head: int = row[0]
    by_key = {key: rest for key, *rest in tables}
    by_view = {(name, version): rest for name, version, *rest in views}
    result = []
    for model in models:
        if isinstance(model, Projection):
            position, leader, stopped, parked = by_key.get(
                model.key, (0, None, "its migration is missing", 0)
            )
        else:
            position, parked = by_view.get((model.name, model.version), (0, 0))
            leader = stopped = None
        result.append(
            ReadModelStatus(
                name=model.name,
                version=model.version,
                kind="table" if isinstance(model, Projection) else model.kind,
                checkpoint=position,
                head=head,
                lag=head - position,
                leader=leader,
                parked=parked,
                stopped=stopped,
            )
        )
    return result


async def prune(pool: Pool, models: Iterable[ReadModel]) -> list[str]:
    """Remove the tables and snapshots of versions that are older than what this release reads.

    To be done once no node runs an older release any more. What a newer release built, and what
    this one does not know, is left alone.

    Returns:
        The names of what was removed.
    """
    versions = {model.name: model.version for model in models}
    removed: set[str] = set()
    async with pool.connection() as connection:
        cursor = await connection.execute("select projection from projection_checkpoints")
        for (key,) in await cursor.fetchall():
            if _is_older(key, versions):
                await connection.execute("select drop_projection(%s)", (key,))
                removed.add(key)
        for name, version in versions.items():
            for table in ("fold_snapshots", "fold_skips"):
                query = f"delete from {table} where name = %s and version < %s returning version"  # noqa: S608
                cursor = await connection.execute(query.encode(), (name, version))
                removed |= {f"{name}_v{older}" for (older,) in await cursor.fetchall()}
    return sorted(removed)


def _is_older(key: str, versions: Mapping[str, int]) -> bool:
    match = re.fullmatch(r"([a-z_]+)_v(\d+)(?:_rebuild)?", key)
    return match is not None and int(match[2]) < versions.get(match[1], 0)
