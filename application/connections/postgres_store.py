"""Connections in PostgreSQL: one row each, and one for each node, which counts while renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any, LiteralString

import msgspec
from psycopg_pool import AsyncConnectionPool

from aia_mas.application.connections.store import (
    AgentSocket,
    ConnectionFilter,
    ListedConnection,
    OpenConnection,
)

_LONGEST_HINT = 7_000
"""Bytes of a notification; PostgreSQL takes 8,000."""
_GONE = 5
"""Silences that are waited for before what a node wrote is removed: it may come back."""
_COLUMNS: LiteralString = (
    "connection_id, kind, client_id, agent_id, subject, opened_at, topics, queued_bytes"
)
_LIVE: LiteralString = """connections c join connection_nodes n using (node_id)
    where n.renewed_at > clock_timestamp() - make_interval(secs => %s)"""


class PostgresConnections:
    """Connections in UNLOGGED tables; losing them costs the list until it is written anew."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        *,
        node_id: str,
        node: str,
        silence: float,
        channel: str,
    ) -> None:
        """Use a migrated database.

        Args:
            pool: Connections to it.
            node_id: The unique name of this node's run.
            node: What people call the node.
            silence: Seconds after which a node that does not renew counts as gone.
            channel: Where those are woken whose agents have a newer socket.
        """
        self._pool = pool
        self._node_id = node_id
        self._node = node
        self._silence = silence
        self._channel = channel

    async def renew(self) -> bool:
        """Show that this node is there; see ``ConnectionStore.renew``."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "update connection_nodes set renewed_at = clock_timestamp() where node_id = %s",
                (self._node_id,),
            )
            if cursor.rowcount:
                return True
            await connection.execute(
                """insert into connection_nodes values (%s, %s, clock_timestamp())
                on conflict (node_id) do update set renewed_at = excluded.renewed_at""",
                (self._node_id, self._node),
            )
            return False

    async def write(self, connections: Sequence[OpenConnection]) -> None:
        """Write connections of this node."""
        # One text for all of them: the driver would take long lists apart value by value.
        rows = msgspec.json.encode(connections).decode()
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into connections
                select r.connection_id, %s, r.kind, r.client_id, r.agent_id, r.subject,
                    r.opened_at, r.topics, r.queued_bytes
                from json_to_recordset(%s::json) r(connection_id uuid, kind text, client_id text,
                    agent_id text, subject text, opened_at timestamptz, topics text[],
                    queued_bytes bigint)
                on conflict (connection_id) do update
                set topics = excluded.topics, queued_bytes = excluded.queued_bytes""",
                (self._node_id, rows),
            )

    async def claim(self, sockets: Sequence[AgentSocket], *, newly: bool) -> None:
        """Tell that these serve their agents from now on; see ``ConnectionStore.claim``."""
        # Sorted, so that two nodes never lock the same rows in opposite orders.
        agents, connections = zip(*sorted(sockets), strict=True)
        taken = (
            "update set connection_id = excluded.connection_id, node_id = excluded.node_id"
            if newly
            else "nothing"
        )
        named = ",".join(agents)
        hint = f"{self._node_id} {named if len(named) <= _LONGEST_HINT else ''}"
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                f"""insert into agent_sockets as s
                select a, c, %s from unnest(%s::text[], %s::uuid[]) u(a, c)
                on conflict (agent_id) do {taken}""",  # noqa: S608 - one of two words of ours
                (self._node_id, list(agents), list(connections)),
            )
            await connection.execute(
                "select pg_notify(%s, %s)",
                (self._channel, hint),
            )

    def told_by_another(self, hint: str) -> str | None:
        """Return which agents a hint of another node names (empty: many); None: it is our own."""
        node_id, _, agents = hint.rpartition(" ")
        return None if node_id == self._node_id else agents

    async def superseded(self) -> list[str]:
        """Return the agents' sockets of this node that have newer ones."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select c.connection_id::text from connections c join agent_sockets s
                    on s.agent_id = c.agent_id and s.connection_id <> c.connection_id
                where c.node_id = %s and c.kind = 'agent'""",
                (self._node_id,),
            )
            return [connection_id for (connection_id,) in await cursor.fetchall()]

    async def remove(self, connection_ids: Sequence[str]) -> None:
        """Remove connections of this node."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """with removed as (
                    delete from connections where connection_id = any(%s::uuid[])
                    returning agent_id, connection_id)
                delete from agent_sockets s using removed r
                where s.agent_id = r.agent_id and s.connection_id = r.connection_id""",
                (list(connection_ids),),
            )

    async def forget_gone(self) -> None:
        """Remove what nodes left behind that are not there any more."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """delete from connection_nodes
                where renewed_at < clock_timestamp() - make_interval(secs => %s)""",
                (_GONE * self._silence,),
            )
            for table in ("connections", "agent_sockets"):
                await connection.execute(
                    f"""delete from {table} t where not exists (
                        select from connection_nodes n where n.node_id = t.node_id)"""  # noqa: S608
                )

    async def leave(self) -> None:
        """Remove this node and all that it wrote."""
        async with self._pool.connection() as connection, connection.transaction():
            for table in ("connection_nodes", "connections", "agent_sockets"):
                await connection.execute(
                    f"delete from {table} where node_id = %s",  # noqa: S608
                    (self._node_id,),
                )

    async def page(
        self, where: ConnectionFilter, after: str | None, limit: int
    ) -> list[ListedConnection]:
        """Return connections of all nodes; see ``ConnectionStore.page``."""
        conditions, values = _conditions(where)
        if after is not None:
            conditions += " and c.connection_id > %s::uuid"
            values.append(after)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"""select {_COLUMNS}, n.node from {_LIVE}{conditions}
                order by c.connection_id limit %s""",  # noqa: S608
                [self._silence, *values, limit],
            )
            return [
                ListedConnection(
                    connection_id=str(connection_id),
                    kind=kind,
                    client_id=client_id,
                    agent_id=agent_id,
                    subject=subject,
                    opened_at=opened_at.astimezone(UTC),
                    topics=tuple(topics),
                    queued_bytes=queued_bytes,
                    node=node,
                )
                for (
                    connection_id, kind, client_id, agent_id, subject, opened_at, topics,
                    queued_bytes, node,
                ) in await cursor.fetchall()
            ]  # fmt: skip

    async def count(self, where: ConnectionFilter) -> int:
        """Return how many there are."""
        conditions, values = _conditions(where)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                f"select count(*) from {_LIVE}{conditions}",  # noqa: S608
                [self._silence, *values],
            )
            row = await cursor.fetchone()
        assert row is not None
        count: int = row[0]
        return count

    async def has(self, connection_id: str) -> bool:
        """Tell whether a connection is known."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select 1 from connections where connection_id = %s::uuid", (connection_id,)
            )
            return await cursor.fetchone() is not None


def _conditions(where: ConnectionFilter) -> tuple[str, list[Any]]:
    """Return what a filter adds behind ``where``, and its values."""
    given = {
        name: value
        for name in ConnectionFilter.__struct_fields__
        if (value := getattr(where, name)) is not None
    }
    table = {"node": "n"}
    conditions = "".join(f" and {table.get(name, 'c')}.{name} = %s" for name in given)
    return conditions, list(given.values())
