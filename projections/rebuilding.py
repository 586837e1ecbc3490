"""Builds a projection anew beside the live one, then puts it in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

import anyio
import psycopg
import structlog
from psycopg.errors import LockNotAvailable

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.read_ahead import ReadAhead
from aia_mas.projections.batches import fold_batch
from aia_mas.projections.checkpoint_writer import CheckpointWriter, Connection, UnknownProjection
from aia_mas.projections.sessions import connect
from aia_mas.projections.table import Projection

log = structlog.stdlib.get_logger("aia.projections")

BUILD = "_rebuild"
"""What the names of tables and checkpoint end with while they are built."""

_NEARLY = 500
"""Events left to fold when the live projection is held for the rest."""
_SWAP_ATTEMPTS = 20


class RebuildRunning(EventLogError):
    """Somebody is rebuilding this projection already."""

    code = "rebuild_running"


async def rebuild(
    projection: Projection,
    log_: EventLog,
    conninfo: str,
    moved: Callable[[int], None] = lambda _: None,
) -> int:
    """Fold the log from position 0 into fresh tables and swap them in; reads go on meanwhile.

    Args:
        projection: Which one.
        log_: The log to fold.
        conninfo: Where two connections are opened.
        moved: Told how far it has come, every now and then.

    Returns:
        The position of the rebuilt projection.

    Raises:
        RebuildRunning: Another rebuild of it is under way.
        PoisonousEvent: An event cannot be folded; the live projection stays as it is.
        UnknownProjection: The database has no such projection.
    """
    purpose = f"rebuild {projection.key}"
    began = monotonic()
    async with (
        await connect(conninfo, purpose) as holder,
        await connect(conninfo, purpose) as connection,
    ):
        await _begin(projection, holder)
        try:
            writer = CheckpointWriter(projection, connection, build=BUILD)
            await writer.open()
            head = (await log_.head()).position
            while writer.position < head:
                await _fold_up_to(writer, log_, head, moved)
                head = (await log_.head()).position
                if head - writer.position < _NEARLY:
                    break
            await _swap(projection, writer, log_, holder)
        except BaseException:
            await _abandon(projection, holder)
            raise
    log.info(
        "projection_rebuilt",
        projection=projection.key,
        position=writer.position,
        seconds=round(monotonic() - began, 3),
    )
    return writer.position


async def _begin(projection: Projection, holder: Connection) -> None:
    # Of the session: gone with it, so that a crashed rebuild locks nobody out.
    cursor = await holder.execute(
        "select pg_try_advisory_lock(hashtextextended(%s, 0))", (f"rebuild/{projection.key}",)
    )
    row = await cursor.fetchone()
    if row is None or not row[0]:
        raise RebuildRunning(projection.key)
    cursor = await holder.execute(
        "select from projection_checkpoints where projection = %s", (projection.key,)
    )
    if not cursor.rowcount:
        raise UnknownProjection(projection.key)
    await holder.execute("select begin_rebuild(%s)", (projection.key,))


async def _fold_up_to(
    writer: CheckpointWriter, log_: EventLog, position: int, moved: Callable[[int], None]
) -> None:
    async with ReadAhead(log_, writer.position, position) as past:
        while events := await past.next():
            await fold_batch(writer, events, moved=moved, strict=True)


async def _swap(
    projection: Projection, writer: CheckpointWriter, log_: EventLog, holder: Connection
) -> None:
    """Fold the rest while the live projection stands still, and swap; try again when locked out."""
    for attempt in range(_SWAP_ATTEMPTS):
        try:
            async with holder.transaction():
                # Dropping the old tables waits for their readers and keeps new ones waiting, so it
                # must not take long; a backup may read for hours.
                await holder.execute("set local lock_timeout = '500ms'")
                cursor = await holder.execute("select hold_projection(%s)", (projection.key,))
                row = await cursor.fetchone()
                assert row is not None
                await _fold_up_to(writer, log_, row[0], _nobody_waits)
                await holder.execute("select finish_rebuild(%s)", (projection.key,))
        except LockNotAvailable:
            if attempt == _SWAP_ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.5)
        else:
            return


async def _abandon(projection: Projection, holder: Connection) -> None:
    """Clear away what was built; if that fails, the next rebuild does."""
    with anyio.CancelScope(shield=True), anyio.move_on_after(10):
        try:
            await holder.execute("select drop_projection(%s)", (projection.key + BUILD,))
        except psycopg.Error as error:
            log.warning("rebuild_left_behind", projection=projection.key, error=str(error))


def _nobody_waits(_position: int) -> None:
    """It is a moment, and nobody reads a rebuild before it is swapped in."""
