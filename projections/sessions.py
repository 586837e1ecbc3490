"""Connections of their own for whoever writes a projection, or reads all of one."""

from __future__ import annotations

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads

from aia_mas.application.event_log.connections import Connection, Pool

_PATIENCE = 5  # seconds

# Plans are made while the tables are small, and must stay the index plans when they have grown.
_SESSION = """
set timezone = 'UTC';
set plan_cache_mode = force_generic_plan;
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
set jit = off;
set idle_in_transaction_session_timeout = '30s'
"""


async def connect(
    conninfo: str, purpose: str, pool: Pool | None = None
) -> psycopg.AsyncConnection[TupleRow]:
    """Open a connection to the tables of projections.

    Args:
        conninfo: libpq URL or keywords.
        purpose: What ``pg_stat_activity`` shows.
        pool: Cut with it, though it is none of its connections.
    """
    connection = await Connection.connect(conninfo, autocommit=True, connect_timeout=_PATIENCE)
    if pool is not None:
        pool.watch(connection)
    try:
        await connection.execute(_SESSION)
        await connection.execute(
            "select set_config('application_name', %s, false)", (f"mas {purpose}"[:63],)
        )
    except BaseException:
        await connection.close()
        raise
    # JSON columns go back as they came: the same text, not decoded in between.
    set_json_loads(msgspec.Raw, connection)
    return connection
