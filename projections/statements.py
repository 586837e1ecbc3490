"""The statements of a projection: one reads rows, one moves the checkpoint and writes rows."""

from __future__ import annotations

from typing import Any, Final

from psycopg import sql

from aia_mas.projections.table import Projection, Table

# The checkpoint moves by compare-and-set, and only under the lease (a rebuild has none). The
# generation is compared as well: a rebuild that swapped its tables in may stand where we do.
_MOVED = """
with moved as (
    update projection_checkpoints
    set position = %(next)s, stopped = null, moved_at = clock_timestamp()
    where projection = %(projection)s and position = %(position)s
      and generation = %(generation)s
      and (%(lease)s::text is null or exists (
        select from leases l where l.name = %(lease)s::text and l.epoch = %(epoch)s::bigint))
    returning 1
)"""

# Everything happens in one statement, so that a frozen leader never leaves a transaction open. Rows
# are written only if the checkpoint moved; a racing runner waits at the checkpoint's row and then
# finds the position changed.
_MOVE_AND_WRITE = """{moved}, skips as (
    update projection_parked p set skipped = p.skipped + s.events::bigint
    from json_each_text(%(skips)s::json) s(stream, events)
    where p.projection = %(projection)s and p.stream = s.stream and exists (select from moved)
){writes}
select count(*) from moved"""

_WRITE = """, {alias} as (
    insert into {table} ({columns})
    select {columns} from json_populate_recordset(null::{table}, {rows}::json)
    where exists (select from moved)
    on conflict ({key}) do update set {changes}
)"""

_READ = "select {columns} from {table} where {key} = any(%(keys)s::text[])"

PARK: Final = (
    f"""{_MOVED}, parked as (
    insert into projection_parked (projection, stream, position, topic, reason)
    select %(projection)s, %(stream)s, %(next)s, %(topic)s, %(reason)s
    where exists (select from moved)
)
select count(*) from moved"""  # noqa: S608
).encode()
"""Moves past one event and parks its stream."""


def rows_name(number: int) -> str:
    """Return the parameter that carries the rows of a projection's table."""
    return f"rows_{number}"


def move_statement(projection: Projection, build: str) -> bytes:
    """Return the statement that moves the checkpoint and writes the rows of all tables.

    Rendered, because psycopg would render what is composed at every execution.
    """
    names = projection.table_names(build)
    writes = [
        sql.SQL(_WRITE).format(
            alias=sql.Identifier(f"table_{number}"),
            table=sql.Identifier(name),
            columns=_columns(table),
            rows=sql.Placeholder(rows_name(number)),
            key=sql.Identifier(table.key),
            changes=sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
                for column in table.columns
            ),
        )
        for number, (table, name) in enumerate(zip(projection.tables, names, strict=True))
    ]
    composed = sql.SQL(_MOVE_AND_WRITE).format(moved=sql.SQL(_MOVED), writes=sql.Composed(writes))
    return composed.as_bytes()


def read_statement(table: Table[Any], name: str) -> bytes:
    """Return the statement that reads rows by their keys, rendered likewise."""
    composed = sql.SQL(_READ).format(
        columns=_columns(table), table=sql.Identifier(name), key=sql.Identifier(table.key)
    )
    return composed.as_bytes()


def _columns(table: Table[Any]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in table.columns)
